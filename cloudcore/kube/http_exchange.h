// One HTTP request on its way, as the control loop sees it: collects or forwards the answer,
// enforces the limit and the deadline, and answers exactly once. Knows nothing of cpprest.
#pragma once

#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "cloudcore/kube/http_client.h"

namespace skerry::kube {

/// Bytes that the library lent to us; destroying it gives them back, and only then more are read.
class LentBytes {
 public:
  virtual ~LentBytes() = default;
  virtual std::string_view view() const = 0;
};

/// Owner: the client's table of running requests, until the library has ended its side. Thread: the
/// executor's loop.
class HttpExchange : public std::enable_shared_from_this<HttpExchange> {
 public:
  /// `abort` makes the library give up; called at most once.
  HttpExchange(async::Executor executor, std::size_t answer_bytes_max, std::function<void()> abort);

  void answer_to(HttpClient::Done done) { done_ = std::move(done); }
  void stream_to(StreamSink& sink) { sink_ = &sink; }
  void expire_at(TimePoint deadline);

  // From the library, in this order but for bytes, which may overtake the head.
  void on_head(int status, std::chrono::milliseconds retry_after);
  void on_bytes(std::shared_ptr<LentBytes> bytes);
  void on_end(std::optional<Error> error);

  void give_up(Error error);  // answers the error and aborts
  void abandon();             // the stream's owner has gone: no answer

 private:
  bool streams() const { return sink_ && answer_.status == 200; }
  void consume(std::string_view bytes);
  void finish(Result<HttpResponse> result);
  void abort();

  async::Executor work_;  // the loop does not end before the library's side has
  boost::asio::steady_timer timer_;
  std::size_t answer_bytes_max_;
  std::function<void()> abort_;
  HttpClient::Done done_;
  StreamSink* sink_ = nullptr;
  HttpResponse answer_;
  bool headed_ = false;
  bool finished_ = false;
  std::shared_ptr<LentBytes> early_;  // came before the head; the library lends one piece at a time
};

}  // namespace skerry::kube

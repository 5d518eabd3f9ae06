// TLS straight on a non-blocking socket, as a stream that Beast can use.
// asio::ssl::stream keeps two 17 KB buffers and a BIO pair for every connection; this keeps none
// (30 against 90 KB an idle connection: reference feasibility, item 2).
#pragma once

#include <array>
#include <optional>

#include "common/async/task.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "common/base/result.h"
#include "common/base/units.h"
#include "common/tls/context.h"

namespace skerry::net {

/// Owner: the lane's state. Thread: the socket's loop. One read and one write at a time. Must not
/// move while an operation runs.
class TlsStream {
 public:
  using next_layer_type = boost::asio::ip::tcp::socket;
  using executor_type = next_layer_type::executor_type;
  using error_code = boost::system::error_code;

  TlsStream(next_layer_type socket, tls::Session session);

  executor_type get_executor() { return socket_.get_executor(); }
  next_layer_type& next_layer() { return socket_; }
  const next_layer_type& next_layer() const { return socket_; }

  const tls::Session& session() const { return session_; }
  /// When the socket last gave a byte, also one inside a TLS record.
  TimePoint last_received() const { return last_received_; }
  /// What TLS said when it failed; an error_code cannot tell.
  const std::optional<Error>& failure() const { return failure_; }

  template <class Token>
  auto async_handshake(Token&& token) {
    return run([](TlsStream& stream) { return stream.step_handshake(); }, token);
  }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return run([buffers](TlsStream& stream) { return stream.step_read(first_of(buffers)); }, token);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return run([buffers](TlsStream& stream) { return stream.step_write(joined(buffers)); }, token);
  }

 private:
  enum class Next { kDone, kWaitRead, kWaitWrite };
  struct Step {
    Next next = Next::kDone;
    error_code error;
    std::size_t bytes = 0;
  };

  // Calls `step` whenever the socket may go on; ends through the loop, never inside the first call.
  template <class StepFunction>
  struct Operation {
    TlsStream& stream;
    StepFunction step;
    Step last{};
    bool first = true;
    bool ended = false;

    template <class Self>
    void operator()(Self& self, error_code waited = {}) {
      if (ended) return self.complete(last.error, last.bytes);
      last = waited ? Step{Next::kDone, waited, 0} : step(stream);
      const bool at_once = std::exchange(first, false);
      if (last.next != Next::kDone) {
        const auto event =
            last.next == Next::kWaitRead ? next_layer_type::wait_read : next_layer_type::wait_write;
        return stream.socket_.async_wait(event, std::move(self));
      }
      if (!at_once) return self.complete(last.error, last.bytes);
      ended = true;
      const executor_type executor = stream.get_executor();
      boost::asio::post(executor, std::move(self));
    }
  };

  template <class StepFunction, class Token>
  auto run(StepFunction step, Token& token) {
    return boost::asio::async_compose<Token, void(error_code, std::size_t)>(
        Operation<StepFunction>{*this, std::move(step)}, token, socket_);
  }

  template <class Buffers>
  static boost::asio::mutable_buffer first_of(const Buffers& buffers) {
    for (auto it = boost::asio::buffer_sequence_begin(buffers);
         it != boost::asio::buffer_sequence_end(buffers); ++it) {
      if (const boost::asio::mutable_buffer buffer(*it); buffer.size() > 0) return buffer;
    }
    return {};
  }

  // A websocket header and its frame become one TLS record instead of two. OpenSSL has taken or
  // refused the bytes when step_write() returns, so a buffer for each thread is enough.
  template <class Buffers>
  static boost::asio::const_buffer joined(const Buffers& buffers) {
    const auto begin = boost::asio::buffer_sequence_begin(buffers);
    const auto end = boost::asio::buffer_sequence_end(buffers);
    if (begin == end) return {};
    if (auto second = begin; ++second == end) return boost::asio::const_buffer(*begin);
    thread_local std::array<char, kFrameBytesMax> record;
    return {record.data(), boost::asio::buffer_copy(boost::asio::buffer(record), buffers)};
  }

  Step step_handshake();
  Step step_read(boost::asio::mutable_buffer buffer);
  Step step_write(boost::asio::const_buffer buffer);
  Step outcome(int result, std::size_t bytes);
  void note_received();
  void look_for_alert();

  next_layer_type socket_;
  tls::Session session_;
  TimePoint last_received_;
  std::uint64_t bytes_received_ = 0;
  std::optional<Error> failure_;
};

}  // namespace skerry::net

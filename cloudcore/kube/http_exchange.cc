#include "cloudcore/kube/http_exchange.h"

#include "common/base/assert.h"

namespace skerry::kube {

HttpExchange::HttpExchange(async::Executor executor,
                           std::size_t answer_bytes_max,
                           std::function<void()> abort)
    : work_(boost::asio::prefer(executor, boost::asio::execution::outstanding_work.tracked)),
      timer_(executor),
      answer_bytes_max_(answer_bytes_max),
      abort_(std::move(abort)) {}

void HttpExchange::expire_at(TimePoint deadline) {
  timer_.expires_at(deadline);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!self || error) return;
    self->give_up({Code::kTimeout, "the API server did not answer in time", {}});
  });
}

void HttpExchange::on_head(int status, std::chrono::milliseconds retry_after) {
  if (finished_) return;
  headed_ = true;
  answer_.status = status;
  answer_.retry_after = retry_after;
  if (streams()) sink_->on_open();
  if (const auto early = std::exchange(early_, nullptr)) consume(early->view());
}

void HttpExchange::on_bytes(std::shared_ptr<LentBytes> bytes) {
  if (finished_) return;
  if (headed_) return consume(bytes->view());
  SKERRY_ASSERT(!early_, "the library lends one piece at a time");
  early_ = std::move(bytes);
}

void HttpExchange::consume(std::string_view bytes) {
  if (finished_) return;
  if (streams()) return sink_->on_bytes(bytes);
  if (bytes.size() <= answer_bytes_max_ - answer_.body.size()) {
    answer_.body += bytes;
    return;
  }
  give_up({Code::kTooLarge,
           "the API server answers more than " + std::to_string(answer_bytes_max_) + " bytes",
           {}});
}

void HttpExchange::on_end(std::optional<Error> error) {
  abort_ = nullptr;
  early_.reset();
  if (error) return finish(fail(std::move(*error)));
  SKERRY_ASSERT(finished_ || headed_, "an answer without a head");
  finish(std::move(answer_));
}

void HttpExchange::give_up(Error error) {
  abort();
  early_.reset();
  finish(fail(std::move(error)));
}

void HttpExchange::abandon() {
  finished_ = true;
  sink_ = nullptr;
  timer_.cancel();
  early_.reset();
  abort();
}

void HttpExchange::finish(Result<HttpResponse> result) {
  if (std::exchange(finished_, true)) return;
  timer_.cancel();
  answer_ = {};
  if (StreamSink* const sink = std::exchange(sink_, nullptr))
    return sink->on_end(std::move(result));
  if (const HttpClient::Done done = std::exchange(done_, nullptr)) done(std::move(result));
}

void HttpExchange::abort() {
  if (const auto abort = std::exchange(abort_, nullptr)) abort();
}

}  // namespace skerry::kube

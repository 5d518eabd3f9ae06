#include "cloudcore/kube/request_gate.h"

#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <deque>

namespace skerry::kube {
namespace {

struct Waiting {
  HttpRequest request;
  HttpClient::Done done;
};

class RequestGate : public HttpClient, public std::enable_shared_from_this<RequestGate> {
 public:
  RequestGate(std::shared_ptr<HttpClient> next,
              async::Executor executor,
              seam::World world,
              GateLimits limits)
      : next_(std::move(next)),
        executor_(executor),
        world_(world),
        limits_(limits),
        timer_(executor) {}

  void send(HttpRequest request, Done done) override {
    if (stopped_) return refuse(std::move(done), Code::kCancelled, "the client is stopped");
    if (urgent_.size() + normal_.size() >= limits_.waiting_max) {
      return refuse(std::move(done), Code::kThrottled,
                    "too many requests wait for the API server already");
    }
    std::deque<Waiting>& queue = request.urgent ? urgent_ : normal_;
    const TimePoint deadline = request.deadline;
    queue.push_back({std::move(request), std::move(done)});
    pump();
    if (!urgent_.empty() || !normal_.empty()) watch_deadline(deadline);
  }

  std::unique_ptr<HttpStream> stream(HttpRequest request, StreamSink& sink) override {
    return next_->stream(std::move(request), sink);
  }

  void stop(std::function<void()> done) override {
    stopped_ = true;
    timer_.cancel();
    for (std::deque<Waiting>* queue : {&urgent_, &normal_}) {
      for (Waiting& waiting : *queue) {
        refuse(std::move(waiting.done), Code::kCancelled, "the client is stopped");
      }
      queue->clear();
    }
    next_->stop(std::move(done));
  }

 private:
  void refuse(Done done, Code code, const char* what) {
    async::post(executor_, [done = std::move(done), code, what] { done(fail(code, what)); });
  }

  void pump() {
    while (!urgent_.empty() && in_flight_ < limits_.urgent_in_flight_max) start_front(urgent_);
    while (!normal_.empty() && in_flight_ < limits_.in_flight_max) start_front(normal_);
  }

  void start_front(std::deque<Waiting>& queue) {
    Waiting waiting = std::move(queue.front());
    queue.pop_front();
    ++in_flight_;
    next_->send(
        std::move(waiting.request),
        [self = shared_from_this(), done = std::move(waiting.done)](Result<HttpResponse> r) {
          --self->in_flight_;
          self->pump();
          done(std::move(r));
        });
  }

  void watch_deadline(TimePoint deadline) {
    if (deadline >= timer_at_) return;
    timer_at_ = deadline;
    timer_.expires_at(deadline);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (self && !error) self->drop_expired();
    });
  }

  void drop_expired() {
    timer_at_ = TimePoint::max();
    const TimePoint now = world_.clock.now();
    TimePoint earliest = TimePoint::max();
    for (std::deque<Waiting>* queue : {&urgent_, &normal_}) {
      std::deque<Waiting> kept;
      for (Waiting& waiting : *queue) {
        if (waiting.request.deadline > now) {
          earliest = std::min(earliest, waiting.request.deadline);
          kept.push_back(std::move(waiting));
        } else {
          refuse(std::move(waiting.done), Code::kTimeout,
                 "no place among the requests to the API server before the deadline");
        }
      }
      queue->swap(kept);
    }
    watch_deadline(earliest);
  }

  std::shared_ptr<HttpClient> next_;
  async::Executor executor_;
  seam::World world_;
  GateLimits limits_;
  boost::asio::steady_timer timer_;
  TimePoint timer_at_ = TimePoint::max();
  std::deque<Waiting> urgent_;
  std::deque<Waiting> normal_;
  std::size_t in_flight_ = 0;
  bool stopped_ = false;
};

}  // namespace

std::shared_ptr<HttpClient> make_request_gate(std::shared_ptr<HttpClient> next,
                                              async::Executor executor,
                                              seam::World world,
                                              GateLimits limits) {
  return std::make_shared<RequestGate>(std::move(next), executor, world, limits);
}

}  // namespace skerry::kube

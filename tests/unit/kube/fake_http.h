// An HttpClient whose answers the test gives, and the loop it runs on.
#pragma once

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "cloudcore/kube/http_client.h"
#include "common/seam/world.h"
#include "tests/support/catch.h"

namespace skerry::kube {

class FixedClock : public seam::Clock {
 public:
  TimePoint now() override { return time; }
  WallTime wall() override { return WallTime(); }
  TimePoint time = std::chrono::steady_clock::now();  // real timers compare with it
};

class ZeroRandom : public seam::Random {
 public:
  std::uint64_t next() override { return 0; }
  std::string bytes(std::size_t count) override { return std::string(count, 'x'); }
};

/// Requests wait in `sent` until the test answers them; streams are driven by hand.
class FakeHttp : public HttpClient {
 public:
  struct Sent {
    HttpRequest request;
    Done done;
  };
  struct Open : HttpStream {
    Open(FakeHttp& h, HttpRequest r, StreamSink& s) : http(h), request(std::move(r)), sink(s) {
      http.stream_now = this;
    }
    ~Open() override {
      if (http.stream_now == this) http.stream_now = nullptr;
      ++http.streams_closed;
    }
    FakeHttp& http;
    HttpRequest request;
    StreamSink& sink;
  };

  void send(HttpRequest request, Done done) override {
    sent.push_back({std::move(request), std::move(done)});
  }
  std::unique_ptr<HttpStream> stream(HttpRequest request, StreamSink& sink) override {
    return std::make_unique<Open>(*this, std::move(request), sink);
  }
  void stop(std::function<void()> done) override { done(); }

  /// Answers the oldest request and returns it.
  HttpRequest answer(int status, std::string body) {
    REQUIRE_FALSE(sent.empty());
    Sent first = std::move(sent.front());
    sent.pop_front();
    first.done(HttpResponse{status, std::move(body), {}});
    return std::move(first.request);
  }
  HttpRequest fail_with(Code code) {
    REQUIRE_FALSE(sent.empty());
    Sent first = std::move(sent.front());
    sent.pop_front();
    first.done(fail(code, "scripted"));
    return std::move(first.request);
  }

  std::deque<Sent> sent;
  Open* stream_now = nullptr;
  int streams_closed = 0;
};

struct FakeWorld {
  FixedClock clock;
  ZeroRandom random;
  seam::World world{clock, random};
  boost::asio::io_context io;
  std::shared_ptr<FakeHttp> http = std::make_shared<FakeHttp>();

  void settle() {
    io.restart();
    io.poll();
  }
  /// Starts a call; the result appears when the test has answered and settled.
  template <class T>
  std::shared_ptr<std::optional<T>> start(async::Task<T> task) {
    auto result = std::make_shared<std::optional<T>>();
    boost::asio::co_spawn(io, std::move(task), [result](std::exception_ptr failure, T value) {
      REQUIRE_FALSE(failure);
      *result = std::move(value);
    });
    settle();
    return result;
  }
};

}  // namespace skerry::kube

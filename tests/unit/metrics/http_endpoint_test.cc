#include "common/metrics/http_endpoint.h"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>

#include "common/async/wakeup.h"
#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::metrics;
namespace asio = boost::asio;

namespace {

/// A directory of its own below /tmp, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() { REQUIRE(mkdtemp(path_.data()) != nullptr); }
  ~TemporaryDirectory() {
    unlink((path_ + "/s.sock").c_str());
    rmdir(path_.c_str());
  }
  std::string socket() const { return path_ + "/s.sock"; }

 private:
  std::string path_ = "/tmp/skerry-http-XXXXXX";
};

/// Runs one coroutine to its end; an exception fails the test.
void run(asio::io_context& loop, async::Task<void> task) {
  bool ended = false;
  asio::co_spawn(loop, std::move(task), [&ended](std::exception_ptr failure) {
    ended = true;
    if (failure) std::rethrow_exception(failure);
  });
  loop.restart();
  while (!ended && loop.run_one() > 0) {
  }
  REQUIRE(ended);
}

/// Sends raw bytes and reads to the end of the connection.
async::Task<std::string> exchange(std::uint16_t port, std::string bytes) {
  asio::ip::tcp::socket socket(co_await async::this_executor());
  const asio::ip::tcp::endpoint server(asio::ip::address_v4::loopback(), port);
  boost::system::error_code error;
  co_await socket.async_connect(server, asio::redirect_error(asio::use_awaitable, error));
  co_await asio::async_write(socket, asio::buffer(bytes),
                             asio::redirect_error(asio::use_awaitable, error));
  std::string reply;
  error = {};
  co_await asio::async_read(socket, asio::dynamic_buffer(reply),
                            asio::redirect_error(asio::use_awaitable, error));
  co_return reply;
}

HttpRoutes routes_with(const Registry& registry, bool ready) {
  HttpRoutes routes;
  add_health_routes(routes, registry, [ready]() -> Result<void> {
    if (ready) return {};
    return fail(Code::kUnavailable, "lists are not whole yet");
  });
  routes["/echo"] = [](HttpRequest request) -> async::Task<HttpReply> {
    co_return HttpReply{200, request.query["say"]};
  };
  routes["/large"] = [](HttpRequest) -> async::Task<HttpReply> {
    co_return HttpReply{200, std::string(5 * kMiB, 'x')};
  };
  return routes;
}

}  // namespace

TEST_CASE("HttpEndpoint: metrics, health and readiness over TCP", "[metrics]") {
  asio::io_context loop;
  Registry registry;
  constexpr MetricInfo kJoins{"skerry_test_total", MetricType::kCounter, "Test."};
  registry.counter(kJoins).add(7);
  HttpEndpoint endpoint(loop.get_executor(), routes_with(registry, false));
  Result<std::uint16_t> port = endpoint.listen_tcp("127.0.0.1:0");
  REQUIRE(port);
  const auto script = [](std::uint16_t at, HttpEndpoint* served) -> async::Task<void> {
    std::string reply = co_await exchange(at, encode_request("/metrics"));
    CHECK(reply.find("skerry_test_total 7\n") != std::string::npos);
    CHECK(reply.find("process_resident_memory_bytes ") != std::string::npos);
    reply = co_await exchange(at, encode_request("/healthz"));
    CHECK(reply.rfind("HTTP/1.1 200 OK\r\n", 0) == 0);
    reply = co_await exchange(at, encode_request("/readyz"));
    CHECK(reply.rfind("HTTP/1.1 503 ", 0) == 0);
    CHECK(reply.find("lists are not whole yet") != std::string::npos);
    reply = co_await exchange(at, encode_request("/nothing"));
    CHECK(reply.rfind("HTTP/1.1 404 ", 0) == 0);
    reply = co_await exchange(at, "POST /metrics HTTP/1.1\r\n\r\n");
    CHECK(reply.rfind("HTTP/1.1 405 ", 0) == 0);
    co_await served->stop();
  };
  run(loop, script(*port, &endpoint));
}

TEST_CASE("HttpEndpoint: an endless head and a silent peer are cut off", "[metrics]") {
  asio::io_context loop;
  Registry registry;
  HttpEndpoint endpoint(loop.get_executor(), routes_with(registry, true), {16, 50ms});
  Result<std::uint16_t> port = endpoint.listen_tcp("127.0.0.1:0");
  REQUIRE(port);
  const auto script = [](std::uint16_t at, HttpEndpoint* served) -> async::Task<void> {
    std::string reply = co_await exchange(at, "GET / HTTP/1.1\r\n" + std::string(8192, 'a'));
    CHECK(reply.rfind("HTTP/1.1 431 ", 0) == 0);
    reply = co_await exchange(at, "GET /healthz HTTP/1.1\r\nnever finished");
    CHECK(reply.empty());
    co_await served->stop();
  };
  run(loop, script(*port, &endpoint));
}

TEST_CASE("HttpEndpoint: one connection too many is told so", "[metrics]") {
  asio::io_context loop;
  Registry registry;
  HttpEndpoint endpoint(loop.get_executor(), routes_with(registry, true), {2, 60s});
  Result<std::uint16_t> port = endpoint.listen_tcp("127.0.0.1:0");
  REQUIRE(port);
  asio::ip::tcp::socket first(loop);
  asio::ip::tcp::socket second(loop);
  const asio::ip::tcp::endpoint server(asio::ip::address_v4::loopback(), *port);
  first.connect(server);
  second.connect(server);
  const auto script = [](std::uint16_t at, HttpEndpoint* served) -> async::Task<void> {
    const std::string reply = co_await exchange(at, "");
    CHECK(reply.rfind("HTTP/1.1 503 ", 0) == 0);
    co_await served->stop();  // with two silent connections open
  };
  run(loop, script(*port, &endpoint));
}

TEST_CASE("HttpEndpoint: the local socket is for its owner and replaces a stale one", "[metrics]") {
  const TemporaryDirectory directory;
  const std::string path = directory.socket();
  asio::io_context loop;
  Registry registry;
  for (int round = 0; round < 2; ++round) {  // the second finds the first's socket file
    HttpEndpoint endpoint(loop.get_executor(), routes_with(registry, true));
    REQUIRE(endpoint.listen_unix(path));
    struct stat status {};
    REQUIRE(stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    const auto script = [](std::string at, HttpEndpoint* served) -> async::Task<void> {
      const TimePoint deadline = std::chrono::steady_clock::now() + 30s;
      Result<std::string> said = co_await http_get_unix(at, "/echo?say=a%20b", deadline);
      CHECK(said.value() == "a b");
      Result<std::string> large = co_await http_get_unix(at, "/large", deadline);
      CHECK(large.value().size() == 5 * kMiB);
      Result<std::string> missing = co_await http_get_unix(at, "/x", deadline);
      REQUIRE_FALSE(missing);
      CHECK(missing.error().code == Code::kNotFound);
      co_await served->stop();
      Result<std::string> away = co_await http_get_unix(at, "/echo", deadline);
      REQUIRE_FALSE(away);
      CHECK(away.error().code == Code::kUnavailable);
    };
    run(loop, script(path, &endpoint));
  }
}

TEST_CASE("HttpEndpoint: an address that cannot be used is one clear line", "[metrics]") {
  asio::io_context loop;
  HttpEndpoint endpoint(loop.get_executor(), {});
  for (const char* bad : {"", "9091", "localhost:9091", "127.0.0.1:", "127.0.0.1:70000", ":1"}) {
    CAPTURE(bad);
    Result<std::uint16_t> port = endpoint.listen_tcp(bad);
    REQUIRE_FALSE(port);
    CHECK(port.error().code == Code::kMalformed);
  }
  CHECK(endpoint.listen_unix("/nonexistent/dir/s.sock").error().code == Code::kStorage);
  CHECK(endpoint.listen_unix("/tmp/" + std::string(120, 'a')).error().code == Code::kTooLarge);
}

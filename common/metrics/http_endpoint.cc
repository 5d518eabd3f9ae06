#include "common/metrics/http_endpoint.h"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <cstring>
#include <set>

#include "common/async/task_group.h"
#include "common/async/wakeup.h"
#include "common/base/log.h"

namespace skerry::metrics {

namespace asio = boost::asio;
using asio::generic::stream_protocol;
using Socket = stream_protocol::socket;
using Acceptor = asio::basic_socket_acceptor<stream_protocol>;
using boost::system::error_code;

struct HttpEndpoint::State : std::enable_shared_from_this<HttpEndpoint::State> {
  State(async::Executor e, HttpRoutes r, HttpLimits l)
      : executor(e), routes(std::move(r)), limits(l), tasks(e) {}

  Result<std::uint16_t> listen(const stream_protocol::endpoint& endpoint, const std::string& shown);
  void stop();

  // Static, with shared_ptrs by value: the frames own what they use.
  static async::Task<void> accept_loop(std::shared_ptr<State> state,
                                       std::shared_ptr<Acceptor> acceptor);
  static async::Task<void> serve(std::shared_ptr<State> state, std::shared_ptr<Socket> socket);
  static async::Task<HttpReply> answer(std::shared_ptr<State> state, HttpRequest request);

  async::Executor executor;
  HttpRoutes routes;
  HttpLimits limits;
  std::vector<std::shared_ptr<Acceptor>> acceptors;
  std::set<std::shared_ptr<Socket>> connections;
  async::TaskGroup tasks;
  bool stopping = false;
};

namespace {

/// Closes a socket when its time is up: Boost 1.74 cannot cancel one operation. The pending
/// operation ends with an error, and passed() tells why. Thread: the socket's loop.
class SocketDeadline {
 public:
  SocketDeadline(std::shared_ptr<Socket> socket, TimePoint deadline)
      : socket_(std::move(socket)), timer_(socket_->get_executor()) {
    restart(deadline);
  }

  void restart(TimePoint deadline) {
    timer_.expires_at(deadline);
    timer_.async_wait([socket = socket_, passed = passed_](const error_code& error) {
      if (error) return;
      *passed = true;
      error_code ignored;
      socket->close(ignored);
    });
  }
  void cancel() { timer_.cancel(); }
  bool passed() const { return *passed_; }

 private:
  std::shared_ptr<Socket> socket_;
  asio::steady_timer timer_;
  std::shared_ptr<bool> passed_ = std::make_shared<bool>(false);
};

TimePoint in(Duration limit) { return asio::steady_timer::clock_type::now() + limit; }

std::string not_found_text(const HttpRoutes& routes) {
  std::string text = "not found; there is:";
  for (const auto& [path, handler] : routes) text += " " + path;
  return text + "\n";
}

/// The request's head; the socket is closed by the deadline.
async::Task<Result<HttpRequest>> read_request(std::shared_ptr<Socket> socket, Duration limit) {
  const auto deadline = std::make_shared<SocketDeadline>(socket, in(limit));
  std::string head;
  error_code error;
  const std::size_t size =
      co_await asio::async_read_until(*socket, asio::dynamic_buffer(head, kRequestHeadBytesMax),
                                      "\r\n\r\n", asio::redirect_error(asio::use_awaitable, error));
  deadline->cancel();
  if (deadline->passed()) co_return fail(Code::kTimeout, "no request in time");
  if (error == asio::error::not_found) {
    co_return fail(Code::kTooLarge, "the request's head is over 8 KiB");
  }
  if (error) co_return fail(Code::kUnavailable, error.message());
  co_return parse_request_head(std::string_view(head).substr(0, size));
}

async::Task<void> write_reply(std::shared_ptr<Socket> socket, HttpReply reply, Duration limit) {
  const auto deadline = std::make_shared<SocketDeadline>(socket, in(limit));
  const auto bytes = std::make_shared<const std::string>(encode_reply(reply));
  error_code error;
  // In pieces, each with a deadline of its own: a large log over a slow pipe is no fault.
  constexpr std::size_t kPieceBytes = 64 * kKiB;
  for (std::size_t at = 0; at < bytes->size() && !error; at += kPieceBytes) {
    deadline->restart(in(limit));
    const std::size_t size = std::min(kPieceBytes, bytes->size() - at);
    co_await asio::async_write(*socket, asio::buffer(bytes->data() + at, size),
                               asio::redirect_error(asio::use_awaitable, error));
  }
  deadline->cancel();
  error_code ignored;
  socket->shutdown(Socket::shutdown_send, ignored);
}

void refuse(Socket& socket) {
  const std::string bytes = encode_reply({503, "too many connections at a time; try again\n"});
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(bytes), ignored);
  socket.shutdown(Socket::shutdown_both, ignored);
}

}  // namespace

async::Task<void> HttpEndpoint::State::accept_loop(std::shared_ptr<State> state,
                                                   std::shared_ptr<Acceptor> acceptor) {
  while (!state->stopping) {
    auto socket = std::make_shared<Socket>(state->executor);
    error_code error;
    co_await acceptor->async_accept(*socket, asio::redirect_error(asio::use_awaitable, error));
    if (state->stopping) break;
    if (error) {  // out of file descriptors, most likely: others free some
      co_await async::sleep_for(100ms);
      continue;
    }
    if (state->connections.size() >= state->limits.connections) {
      refuse(*socket);
      continue;
    }
    state->connections.insert(socket);
    state->tasks.spawn("http connection", serve(state, socket));
  }
}

async::Task<void> HttpEndpoint::State::serve(std::shared_ptr<State> state,
                                             std::shared_ptr<Socket> socket) {
  Result<HttpRequest> request = co_await read_request(socket, state->limits.deadline);
  const bool peer_is_there = request || request.error().code != Code::kUnavailable;
  if (!state->stopping && peer_is_there) {
    HttpReply reply;
    if (request) {
      reply = co_await answer(state, std::move(*request));
    } else {
      reply = error_reply(request.error());
    }
    if (!state->stopping) co_await write_reply(socket, std::move(reply), state->limits.deadline);
  }
  error_code ignored;
  socket->close(ignored);
  state->connections.erase(socket);
}

async::Task<HttpReply> HttpEndpoint::State::answer(std::shared_ptr<State> state,
                                                   HttpRequest request) {
  const auto route = state->routes.find(request.path);
  if (route == state->routes.end()) co_return HttpReply{404, not_found_text(state->routes)};
  co_return co_await route->second(std::move(request));
}

Result<std::uint16_t> HttpEndpoint::State::listen(const stream_protocol::endpoint& endpoint,
                                                  const std::string& shown) {
  auto acceptor = std::make_shared<Acceptor>(executor);
  error_code error;
  const bool local = endpoint.data()->sa_family == AF_UNIX;
  acceptor->open(endpoint.protocol(), error);
  if (!error && local) {
    // Before bind: on Linux the file is made with the socket's own mode, so it is never open to
    // others.
    if (fchmod(acceptor->native_handle(), 0600) != 0) error.assign(errno, error.category());
  } else if (!error) {
    acceptor->set_option(asio::socket_base::reuse_address(true), error);
  }
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(static_cast<int>(limits.connections), error);
  if (error) {
    return fail(Code::kStorage, "cannot listen on " + shown + ": " + error.message());
  }
  std::uint16_t port = 0;
  if (!local) {
    const stream_protocol::endpoint bound = acceptor->local_endpoint(error);
    const auto* address = reinterpret_cast<const sockaddr_in*>(bound.data());
    port = ntohs(address->sin_port);  // at the same place in sockaddr_in6
  }
  acceptors.push_back(acceptor);
  tasks.spawn("http accept", accept_loop(shared_from_this(), acceptor));
  return port;
}

void HttpEndpoint::State::stop() {
  stopping = true;
  error_code ignored;
  for (const auto& acceptor : acceptors) acceptor->close(ignored);
  for (const auto& socket : connections) socket->close(ignored);
}

HttpEndpoint::HttpEndpoint(async::Executor executor, HttpRoutes routes, HttpLimits limits)
    : state_(std::make_shared<State>(executor, std::move(routes), limits)) {}

HttpEndpoint::~HttpEndpoint() = default;

Result<std::uint16_t> HttpEndpoint::listen_tcp(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  std::uint16_t port = 0;
  error_code error;
  const auto ip = asio::ip::make_address(host, error);
  const char* end = address.data() + address.size();
  const char* digits = colon == std::string::npos ? end : address.data() + colon + 1;
  const auto [stop, bad] = std::from_chars(digits, end, port);
  if (error || bad != std::errc() || stop != end) {
    return fail(Code::kMalformed, "\"" + address + "\" is not an address such as 127.0.0.1:9091");
  }
  return state_->listen(asio::ip::tcp::endpoint(ip, port), address);
}

Result<void> HttpEndpoint::listen_unix(const std::string& path) {
  if (path.size() > 107) {
    return fail(Code::kTooLarge, path + " is too long for a socket; choose a shorter data dir");
  }
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) unlink(path.c_str());
  Result<std::uint16_t> port = state_->listen(asio::local::stream_protocol::endpoint(path), path);
  if (!port) return fail(port.error());
  return {};
}

async::Task<void> HttpEndpoint::stop() {
  const std::shared_ptr<State> state = state_;
  state->stop();
  co_await state->tasks.join();
}

// ---- /metrics, /healthz, /readyz ---------------------------------------------------------------

void add_health_routes(HttpRoutes& routes,
                       const Registry& registry,
                       std::function<Result<void>()> ready) {
  routes["/metrics"] = [&registry](HttpRequest) -> async::Task<HttpReply> {
    co_return HttpReply{200, registry.text() + process_text(),
                        "text/plain; version=0.0.4; charset=utf-8"};
  };
  routes["/healthz"] = [](HttpRequest) -> async::Task<HttpReply> {
    co_return HttpReply{200, "ok\n"};
  };
  routes["/readyz"] = [ready = std::move(ready)](HttpRequest) -> async::Task<HttpReply> {
    Result<void> state = ready();
    if (state) co_return HttpReply{200, "ok\n"};
    co_return HttpReply{503, "not ready: " + state.error().what + "\n"};
  };
}

// ---- the client --------------------------------------------------------------------------------

async::Task<Result<std::string>> http_get_unix(std::string path,
                                               std::string target,
                                               TimePoint deadline) {
  if (path.size() > 107) co_return fail(Code::kTooLarge, path + " is too long for a socket");
  const auto socket = std::make_shared<Socket>(co_await async::this_executor());
  const auto limit = std::make_shared<SocketDeadline>(socket, deadline);
  error_code error;
  // Named: a temporary of a wider type inside co_await is destroyed twice by g++ 12.
  const stream_protocol::endpoint endpoint = asio::local::stream_protocol::endpoint(path);
  co_await socket->async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
  if (!error) {
    const std::string request = encode_request(target);
    co_await asio::async_write(*socket, asio::buffer(request),
                               asio::redirect_error(asio::use_awaitable, error));
  } else if (!limit->passed()) {
    limit->cancel();
    co_return fail(Code::kUnavailable, "nothing listens on " + path + ": " + error.message());
  }
  std::string reply;
  while (!error && reply.size() <= kLocalReplyBytesMax) {
    const std::size_t had = reply.size();
    reply.resize(had + 64 * kKiB);
    const std::size_t size =
        co_await socket->async_read_some(asio::buffer(reply.data() + had, 64 * kKiB),
                                         asio::redirect_error(asio::use_awaitable, error));
    reply.resize(had + size);
  }
  limit->cancel();
  if (limit->passed()) co_return fail(Code::kTimeout, "no answer from " + path + " in time");
  if (reply.size() > kLocalReplyBytesMax)
    co_return fail(Code::kTooLarge, "the answer is too large");
  if (error != asio::error::eof) co_return fail(Code::kUnavailable, error.message());
  co_return parse_reply(reply);
}

}  // namespace skerry::metrics

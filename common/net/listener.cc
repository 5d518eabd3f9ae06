#include "common/net/listener.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>

#include "common/net/deadline.h"
#include "common/net/socket_address.h"

namespace skerry::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr int kBacklog = 1024;  // many nodes come back at once

Error open_error(const std::string& where, const error_code& ec) {
  const std::string what = "cannot listen on " + where + ": " + ec.message();
  if (ec == asio::error::address_in_use) return {Code::kConflict, what, {}};
  if (ec == asio::error::access_denied) return {Code::kForbidden, what, {}};
  return {Code::kUnavailable, what, {}};
}

// Nothing: the caller waits for the next connection.
std::optional<Result<Incoming>> take_waiting(int listening) {
  for (;;) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int fd = ::accept4(listening, reinterpret_cast<sockaddr*>(&address), &size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) return Incoming{Socket(fd), address_text(address)};
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    return fail(Code::kUnavailable,
                std::string("cannot take a connection: ") + std::strerror(errno));
  }
}

}  // namespace

struct Listener::State {
  explicit State(const async::Executor& executor) : acceptor(executor) {}
  tcp::acceptor acceptor;
};

Listener::Listener(std::shared_ptr<State> state) : state_(std::move(state)) {}

Listener::~Listener() { close(); }

Result<std::unique_ptr<Listener>> Listener::open(async::Executor executor,
                                                 const std::string& address,
                                                 std::uint16_t port) {
  ignore_sigpipe();
  error_code ec;
  const asio::ip::address ip = asio::ip::make_address(address, ec);
  if (ec) return fail(Code::kMalformed, "\"" + address + "\" is not an IP address to listen on");
  const tcp::endpoint endpoint(ip, port);
  auto state = std::make_shared<State>(executor);
  tcp::acceptor& acceptor = state->acceptor;
  if (!acceptor.open(endpoint.protocol(), ec))
    acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(kBacklog, ec);
  if (!ec) acceptor.native_non_blocking(true, ec);
  if (ec) return fail(open_error(address + ":" + std::to_string(port), ec));
  return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

async::Task<Result<Incoming>> Listener::accept(TimePoint deadline) {
  return accept_one(state_, deadline);
}

async::Task<Result<Incoming>> Listener::accept_one(std::shared_ptr<State> state,
                                                   TimePoint deadline) {
  const Deadline timer(state->acceptor.get_executor(), deadline, [&state] {
    error_code ignored;
    state->acceptor.cancel(ignored);
  });
  for (;;) {
    if (!state->acceptor.is_open()) co_return fail(Code::kCancelled, "the listener is closed");
    if (auto taken = take_waiting(state->acceptor.native_handle())) co_return std::move(*taken);
    if (timer.expired()) co_return fail(Code::kTimeout, "no connection came");
    error_code ignored;
    co_await state->acceptor.async_wait(tcp::acceptor::wait_read,
                                        asio::redirect_error(asio::use_awaitable, ignored));
  }
}

std::uint16_t Listener::port() const {
  error_code ignored;
  return state_->acceptor.local_endpoint(ignored).port();
}

void Listener::close() {
  error_code ignored;
  state_->acceptor.close(ignored);
}

}  // namespace skerry::net

#include "common/net/dial.h"

#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/async/wakeup.h"
#include "common/net/deadline.h"
#include "common/net/socket_address.h"

namespace skerry::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

using Endpoints = std::vector<tcp::endpoint>;

constexpr std::size_t kAddressesMax = 8;  // of one name

// Outlives the coroutine that gave up on it: getaddrinfo cannot be stopped, only left behind.
struct Lookup {
  explicit Lookup(const async::Executor& executor) : resolver(executor), done(executor) {}
  tcp::resolver resolver;
  async::Wakeup done;
  error_code error;
  Endpoints found;
};

Error lookup_error(const std::string& host, const error_code& ec) {
  if (ec == asio::error::host_not_found || ec == asio::error::no_data) {
    return {
        Code::kNotFound, "no address is known for \"" + host + "\": check the name and DNS", {}};
  }
  return {Code::kUnavailable, "cannot look up \"" + host + "\": " + ec.message(), {}};
}

async::Task<Result<Endpoints>> look_up(std::string host, std::uint16_t port, TimePoint deadline) {
  error_code not_literal;
  const asio::ip::address literal = asio::ip::make_address(host, not_literal);
  if (!not_literal) co_return Endpoints{tcp::endpoint(literal, port)};
  const async::Executor executor = co_await asio::this_coro::executor;
  const auto lookup = std::make_shared<Lookup>(executor);
  lookup->resolver.async_resolve(
      host, std::to_string(port), tcp::resolver::numeric_service,
      [lookup](const error_code& ec, const tcp::resolver::results_type& results) {
        lookup->error = ec;
        for (const auto& entry : results) {
          if (lookup->found.size() < kAddressesMax) lookup->found.push_back(entry.endpoint());
        }
        lookup->done.notify();
      });
  const bool answered = co_await lookup->done.wait_until(deadline);
  if (!answered) {
    lookup->resolver.cancel();
    co_return fail(Code::kTimeout, "looking up \"" + host + "\" took too long: check DNS");
  }
  if (lookup->error) co_return fail(lookup_error(host, lookup->error));
  co_return lookup->found;
}

async::Task<Result<Socket>> connect_one(tcp::endpoint endpoint, TimePoint deadline) {
  const async::Executor executor = co_await asio::this_coro::executor;
  tcp::socket socket(executor);
  const Deadline timer(executor, deadline, [&socket] {
    error_code ignored;
    socket.close(ignored);
  });
  error_code ec;
  socket.open(endpoint.protocol(), ec);
  if (!ec) {
    prepare_socket(socket.native_handle());
    co_await socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, ec));
  }
  if (timer.expired()) co_return fail(Code::kTimeout, "no answer");
  if (ec) co_return fail(Code::kUnavailable, ec.message());
  const int fd = socket.release(ec);
  if (ec) co_return fail(Code::kInternal, ec.message());
  co_return Socket(fd);
}

TimePoint share_of(TimePoint deadline, std::size_t tries_left) {
  if (deadline == TimePoint::max()) return deadline;
  const TimePoint now = asio::steady_timer::clock_type::now();
  return now + (deadline - now) / static_cast<Duration::rep>(tries_left);
}

}  // namespace

async::Task<Result<Incoming>> dial(std::string host, std::uint16_t port, TimePoint deadline) {
  ignore_sigpipe();
  const Result<Endpoints> endpoints = co_await look_up(host, port, deadline);
  if (!endpoints) co_return fail(endpoints.error());
  Error last{Code::kNotFound, "the name has no address", {}};
  for (std::size_t i = 0; i < endpoints->size(); ++i) {
    const tcp::endpoint& endpoint = (*endpoints)[i];
    Result<Socket> socket =
        co_await connect_one(endpoint, share_of(deadline, endpoints->size() - i));
    if (socket) {
      co_return Incoming{std::move(*socket),
                         host_and_port(endpoint.address().to_string(), endpoint.port())};
    }
    last = socket.error();
  }
  const std::string what = "cannot reach " + host_and_port(host, port);
  co_return fail(what, std::move(last));
}

}  // namespace skerry::net

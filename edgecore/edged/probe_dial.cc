#include "edgecore/edged/probe_dial.h"

#include "common/async/task.h"

#include <openssl/ssl.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <memory>

namespace skerry::edged {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

/// One connection with one deadline: the timer closes the socket, which ends whatever waits on it.
struct Connection {
  explicit Connection(const async::Executor& executor) : socket(executor), timer(executor) {}

  tcp::socket socket;
  asio::steady_timer timer;
  std::unique_ptr<SSL, FreeSsl> ssl;
  bool timed_out = false;
};
using ConnectionPtr = std::shared_ptr<Connection>;

void arm(const ConnectionPtr& connection, Duration timeout) {
  connection->timer.expires_after(timeout);
  connection->timer.async_wait([weak = std::weak_ptr(connection)](ErrorCode error) {
    const ConnectionPtr held = weak.lock();
    if (error || !held) return;
    held->timed_out = true;
    ErrorCode ignored;
    held->socket.close(ignored);
  });
}

std::string address_text(const DialTarget& target) {
  const bool ipv6 = target.host.find(':') != std::string::npos;
  return (ipv6 ? "[" + target.host + "]" : target.host) + ":" + std::to_string(target.port);
}

std::string lower_first(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

/// "dial tcp 10.0.0.7:80: connect: connection refused", as people know it from Kubernetes.
tl::unexpected<Error> dial_failure(const Connection& connection,
                                   const DialTarget& target,
                                   const ErrorCode& error) {
  const std::string what = "dial tcp " + address_text(target) + ": ";
  if (connection.timed_out) return fail(Code::kTimeout, what + "i/o timeout");
  return fail(Code::kUnavailable, what + "connect: " + lower_first(error.message()));
}

tl::unexpected<Error> exchange_failure(const Connection& connection, const ErrorCode& error) {
  if (connection.timed_out) {
    return fail(Code::kTimeout,
                "context deadline exceeded (Client.Timeout exceeded while awaiting "
                "headers)");
  }
  return fail(Code::kUnavailable, lower_first(error.message()));
}

Result<tcp::endpoint> endpoint_of(const DialTarget& target) {
  ErrorCode error;
  const std::string host = target.host == "localhost" ? "127.0.0.1" : target.host;
  const auto address = asio::ip::make_address(host, error);
  if (error) {
    return fail(Code::kUnsupported,
                "probe host \"" + target.host +
                    "\" is a name: give an address, or leave it out for the pod's");
  }
  return tcp::endpoint(address, target.port);
}

async::Task<Result<void>> connect(ConnectionPtr connection, DialTarget target) {
  const Result<tcp::endpoint> endpoint = endpoint_of(target);
  if (!endpoint) co_return fail(endpoint.error());
  ErrorCode error;
  co_await connection->socket.async_connect(*endpoint,
                                            asio::redirect_error(asio::use_awaitable, error));
  if (connection->timed_out && !error) error = asio::error::operation_aborted;
  if (error) co_return dial_failure(*connection, target, error);
  connection->socket.non_blocking(true, error);
  if (error) co_return dial_failure(*connection, target, error);
  co_return Result<void>();
}

/// Certificates of probes are not verified, as by the kubelet; so nothing is trusted that comes
/// back.
Result<void> start_tls(Connection& connection) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  SSL_CTX_free);
  if (!context) return fail(Code::kInternal, "cannot make a TLS context");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  connection.ssl.reset(SSL_new(context.get()));  // keeps the context
  if (!connection.ssl || SSL_set_fd(connection.ssl.get(), connection.socket.native_handle()) != 1) {
    return fail(Code::kInternal, "cannot make a TLS session");
  }
  SSL_set_connect_state(connection.ssl.get());
  return {};
}

enum class Step : std::uint8_t { kDone, kWantRead, kWantWrite, kEnd, kFailed };
struct Moved {
  Step step = Step::kFailed;
  std::size_t bytes = 0;
  std::string error;
};

Moved tls_outcome(SSL* ssl, int result, std::size_t bytes) {
  if (result == 1) return {Step::kDone, bytes, {}};
  switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
      return {Step::kWantRead, 0, {}};
    case SSL_ERROR_WANT_WRITE:
      return {Step::kWantWrite, 0, {}};
    case SSL_ERROR_ZERO_RETURN:
      return {Step::kEnd, 0, {}};
    default:
      return {Step::kFailed, 0, "tls: handshake or record failure"};
  }
}

Moved plain_outcome(ssize_t result, Step again) {
  if (result > 0) return {Step::kDone, static_cast<std::size_t>(result), {}};
  if (result == 0) return {Step::kEnd, 0, {}};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {again, 0, {}};
  return {Step::kFailed, 0, lower_first(std::strerror(errno))};
}

Moved try_write(Connection& connection, std::string_view bytes) {
  if (connection.ssl) {
    std::size_t written = 0;
    const int result = SSL_write_ex(connection.ssl.get(), bytes.data(), bytes.size(), &written);
    return tls_outcome(connection.ssl.get(), result, written);
  }
  return plain_outcome(
      ::send(connection.socket.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
      Step::kWantWrite);
}

Moved try_read(Connection& connection, char* buffer, std::size_t size) {
  if (connection.ssl) {
    std::size_t got = 0;
    const int result = SSL_read_ex(connection.ssl.get(), buffer, size, &got);
    return tls_outcome(connection.ssl.get(), result, got);
  }
  return plain_outcome(::recv(connection.socket.native_handle(), buffer, size, 0), Step::kWantRead);
}

async::Task<Result<void>> wait_for(ConnectionPtr connection, Step step) {
  const auto direction = step == Step::kWantRead ? tcp::socket::wait_read : tcp::socket::wait_write;
  ErrorCode error;
  if (!connection->timed_out) {
    co_await connection->socket.async_wait(direction,
                                           asio::redirect_error(asio::use_awaitable, error));
  }
  if (error || connection->timed_out) co_return exchange_failure(*connection, error);
  co_return Result<void>();
}

async::Task<Result<void>> send_all(ConnectionPtr connection, std::string request) {
  std::size_t sent = 0;
  while (sent < request.size()) {
    const Moved moved = try_write(*connection, std::string_view(request).substr(sent));
    if (moved.step == Step::kDone) {
      sent += moved.bytes;
    } else if (moved.step == Step::kWantRead || moved.step == Step::kWantWrite) {
      Result<void> ready = co_await wait_for(connection, moved.step);
      if (!ready) co_return fail(ready.error());
    } else {
      co_return fail(Code::kUnavailable, moved.error.empty() ? "EOF" : moved.error);
    }
  }
  co_return Result<void>();
}

async::Task<Result<std::string>> receive(ConnectionPtr connection,
                                         Enough enough,
                                         std::size_t limit_bytes) {
  std::string received;
  char buffer[2048];
  while (received.size() < limit_bytes && !enough(received)) {
    const std::size_t room = std::min(sizeof buffer, limit_bytes - received.size());
    const Moved moved = try_read(*connection, buffer, room);
    if (moved.step == Step::kDone) {
      received.append(buffer, moved.bytes);
    } else if (moved.step == Step::kEnd) {
      break;
    } else if (moved.step == Step::kFailed) {
      co_return fail(Code::kUnavailable, moved.error);
    } else {
      Result<void> ready = co_await wait_for(connection, moved.step);
      if (!ready) co_return fail(ready.error());
    }
  }
  co_return received;
}

void hang_up(const ConnectionPtr& connection) {
  connection->timer.cancel();
  ErrorCode ignored;
  connection->socket.close(ignored);
}

async::Task<Result<std::string>> exchange(ConnectionPtr connection,
                                          DialTarget target,
                                          std::string request,
                                          Enough enough,
                                          std::size_t limit_bytes) {
  Result<void> done = co_await connect(connection, target);
  if (done && target.tls) done = start_tls(*connection);
  if (done) done = co_await send_all(connection, std::move(request));
  if (!done) co_return fail(done.error());
  co_return co_await receive(connection, std::move(enough), limit_bytes);
}

}  // namespace

async::Task<Result<void>> dial_tcp(DialTarget target, Duration timeout) {
  const async::Executor executor = co_await async::this_executor();
  auto connection = std::make_shared<Connection>(executor);
  arm(connection, timeout);
  Result<void> done = co_await connect(connection, std::move(target));
  hang_up(connection);
  co_return done;
}

async::Task<Result<std::string>> dial_exchange(DialTarget target,
                                               std::string request,
                                               Enough enough,
                                               std::size_t limit_bytes,
                                               Duration timeout) {
  const async::Executor executor = co_await async::this_executor();
  auto connection = std::make_shared<Connection>(executor);
  arm(connection, timeout);
  Result<std::string> reply = co_await exchange(connection, std::move(target), std::move(request),
                                                std::move(enough), limit_bytes);
  hang_up(connection);
  co_return reply;
}

}  // namespace skerry::edged

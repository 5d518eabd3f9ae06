#include "cloudcore/standalone/server/http_server.h"

#include <algorithm>
#include <set>
#include <sys/socket.h>

#include "common/net/tls_stream.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "cloudcore/standalone/server/http_text.h"
#include "common/async/task_group.h"
#include "common/async/wakeup.h"
#include "common/base/log.h"
#include "common/net/deadline.h"
#include "common/net/listener.h"

namespace skerry::standalone {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using async::Task;
using boost::system::error_code;
using Piece = std::shared_ptr<const std::string>;

namespace {

constexpr auto kWriteDeadline = 60s;
constexpr std::size_t kPiecesAtOnce = 256;
constexpr std::string_view kImpersonate = "impersonate-";

struct Connection {
  Connection(tcp::socket socket, tls::Session session)
      : tls(std::move(socket), std::move(session)) {}
  net::TlsStream tls;
  boost::beast::flat_buffer buffer{kHttpHeadBytesMax + kRequestBodyBytesMax};
  std::shared_ptr<ResponseStream> stream;  // a watch that runs
  bool closed = false;

  void close() {
    if (std::exchange(closed, true)) return;
    if (stream) stream->cancel();
    error_code ignored;
    tls.next_layer().shutdown(tcp::socket::shutdown_both, ignored);
    tls.next_layer().close(ignored);
  }
};
using ConnectionPtr = std::shared_ptr<Connection>;

std::function<void()> closing(const ConnectionPtr& connection) {
  return [weak = std::weak_ptr<Connection>(connection)] {
    if (const ConnectionPtr alive = weak.lock()) alive->close();
  };
}

using Parser = http::request_parser<http::string_body>;

std::string text_of(boost::beast::string_view view) {
  return std::string(view.data(), view.size());
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::shared_ptr<ApiRequest> api_request(Parser& parser) {
  auto& message = parser.get();
  auto out = std::make_shared<ApiRequest>();
  out->method = text_of(message.method_string());
  read_target(text_of(message.target()), *out);
  out->content_type = media_type(text_of(message[http::field::content_type]));
  out->accept = text_of(message[http::field::accept]);
  out->user_agent = text_of(message[http::field::user_agent]);
  out->body = std::move(message.body());
  return out;
}

Credentials credentials(const Connection& connection, Parser& parser) {
  Credentials out;
  const tls::Session& session = connection.tls.session();
  out.certificate = session.peer();
  out.certificate_expired = session.peer_expired();
  out.bearer_token = bearer_token(text_of(parser.get()[http::field::authorization]));
  for (const auto& field : parser.get()) {
    std::string name = lower_case(text_of(field.name_string()));
    if (!name.starts_with(kImpersonate)) continue;
    out.impersonate.emplace_back(name.substr(kImpersonate.size()), text_of(field.value()));
  }
  return out;
}

/// Writes pieces within a deadline; false: the connection is done.
Task<bool> write_pieces(ConnectionPtr connection, std::vector<Piece> pieces, TimePoint deadline) {
  const net::Deadline timer(connection->tls.get_executor(), deadline, closing(connection));
  for (std::size_t at = 0; at < pieces.size(); at += kPiecesAtOnce) {
    std::vector<asio::const_buffer> buffers;
    for (std::size_t i = at; i < std::min(pieces.size(), at + kPiecesAtOnce); ++i) {
      buffers.emplace_back(pieces[i]->data(), pieces[i]->size());
    }
    error_code error;
    co_await asio::async_write(connection->tls, buffers,
                               asio::redirect_error(asio::use_awaitable, error));
    if (error || connection->closed) co_return false;
  }
  co_return true;
}

Piece piece(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

}  // namespace

struct HttpServer::State : std::enable_shared_from_this<HttpServer::State> {
  State(async::Executor e, HttpParts p) : executor(e), parts(std::move(p)), tasks(e) {}

  TimePoint in(Duration limit) const { return parts.world.clock.now() + limit; }

  // Static, with shared_ptrs by value: the frames own what they use.
  static Task<void> accept_loop(std::shared_ptr<State> state, std::shared_ptr<net::Listener> from);
  static Task<void> serve(std::shared_ptr<State> state, ConnectionPtr connection);
  static Task<bool> one_request(std::shared_ptr<State> state, ConnectionPtr connection);
  static Task<bool> answer(std::shared_ptr<State> state,
                           ConnectionPtr connection,
                           ApiResponse response,
                           bool keep_alive);
  static Task<void> stream(std::shared_ptr<State> state,
                           ConnectionPtr connection,
                           ApiResponse response);
  static Task<void> watch_peer(ConnectionPtr connection);
  Result<ConnectionPtr> make_connection(net::Incoming incoming) const;

  async::Executor executor;
  HttpParts parts;
  std::vector<std::shared_ptr<net::Listener>> listeners;
  std::set<ConnectionPtr> connections;
  async::TaskGroup tasks;
  bool stopping = false;
};

// ---- connections --------------------------------------------------------------------------------

Result<ConnectionPtr> HttpServer::State::make_connection(net::Incoming incoming) const {
  auto session = parts.context->start(parts.world.clock.wall());
  if (!session) return fail(session.error());
  const int fd = incoming.socket.fd();
  net::prepare_socket(fd);
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return fail(Code::kUnavailable, "the connection is gone");
  }
  tcp::socket socket(executor);
  error_code error;
  socket.assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), fd, error);
  if (error) return fail(Code::kUnavailable, error.message());
  incoming.socket.release();
  return std::make_shared<Connection>(std::move(socket), std::move(*session));
}

Task<void> HttpServer::State::accept_loop(std::shared_ptr<State> state,
                                          std::shared_ptr<net::Listener> from) {
  while (!state->stopping) {
    Result<net::Incoming> incoming = co_await from->accept(TimePoint::max());
    if (state->stopping) break;
    if (!incoming) {  // out of file descriptors, most likely: others free some
      co_await async::sleep_for(100ms);
      continue;
    }
    if (state->connections.size() >= kConnectionsMax) continue;  // closed: the client comes again
    Result<ConnectionPtr> made = state->make_connection(std::move(*incoming));
    if (!made) continue;
    state->connections.insert(*made);
    state->tasks.spawn("api connection", serve(state, *made));
  }
}

Task<void> HttpServer::State::serve(std::shared_ptr<State> state, ConnectionPtr connection) {
  {
    const net::Deadline timer(state->executor, state->in(kRequestDeadline), closing(connection));
    error_code error;
    co_await connection->tls.async_handshake(asio::redirect_error(asio::use_awaitable, error));
    if (error) connection->close();
  }
  while (!connection->closed && !state->stopping) {
    const bool more = co_await one_request(state, connection);
    if (!more) break;
  }
  connection->close();
  state->connections.erase(connection);
}

// ---- requests -----------------------------------------------------------------------------------

Task<bool> HttpServer::State::one_request(std::shared_ptr<State> state, ConnectionPtr connection) {
  auto parser = std::make_shared<Parser>();
  parser->header_limit(kHttpHeadBytesMax);
  parser->body_limit(kRequestBodyBytesMax);
  error_code error;
  {
    // A connection may rest between requests; from its first byte on a request must come soon.
    const net::Deadline idle(state->executor, state->in(kIdleConnectionDeadline),
                             closing(connection));
    co_await http::async_read_header(connection->tls, connection->buffer, *parser,
                                     asio::redirect_error(asio::use_awaitable, error));
  }
  if (error == http::error::header_limit) {
    co_return co_await answer(
        state, connection,
        error_response(ApiError{431, "", "the request's head is too large", nullptr}), false);
  }
  if (error || connection->closed) co_return false;
  if (parser->get()[http::field::expect] == "100-continue") {
    std::vector<Piece> go_on{piece("HTTP/1.1 100 Continue\r\n\r\n")};
    const bool written =
        co_await write_pieces(connection, std::move(go_on), state->in(kWriteDeadline));
    if (!written) co_return false;
  }
  {
    const net::Deadline timer(state->executor, state->in(kRequestDeadline), closing(connection));
    co_await http::async_read(connection->tls, connection->buffer, *parser,
                              asio::redirect_error(asio::use_awaitable, error));
  }
  if (error == http::error::body_limit) {
    ApiResponse refusal = error_response(
        too_large("Request entity too large: limit is " + std::to_string(kRequestBodyBytesMax))
            .value());
    co_return co_await answer(state, connection, std::move(refusal), false);
  }
  if (error || connection->closed) co_return false;

  const bool keep_alive = parser->keep_alive();
  const std::shared_ptr<ApiRequest> request = api_request(*parser);
  const Answer<User> user = state->parts.authenticate(credentials(*connection, *parser));
  parser.reset();
  ApiResponse response;
  if (user) {
    request->user = *user;
    response = co_await state->parts.handle(request);
  } else {
    response = error_response(user.error());
  }
  if (request->method == "HEAD") response.body.clear();
  if (response.stream) {
    co_await stream(state, connection, std::move(response));
    co_return false;
  }
  co_return co_await answer(state, connection, std::move(response), keep_alive);
}

Task<bool> HttpServer::State::answer(std::shared_ptr<State> state,
                                     ConnectionPtr connection,
                                     ApiResponse response,
                                     bool keep_alive) {
  std::size_t size = 0;
  for (const Piece& each : response.body) size += each->size();
  std::vector<Piece> pieces;
  pieces.reserve(response.body.size() + 1);
  std::string head = response_head(response);
  head += "Content-Length: " + std::to_string(size) + "\r\n";
  if (!keep_alive) head += "Connection: close\r\n";
  pieces.push_back(piece(head + "\r\n"));
  for (Piece& each : response.body) pieces.push_back(std::move(each));
  const bool written =
      co_await write_pieces(connection, std::move(pieces), state->in(kWriteDeadline));
  co_return written&& keep_alive;
}

// ---- streams ------------------------------------------------------------------------------------

/// A client that hangs up while it watches says nothing else.
Task<void> HttpServer::State::watch_peer(ConnectionPtr connection) {
  char byte = 0;
  error_code error;
  co_await connection->tls.async_read_some(asio::buffer(&byte, 1),
                                           asio::redirect_error(asio::use_awaitable, error));
  connection->close();
}

/// The connection ends with its stream: whoever reads one does not send the next request on it.
Task<void> HttpServer::State::stream(std::shared_ptr<State> state,
                                     ConnectionPtr connection,
                                     ApiResponse response) {
  connection->stream = response.stream;
  state->tasks.spawn("api stream's peer", watch_peer(connection));
  std::vector<Piece> pieces{
      piece(response_head(response) + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n")};
  for (;;) {
    const bool written =
        co_await write_pieces(connection, std::move(pieces), state->in(kWriteDeadline));
    if (!written) break;
    std::vector<Piece> next = co_await connection->stream->next();
    pieces = as_chunk(next);
    if (next.empty()) {
      co_await write_pieces(connection, std::move(pieces), state->in(kWriteDeadline));
      break;
    }
  }
  connection->close();
}

// ---- the server ---------------------------------------------------------------------------------

HttpServer::HttpServer(async::Executor executor, HttpParts parts)
    : state_(std::make_shared<State>(executor, std::move(parts))) {
  net::ignore_sigpipe();
}

HttpServer::~HttpServer() = default;

Result<std::uint16_t> HttpServer::listen(const std::string& address, std::uint16_t port) {
  auto opened = net::Listener::open(state_->executor, address, port);
  if (!opened) return fail(opened.error());
  std::shared_ptr<net::Listener> listener = std::move(*opened);
  state_->listeners.push_back(listener);
  state_->tasks.spawn("api accept", State::accept_loop(state_, listener));
  return listener->port();
}

Task<void> HttpServer::stop() {
  const std::shared_ptr<State> state = state_;
  state->stopping = true;
  for (const auto& listener : state->listeners) listener->close();
  const std::set<ConnectionPtr> open = state->connections;
  for (const ConnectionPtr& connection : open) connection->close();
  co_await state->tasks.join();
}

}  // namespace skerry::standalone

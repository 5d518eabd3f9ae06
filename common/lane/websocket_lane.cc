#include "common/lane/websocket_lane.h"

#include <sys/socket.h>

#include "common/net/tls_stream.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include "common/base/assert.h"
#include "common/net/deadline.h"
#include "common/net/dial.h"
#include "common/net/socket_address.h"

namespace skerry::net {

// Beast finds these by argument and calls them after a close frame. There is nothing to say below
// the websocket, and waiting for the peer's goodbye would need a deadline: the owner closes the
// socket.
void teardown(boost::beast::role_type, TlsStream&, boost::system::error_code& ec) { ec = {}; }

template <class Handler>
void async_teardown(boost::beast::role_type, TlsStream& stream, Handler&& handler) {
  boost::asio::post(stream.get_executor(),
             boost::beast::bind_front_handler(std::forward<Handler>(handler), boost::system::error_code{}));
}

}  // namespace skerry::net

namespace skerry::lane {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::string_view kSubprotocol = "skerry.lane.v1";
constexpr std::string_view kTarget = "/";
constexpr int kDrainReadsMax = 64;

// Shared by the lane and its running read and write: these end after close(), on their own.
struct State {
  State(tcp::socket socket, tls::Session session) : ws(std::move(socket), std::move(session)) {}
  websocket::stream<net::TlsStream, false> ws;
  PeerIdentity peer;
  std::string remote_address;
  std::string local_address;
  bool closed = false;
  bool timed_out = false;
  bool reading = false;
  bool writing = false;

  net::TlsStream& tls() { return ws.next_layer(); }
  tcp::socket& socket() { return ws.next_layer().next_layer(); }
};
using StatePtr = std::shared_ptr<State>;

// ---- the end ---------------------------------------------------------------------------------

// Bytes that were received and not read would make close() a reset, and that may destroy a Goodbye
// which is still on its way to the peer.
void drain(int fd) {
  char ignored[4096];
  for (int i = 0; i < kDrainReadsMax; ++i) {
    if (::recv(fd, ignored, sizeof ignored, MSG_DONTWAIT) <= 0) return;
  }
}

void close_lane(State& state) {
  if (std::exchange(state.closed, true)) return;
  error_code ignored;
  drain(state.socket().native_handle());
  state.socket().shutdown(tcp::socket::shutdown_send, ignored);
  state.socket().close(ignored);  // pending operations end with operation_aborted
}

std::function<void()> close_in_time(const StatePtr& state) {
  return [weak = std::weak_ptr<State>(state)] {
    const StatePtr alive = weak.lock();
    if (!alive || alive->closed) return;
    alive->timed_out = true;
    close_lane(*alive);
  };
}

Error explain(State& state, const error_code& ec) {
  if (state.timed_out) return {Code::kTimeout, "the other side did not answer in time", {}};
  if (state.closed) return {Code::kCancelled, "the lane is closed", {}};
  if (state.tls().failure()) return *state.tls().failure();
  if (ec == websocket::error::closed)
    return {Code::kUnavailable, "the other side closed the lane", {}};
  if (ec == websocket::error::message_too_big || ec == websocket::error::buffer_overflow) {
    return {Code::kTooLarge, "the other side sent a frame over 16 KiB", {}};
  }
  if (ec == http::error::header_limit) {
    return {Code::kTooLarge, "the other side sent HTTP headers over 8 KiB", {}};
  }
  if (ec == asio::error::eof || ec == http::error::end_of_stream ||
      ec == http::error::partial_message) {
    return {Code::kUnavailable, "the other side closed the connection", {}};
  }
  const error_code any_websocket = websocket::error::bad_opcode;
  const error_code any_http = http::error::bad_version;
  if (ec.category() == any_websocket.category() || ec.category() == any_http.category()) {
    return {Code::kMalformed, "the other side does not keep to the protocol: " + ec.message(), {}};
  }
  return {Code::kUnavailable, "the connection broke: " + ec.message(), {}};
}

// ---- the beginning ---------------------------------------------------------------------------

Result<StatePtr> make_state(const async::Executor& executor,
                            net::Incoming incoming,
                            tls::Session session) {
  const int fd = incoming.socket.fd();
  net::prepare_socket(fd);
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return fail(Code::kUnavailable, "the connection is gone");
  }
  tcp::socket socket(executor);
  error_code ec;
  socket.assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), fd, ec);
  if (ec) return fail(Code::kUnavailable, "cannot use the connection: " + ec.message());
  incoming.socket.release();
  auto state = std::make_shared<State>(std::move(socket), std::move(session));
  state->remote_address = std::move(incoming.remote_address);
  state->local_address = net::ip_text(address);
  state->ws.binary(true);
  state->ws.auto_fragment(false);
  state->ws.read_message_max(kFrameBytesMax);
  return state;
}

// The upgrade's headers count: a whole reconnect stays below 1 KB after the TLS handshake.
template <class Message>
void add_subprotocol(Message& message) {
  message.set(http::field::sec_websocket_protocol,
              beast::string_view(kSubprotocol.data(), kSubprotocol.size()));
}

PeerIdentity identity_of(const tls::Session& session) {
  PeerIdentity out;
  if (!session.peer()) return out;
  out.common_name = session.peer()->common_name;
  out.serial_hex = session.peer()->serial_hex;
  out.expired = session.peer_expired();
  out.not_before = session.peer()->not_before;
  out.not_after = session.peer()->not_after;
  return out;
}

// ---- the hub's side ----------------------------------------------------------------------------

using Request = http::request<http::empty_body>;

// Why this is not the beginning of a lane; ok when it is.
http::status judge_request(const Request& request) {
  if (!websocket::is_upgrade(request)) return http::status::upgrade_required;
  if (request.target() != beast::string_view(kTarget.data(), kTarget.size())) {
    return http::status::not_found;
  }
  const auto offered = request[http::field::sec_websocket_protocol];
  const beast::string_view ours(kSubprotocol.data(), kSubprotocol.size());
  return http::token_list(offered).exists(ours) ? http::status::ok : http::status::bad_request;
}

async::Task<Result<Request>> read_request(StatePtr state) {
  beast::flat_buffer buffer(kHttpHeaderBytesMax);
  http::request_parser<http::empty_body> parser;
  parser.header_limit(kHttpHeaderBytesMax);
  error_code ec;
  co_await http::async_read_header(state->tls(), buffer, parser,
                                   asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return fail(explain(*state, ec));
  const http::status judged = judge_request(parser.get());
  if (judged == http::status::ok && buffer.size() == 0) co_return parser.release();
  http::response<http::empty_body> refusal(
      judged == http::status::ok ? http::status::bad_request : judged, 11);
  refusal.set(http::field::connection, "close");
  refusal.prepare_payload();
  co_await http::async_write(state->tls(), refusal, asio::redirect_error(asio::use_awaitable, ec));
  co_return fail(Code::kUnsupported, "HTTP that is not the beginning of a lane, answered by " +
                                         std::to_string(refusal.result_int()));
}

async::Task<Result<void>> open_as_hub(StatePtr state) {
  error_code ec;
  co_await state->tls().async_handshake(asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return fail(explain(*state, ec));
  const Result<Request> request = co_await read_request(state);
  if (!request) co_return fail(request.error());
  state->ws.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
    add_subprotocol(response);
    // Shorter than what Beast would write: its own name, "Switching Protocols".
    response.set(http::field::server, "");
    response.reason("OK");
  }));
  co_await state->ws.async_accept(*request, asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return fail(explain(*state, ec));
  co_return Result<void>();
}

// ---- the node's side ---------------------------------------------------------------------------

Error http_refusal(unsigned status) {
  const std::string what = "something that is not a Skerry hub answered HTTP " +
                           std::to_string(status) +
                           ": check the address, or the proxy before the hub";
  return {status >= 500 ? Code::kUnavailable : Code::kUnsupported, what, {}};
}

async::Task<Result<void>> open_as_node(StatePtr state, std::string host) {
  error_code ec;
  co_await state->tls().async_handshake(asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return fail(explain(*state, ec));
  state->ws.set_option(websocket::stream_base::decorator(
      [](websocket::request_type& request) { add_subprotocol(request); }));
  websocket::response_type response;
  const beast::string_view target(kTarget.data(), kTarget.size());
  co_await state->ws.async_handshake(response, host, target,
                                     asio::redirect_error(asio::use_awaitable, ec));
  if (ec == websocket::error::upgrade_declined) co_return fail(http_refusal(response.result_int()));
  if (ec) co_return fail(explain(*state, ec));
  const auto agreed = response[http::field::sec_websocket_protocol];
  if (agreed != beast::string_view(kSubprotocol.data(), kSubprotocol.size())) {
    co_return fail(
        Code::kUnsupported,
        "a websocket server that does not speak skerry.lane.v1 answered: check the address");
  }
  co_return Result<void>();
}

// ---- frames ----------------------------------------------------------------------------------

async::Task<Result<std::string>> read_frame(StatePtr state) {
  if (state->closed) co_return fail(Code::kCancelled, "the lane is closed");
  SKERRY_ASSERT(!std::exchange(state->reading, true), "two reads of one lane");
  std::string frame;
  // Room beyond the limit, so that read_message_max is what refuses a frame.
  auto buffer = asio::dynamic_buffer(frame, 2 * kFrameBytesMax);
  error_code ec;
  co_await state->ws.async_read(buffer, asio::redirect_error(asio::use_awaitable, ec));
  state->reading = false;
  if (ec) co_return fail(explain(*state, ec));
  if (state->closed) co_return fail(Code::kCancelled, "the lane is closed");
  if (!state->ws.got_binary()) co_return fail(Code::kMalformed, "a lane frame that is text");
  co_return frame;
}

async::Task<Result<void>> write_frame(StatePtr state, std::string frame, TimePoint deadline) {
  if (state->closed) co_return fail(Code::kCancelled, "the lane is closed");
  SKERRY_ASSERT(frame.size() <= kFrameBytesMax, "a lane frame over its limit");
  SKERRY_ASSERT(!std::exchange(state->writing, true), "two writes of one lane");
  const net::Deadline timer(state->socket().get_executor(), deadline, close_in_time(state));
  error_code ec;
  co_await state->ws.async_write(asio::buffer(frame),
                                 asio::redirect_error(asio::use_awaitable, ec));
  state->writing = false;
  if (ec) co_return fail(explain(*state, ec));
  co_return Result<void>();
}

class WebsocketLane final : public Lane {
 public:
  explicit WebsocketLane(StatePtr state) : state_(std::move(state)) {}
  ~WebsocketLane() override { close_lane(*state_); }

  async::Task<Result<std::string>> read() override { return read_frame(state_); }
  async::Task<Result<void>> write(std::string frame, TimePoint deadline) override {
    return write_frame(state_, std::move(frame), deadline);
  }
  void close() override { close_lane(*state_); }
  TimePoint last_received() const override { return state_->tls().last_received(); }
  const PeerIdentity& peer() const override { return state_->peer; }
  const std::string& remote_address() const override { return state_->remote_address; }
  const std::string& local_address() const override { return state_->local_address; }

 private:
  StatePtr state_;
};

LaneResult finish(const StatePtr& state, const Result<void>& opened, std::string_view doing) {
  if (!opened) {
    close_lane(*state);
    return fail(doing, opened.error());
  }
  state->peer = identity_of(state->tls().session());
  return std::make_unique<WebsocketLane>(state);
}

}  // namespace

async::Task<LaneResult> accept_websocket(net::Incoming incoming,
                                         std::shared_ptr<const tls::ServerContext> context,
                                         WallTime now,
                                         TimePoint deadline) {
  net::ignore_sigpipe();
  const async::Executor executor = co_await asio::this_coro::executor;
  Result<tls::Session> session = context->start(now);
  if (!session) co_return fail(session.error());
  Result<StatePtr> made = make_state(executor, std::move(incoming), std::move(*session));
  if (!made) co_return fail(made.error());
  const StatePtr state = *made;
  const net::Deadline timer(executor, deadline, close_in_time(state));
  const Result<void> opened = co_await open_as_hub(state);
  co_return finish(state, opened, state->remote_address);
}

async::Task<LaneResult> connect_websocket(Dial dial_to, TimePoint deadline) {
  const async::Executor executor = co_await asio::this_coro::executor;
  Result<net::Incoming> connected = co_await net::dial(dial_to.host, dial_to.port, deadline);
  if (!connected) co_return fail(connected.error());
  Result<tls::Session> session = dial_to.context->start(dial_to.host, dial_to.now);
  if (!session) co_return fail(session.error());
  Result<StatePtr> made = make_state(executor, std::move(*connected), std::move(*session));
  if (!made) co_return fail(made.error());
  const StatePtr state = *made;
  const net::Deadline timer(executor, deadline, close_in_time(state));
  const std::string where = net::host_and_port(dial_to.host, dial_to.port);
  const Result<void> opened = co_await open_as_node(state, where);
  co_return finish(state, opened, where);
}

}  // namespace skerry::lane

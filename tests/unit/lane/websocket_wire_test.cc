// The lane against peers that are no lane: bytes made by hand over the same TLS stream.
#include <openssl/ssl.h>

#include "common/net/dial.h"
#include "common/net/listener.h"
#include "common/net/tls_stream.h"
#include "common/lane/websocket_lane.h"
#include "tests/unit/lane/tls_fixture.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

using namespace skerry;
using namespace skerry::lane;
namespace asio = boost::asio;

namespace {

const std::string kUpgrade =
    "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: skerry.lane.v1\r\n\r\n";

// What a raw peer writes, in pieces; after each piece but the last it waits for some answer.
using Script = std::vector<std::string>;

struct Scene {
  Loop loop;
  std::unique_ptr<net::Listener> listener;
  LaneResult lane = fail(Code::kInternal, "not opened");
  std::optional<Result<std::string>> frame;
  std::string heard;                // by the raw peer
  std::uint64_t heard_on_wire = 0;  // its bytes after the handshake, TLS included
  std::unique_ptr<net::TlsStream> raw;

  Scene() { listener = net::Listener::open(loop.io.get_executor(), "127.0.0.1", 0).value(); }
  ~Scene() {
    lane = fail(Code::kInternal, "closed");
    listener.reset();
    loop.run();
  }
};

net::TlsStream::next_layer_type socket_of(Scene& scene, net::Incoming incoming) {
  net::TlsStream::next_layer_type socket(scene.loop.io);
  net::prepare_socket(incoming.socket.fd());
  socket.assign(asio::ip::tcp::v4(), incoming.socket.release());
  return socket;
}

async::Task<void> play(Scene& scene, Script script) {
  boost::system::error_code ec;
  net::TlsStream& raw = *scene.raw;
  co_await raw.async_handshake(asio::redirect_error(asio::use_awaitable, ec));
  BIO* wire = SSL_get_rbio(raw.session().ssl());
  const std::uint64_t before = BIO_number_read(wire);
  for (std::size_t i = 0; !ec && i < script.size(); ++i) {
    co_await asio::async_write(raw, asio::buffer(script[i]),
                               asio::redirect_error(asio::use_awaitable, ec));
    if (ec || i + 1 == script.size()) break;
    std::string answer(4096, '\0');
    const std::size_t size = co_await raw.async_read_some(
        asio::buffer(answer), asio::redirect_error(asio::use_awaitable, ec));
    scene.heard += answer.substr(0, size);
  }
  scene.heard_on_wire = BIO_number_read(wire) - before;
}

// A raw node: connects to a real hub.
async::Task<void> raw_node(Scene& scene, const Keys& keys, Script script) {
  Result<net::Incoming> out = co_await net::dial("127.0.0.1", scene.listener->port(), scene.loop.patience());
  const auto context = keys.node_context(std::nullopt);
  scene.raw = std::make_unique<net::TlsStream>(socket_of(scene, std::move(*out)),
                                          context->start("127.0.0.1", keys.now).value());
  co_await play(scene, std::move(script));
}

async::Task<void> real_hub(Scene& scene, const Keys& keys, TimePoint deadline) {
  Result<net::Incoming> in = co_await scene.listener->accept(scene.loop.patience());
  scene.lane = co_await accept_websocket(std::move(*in), keys.hub_context(), keys.now, deadline);
  if (scene.lane) scene.frame = co_await (*scene.lane)->read();
}

// A raw hub: takes a real node. It listens before it speaks.
async::Task<void> raw_hub(Scene& scene, const Keys& keys, std::string answer) {
  Result<net::Incoming> in = co_await scene.listener->accept(scene.loop.patience());
  scene.raw = std::make_unique<net::TlsStream>(socket_of(scene, std::move(*in)),
                                          keys.hub_context()->start(keys.now).value());
  Script script{"", std::move(answer)};  // g++ 12 takes no initializer list inside a co_await
  co_await play(scene, std::move(script));
}

async::Task<void> real_node(Scene& scene, const Keys& keys, TimePoint deadline) {
  Dial dial{"127.0.0.1", scene.listener->port(), keys.node_context(std::nullopt), keys.now};
  scene.lane = co_await connect_websocket(std::move(dial), deadline);
}

Error hub_meets(Script script) {
  const Keys keys;
  Scene scene;
  scene.loop.spawn(real_hub(scene, keys, scene.loop.patience()));
  scene.loop.spawn(raw_node(scene, keys, std::move(script)));
  scene.loop.run();
  if (!scene.lane) return scene.lane.error();
  REQUIRE(scene.frame);
  REQUIRE_FALSE(*scene.frame);
  return scene.frame->error();
}

Error node_meets(std::string answer) {
  const Keys keys;
  Scene scene;
  scene.loop.spawn(raw_hub(scene, keys, std::move(answer)));
  scene.loop.spawn(real_node(scene, keys, scene.loop.patience()));
  scene.loop.run();
  REQUIRE_FALSE(scene.lane);
  return scene.lane.error();
}

void expect(const Error& error, Code code, const std::string& words) {
  INFO(error.what);
  CHECK(error.code == code);
  CHECK(error.what.find(words) != std::string::npos);
}

// A masked client frame with mask zero: header by RFC 6455 5.2, then the payload as it is.
std::string client_frame(unsigned char opcode, std::uint64_t size, const std::string& payload) {
  const int length_bytes = size < 126 ? 0 : size < 65'536 ? 2 : 8;
  const auto length = length_bytes == 0 ? static_cast<int>(size) : length_bytes == 2 ? 126 : 127;
  std::string out{static_cast<char>(0x80 | opcode), static_cast<char>(0x80 | length)};
  for (int i = length_bytes - 1; i >= 0; --i) out += static_cast<char>(size >> (8 * i) & 0xff);
  return out + std::string(4, '\0') + payload;
}

}  // namespace

TEST_CASE("Websocket: the upgrade costs little on the wire", "[lane]") {
  const Keys keys;
  Scene request;
  request.loop.spawn(raw_hub(request, keys, "HTTP/1.1 404 no\r\nContent-Length: 0\r\n\r\n"));
  request.loop.spawn(real_node(request, keys, request.loop.patience()));
  request.loop.run();
  INFO(request.heard);
  CHECK(request.heard.rfind("GET / HTTP/1.1\r\n", 0) == 0);
  CHECK(request.heard_on_wire < 225);

  Scene answer;
  answer.loop.spawn(real_hub(answer, keys, answer.loop.patience()));
  answer.loop.spawn(raw_node(answer, keys, {kUpgrade, client_frame(1, 2, "hi")}));
  answer.loop.run();
  INFO(answer.heard);
  CHECK(answer.heard.rfind("HTTP/1.1 101 ", 0) == 0);
  CHECK(answer.heard_on_wire < 190);
}

TEST_CASE("Websocket: a hub refuses what is no beginning of a lane", "[lane]") {
  expect(hub_meets({"GET / HTTP/1.1\r\nHost: h\r\n\r\n", ""}), Code::kUnsupported, "426");
  std::string other = kUpgrade;
  other.replace(other.find("skerry.lane.v1"), 14, "skerry.lane.v9");
  expect(hub_meets({other, ""}), Code::kUnsupported, "400");
  std::string elsewhere = kUpgrade;
  elsewhere.replace(0, 5, "GET /x");
  expect(hub_meets({elsewhere, ""}), Code::kUnsupported, "404");
  expect(hub_meets({"hello\r\n\r\n"}), Code::kMalformed, "does not keep to the protocol");
  expect(hub_meets({kUpgrade + "early bytes", ""}), Code::kUnsupported, "400");
}

TEST_CASE("Websocket: endless headers are cut off at 8 KiB", "[lane]") {
  std::string endless = "GET / HTTP/1.1\r\n";
  while (endless.size() < 9'000) endless += "X-Filler: 0123456789\r\n";
  const Error error = hub_meets({endless});
  INFO(error.what);
  CHECK((error.code == Code::kTooLarge || error.code == Code::kMalformed));
}

TEST_CASE("Websocket: a hub refuses frames that break the rules", "[lane]") {
  const std::size_t over = kFrameBytesMax + 1;
  expect(hub_meets({kUpgrade, client_frame(2, over, std::string(over, 'x'))}), Code::kTooLarge,
         "over 16 KiB");
  // Refused by its header alone: the bytes never come.
  expect(hub_meets({kUpgrade, client_frame(2, 1ull << 62, "")}), Code::kTooLarge, "over 16 KiB");
  const std::string text = client_frame(1, 200, std::string(200, 'x'));
  expect(hub_meets({kUpgrade, text}), Code::kMalformed, "text");
  expect(hub_meets({kUpgrade, client_frame(15, 0, "")}), Code::kMalformed, "protocol");
  expect(hub_meets({kUpgrade, std::string("\x82\x01x", 3)}), Code::kMalformed, "protocol");
}

TEST_CASE("Websocket: a node says what else answered", "[lane]") {
  expect(node_meets("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"),
         Code::kUnavailable, "HTTP 503");
  expect(node_meets("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nnope!"), Code::kUnsupported,
         "HTTP 404");
  expect(node_meets("SSH-2.0-OpenSSH_9.2\r\n"), Code::kMalformed, "does not keep to the protocol");
}

TEST_CASE("Websocket: a silent peer costs no longer than the deadline", "[lane]") {
  const Keys keys;
  Scene scene;
  SECTION("after the handshake, at the hub") {
    scene.loop.spawn(real_hub(scene, keys, scene.loop.in(300ms)));
    scene.loop.spawn(raw_node(scene, keys, {""}));
  }
  SECTION("before the handshake, at the node") {
    scene.loop.spawn(real_node(scene, keys, scene.loop.in(100ms)));
  }
  scene.loop.run();
  REQUIRE_FALSE(scene.lane);
  CHECK(scene.lane.error().code == Code::kTimeout);
}

TEST_CASE("Websocket: a peer without TLS is told apart", "[lane]") {
  const Keys keys;
  Scene scene;
  const auto plain = [](Scene& s) -> async::Task<void> {
    Result<net::Incoming> out = co_await net::dial("127.0.0.1", s.listener->port(), s.loop.patience());
    auto socket = socket_of(s, std::move(*out));
    boost::system::error_code ec;
    const std::string hello = "GET / HTTP/1.1\r\nHost: hub\r\n\r\n";
    co_await asio::async_write(socket, asio::buffer(hello),
                               asio::redirect_error(asio::use_awaitable, ec));
  };
  scene.loop.spawn(real_hub(scene, keys, scene.loop.patience()));
  scene.loop.spawn(plain(scene));
  scene.loop.run();
  REQUIRE_FALSE(scene.lane);
  CHECK(scene.lane.error().code == Code::kUnsupported);
  CHECK(scene.lane.error().what.find("does not speak TLS") != std::string::npos);
}

TEST_CASE("Websocket: why a hub refused is found behind its reset", "[lane]") {
  const Keys keys, others;
  Scene scene;
  bool refused = false;
  const auto hub = [](Scene& s, const Keys& k, bool& done) -> async::Task<void> {
    co_await real_hub(s, k, s.loop.patience());
    done = true;
  };
  const auto node = [](Scene& s, const Keys& hub_keys, const Keys& own) -> async::Task<void> {
    Result<net::Incoming> out = co_await net::dial("127.0.0.1", s.listener->port(), s.loop.patience());
    const auto context = hub_keys.node_context(own.node());
    s.raw = std::make_unique<net::TlsStream>(socket_of(s, std::move(*out)),
                                        context->start("127.0.0.1", hub_keys.now).value());
    boost::system::error_code ec;
    co_await s.raw->async_handshake(asio::redirect_error(asio::use_awaitable, ec));
  };
  const auto write = [](Scene& s) -> async::Task<void> {
    boost::system::error_code ec;
    while (!ec) {
      co_await asio::async_write(*s.raw, asio::buffer(kUpgrade),
                                 asio::redirect_error(asio::use_awaitable, ec));
    }
  };
  scene.loop.spawn(hub(scene, keys, refused));
  scene.loop.spawn(node(scene, keys, others));
  scene.loop.run();
  REQUIRE(refused);
  scene.loop.spawn(write(scene));  // nothing was read: the first error is the reset
  scene.loop.run();
  REQUIRE(scene.raw->failure());
  expect(*scene.raw->failure(), Code::kUnauthorized, "does not trust the CA of our certificate");
}

TEST_CASE("Websocket: a byte inside a frame counts as received", "[lane]") {
  const Keys keys;
  Scene scene;
  scene.loop.spawn(real_hub(scene, keys, scene.loop.patience()));
  scene.loop.spawn(raw_node(scene, keys, {kUpgrade, client_frame(2, 1'000, "first")}));
  scene.loop.run_until([&] { return scene.loop.running == 1 && scene.lane.has_value(); });
  TimePoint last = (*scene.lane)->last_received();
  for (int i = 0; i < 3; ++i) {
    const auto piece = [](Scene& s) -> async::Task<void> {
      boost::system::error_code ec;
      const std::string more(10, 'x');
      co_await asio::async_write(*s.raw, asio::buffer(more),
                                 asio::redirect_error(asio::use_awaitable, ec));
    };
    scene.loop.spawn(piece(scene));
    scene.loop.run_until([&] { return (*scene.lane)->last_received() > last; });
    last = (*scene.lane)->last_received();
    CHECK_FALSE(scene.frame);
  }
  (*scene.lane)->close();
}

#include "common/lane/websocket_lane.h"

#include <random>

#include "common/net/listener.h"
#include "tests/unit/lane/tls_fixture.h"

using namespace skerry;
using namespace skerry::lane;

namespace {

struct Ends {
  Loop loop;
  std::unique_ptr<net::Listener> listener;
  LaneResult hub = fail(Code::kInternal, "not opened");
  LaneResult node = fail(Code::kInternal, "not opened");

  Ends() { listener = net::Listener::open(loop.io.get_executor(), "127.0.0.1", 0).value(); }
  ~Ends() {
    hub = fail(Code::kInternal, "closed");
    node = fail(Code::kInternal, "closed");
    listener.reset();
    loop.run();
  }
};

async::Task<void> accept_into(Ends& ends,
                              std::shared_ptr<tls::ServerContext> context,
                              WallTime now) {
  Result<net::Incoming> incoming = co_await ends.listener->accept(ends.loop.patience());
  if (incoming) {
    ends.hub = co_await accept_websocket(std::move(*incoming), context, now, ends.loop.patience());
  }
}

async::Task<void> connect_into(Ends& ends, Dial dial) {
  ends.node = co_await connect_websocket(std::move(dial), ends.loop.patience());
}

void open(Ends& ends, const Keys& keys, std::shared_ptr<tls::ClientContext> node) {
  ends.loop.spawn(accept_into(ends, keys.hub_context(), keys.now));
  ends.loop.spawn(connect_into(ends, {"127.0.0.1", ends.listener->port(), node, keys.now}));
  ends.loop.run();
}

async::Task<void> read_into(Lane& lane, std::optional<Result<std::string>>& out) {
  out = co_await lane.read();
}

async::Task<void> write_into(Lane& lane,
                             std::string frame,
                             TimePoint deadline,
                             std::optional<Result<void>>& out) {
  out = co_await lane.write(std::move(frame), deadline);
}

async::Task<void> echo(Lane& lane, int frames, TimePoint deadline) {
  for (int i = 0; i < frames; ++i) {
    Result<std::string> frame = co_await lane.read();
    if (!frame) co_return;
    const Result<void> written = co_await lane.write(std::move(*frame), deadline);
    if (!written) co_return;
  }
}

async::Task<void> count(Lane& lane, int& frames) {
  for (;;) {
    const Result<std::string> frame = co_await lane.read();
    if (!frame) co_return;
    ++frames;
  }
}

async::Task<void> say(Lane& lane,
                      std::vector<std::string> frames,
                      int& came_back,
                      TimePoint deadline) {
  for (std::string& frame : frames) {
    const Result<void> written = co_await lane.write(frame, deadline);
    if (!written) co_return;
    const Result<std::string> answer = co_await lane.read();
    if (!answer || *answer != frame) co_return;
    ++came_back;
  }
}

void expect_refusal(const LaneResult& result, Code code, const std::string& words) {
  REQUIRE_FALSE(result);
  INFO(result.error().what);
  CHECK(result.error().code == code);
  CHECK(result.error().what.find(words) != std::string::npos);
  CHECK(result.error().what.find('\n') == std::string::npos);
}

}  // namespace

TEST_CASE("WebsocketLane: both sides know each other and 1,000 frames come back", "[lane]") {
  const Keys keys;
  Ends ends;
  open(ends, keys, keys.node_context(keys.node()));
  REQUIRE(ends.hub);
  REQUIRE(ends.node);
  CHECK((*ends.hub)->peer().common_name == "system:node:gateway-7");
  CHECK((*ends.hub)->peer().serial_hex.size() == 32);
  CHECK_FALSE((*ends.hub)->peer().expired);
  CHECK((*ends.hub)->remote_address().rfind("127.0.0.1:", 0) == 0);
  std::mt19937 random(5);
  std::vector<std::string> frames;
  for (int i = 0; i < 1'000; ++i) {
    const std::size_t size = i % 10 == 0 ? kFrameBytesMax - random() % 3 : 1 + random() % 300;
    frames.emplace_back(size, static_cast<char>(random()));
  }
  int came_back = 0;
  ends.loop.spawn(echo(**ends.hub, 1'000, ends.loop.patience()));
  ends.loop.spawn(say(**ends.node, frames, came_back, ends.loop.patience()));
  ends.loop.run();
  CHECK(came_back == 1'000);
}

TEST_CASE("WebsocketLane: a node without certificate is nobody, an expired one is flagged",
          "[lane]") {
  const Keys keys;
  Ends ends;
  SECTION("none") {
    open(ends, keys, keys.node_context(std::nullopt));
    REQUIRE(ends.hub);
    CHECK(ends.node);
    CHECK((*ends.hub)->peer().common_name.empty());
  }
  SECTION("expired") {
    open(ends, keys, keys.node_context(keys.node(keys.now - std::chrono::hours(24 * 40))));
    REQUIRE(ends.hub);
    CHECK(ends.node);
    CHECK((*ends.hub)->peer().common_name == "system:node:gateway-7");
    CHECK((*ends.hub)->peer().expired);
  }
}

TEST_CASE("WebsocketLane: a certificate by another CA is refused in words on both sides",
          "[lane]") {
  const Keys keys, others;
  for (int i = 0; i < 10; ++i) {  // the alert races with the hub's reset
    Ends ends;
    open(ends, keys, keys.node_context(others.node()));
    expect_refusal(ends.hub, Code::kUnauthorized, "was not issued by this hub's CA");
    expect_refusal(ends.node, Code::kUnauthorized, "does not trust the CA of our certificate");
  }
}

TEST_CASE("WebsocketLane: a hub by another CA or name is refused", "[lane]") {
  const Keys keys, others;
  Ends ends;
  SECTION("CA") {
    open(ends, keys, others.node_context(std::nullopt));
    expect_refusal(ends.node, Code::kUnauthorized, "was not issued by a CA that this node trusts");
  }
  SECTION("joining with another hub's token") {
    const Sha256 root = tls::parse_certificate(others.ca.certificate_pem)->sha256;
    open(ends, keys, tls::ClientContext::create({"", root}, std::nullopt).value());
    expect_refusal(ends.node, Code::kUnauthorized, "the join token names");
  }
  CHECK_FALSE(ends.hub);
}

TEST_CASE("WebsocketLane: a join believes the root that its token names", "[lane]") {
  const Keys keys;
  Ends ends;
  const Sha256 root = tls::parse_certificate(keys.ca.certificate_pem)->sha256;
  open(ends, keys, tls::ClientContext::create({"", root}, std::nullopt).value());
  CHECK(ends.hub);
  CHECK(ends.node);
}

TEST_CASE("WebsocketLane: a hub is found by name", "[lane]") {
  const Keys keys;
  Ends ends;
  const auto node = keys.node_context(std::nullopt);
  ends.loop.spawn(accept_into(ends, keys.hub_context(), keys.now));
  ends.loop.spawn(connect_into(ends, {"localhost", ends.listener->port(), node, keys.now}));
  ends.loop.run();
  CHECK(ends.node);
}

TEST_CASE("WebsocketLane: nobody listens there", "[lane]") {
  const Keys keys;
  Ends ends;
  const std::uint16_t port = ends.listener->port();
  ends.listener->close();
  ends.loop.spawn(
      connect_into(ends, {"127.0.0.1", port, keys.node_context(std::nullopt), keys.now}));
  ends.loop.run();
  expect_refusal(ends.node, Code::kUnavailable, "Connection refused");
}

TEST_CASE("WebsocketLane: close ends a pending read here and the lane there", "[lane]") {
  const Keys keys;
  Ends ends;
  open(ends, keys, keys.node_context(keys.node()));
  REQUIRE(ends.hub);
  std::optional<Result<std::string>> at_hub, at_node;
  ends.loop.spawn(read_into(**ends.hub, at_hub));
  ends.loop.spawn(read_into(**ends.node, at_node));
  ends.loop.io.poll();
  (*ends.hub)->close();
  (*ends.hub)->close();
  ends.loop.run();
  CHECK(at_hub->error().code == Code::kCancelled);
  CHECK(at_node->error().code == Code::kUnavailable);
  std::optional<Result<std::string>> again;
  ends.loop.spawn(read_into(**ends.hub, again));
  ends.loop.run();
  CHECK(again->error().code == Code::kCancelled);
}

TEST_CASE("WebsocketLane: a lane may be destroyed while it reads", "[lane]") {
  const Keys keys;
  Ends ends;
  open(ends, keys, keys.node_context(keys.node()));
  REQUIRE(ends.hub);
  std::optional<Result<std::string>> at_hub;
  ends.loop.spawn(read_into(**ends.hub, at_hub));
  ends.loop.io.poll();
  ends.hub = fail(Code::kInternal, "destroyed");
  ends.loop.run();
  CHECK(at_hub->error().code == Code::kCancelled);
}

TEST_CASE("WebsocketLane: what was written before close arrives, also past unread bytes",
          "[lane]") {
  const Keys keys;
  Ends ends;
  open(ends, keys, keys.node_context(keys.node()));
  REQUIRE(ends.hub);
  std::optional<Result<void>> unread, written;
  ends.loop.spawn(write_into(**ends.node, std::string(9'000, 'r'), ends.loop.patience(), unread));
  ends.loop.run();
  // Until the connection takes no more: then a part of it waits on this side of the network.
  int sent = 0;
  for (;; ++sent) {
    written.reset();
    ends.loop.spawn(write_into(**ends.hub, std::string(1'000, 'g'), ends.loop.patience(), written));
    for (int i = 0; i < 20 && !written; ++i) ends.loop.io.poll();
    if (!written) break;
  }
  int arrived = 0;
  ends.loop.spawn(count(**ends.node, arrived));
  ends.loop.run_until([&] { return written.has_value(); });
  (*ends.hub)->close();
  ends.loop.run();
  CHECK(arrived == sent + 1);
}

TEST_CASE("WebsocketLane: a write that nobody takes ends at its deadline", "[lane]") {
  const Keys keys;
  Ends ends;
  open(ends, keys, keys.node_context(keys.node()));
  REQUIRE(ends.hub);
  std::optional<Result<void>> written;
  for (int i = 0; i < 5'000 && (!written || *written); ++i) {
    written.reset();
    ends.loop.spawn(
        write_into(**ends.hub, std::string(kFrameBytesMax, 'x'), ends.loop.in(200ms), written));
    ends.loop.run();
  }
  REQUIRE_FALSE(*written);
  CHECK(written->error().code == Code::kTimeout);
}

TEST_CASE("Listener: waits no longer than its deadline, and goes on after it", "[lane]") {
  const Keys keys;
  Ends ends;
  std::optional<Result<net::Incoming>> nobody;
  const auto wait = [](Ends& e, std::optional<Result<net::Incoming>>& out) -> async::Task<void> {
    out = co_await e.listener->accept(e.loop.in(20ms));
  };
  ends.loop.spawn(wait(ends, nobody));
  ends.loop.run();
  CHECK(nobody->error().code == Code::kTimeout);
  open(ends, keys, keys.node_context(std::nullopt));
  CHECK(ends.hub);
}

TEST_CASE("Listener: says why it cannot listen", "[lane]") {
  Ends ends;
  const auto executor = ends.loop.io.get_executor();
  CHECK(net::Listener::open(executor, "hub.example", 0).error().code == Code::kMalformed);
  const Result<std::unique_ptr<net::Listener>> taken =
      net::Listener::open(executor, "127.0.0.1", ends.listener->port());
  CHECK(taken.error().code == Code::kConflict);
}

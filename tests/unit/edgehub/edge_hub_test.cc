#include "edgecore/edgehub/edge_hub.h"

#include "common/async/task_group.h"
#include "tests/support/catch.h"
#include "tests/support/manual_world.h"
#include "tests/support/run_task.h"
#include "tests/unit/metamanager/store_fixture.h"

using namespace skerry;
using namespace skerry::edgehub;

namespace {

/// A connection on which the hub says nothing.
class SilentLane final : public lane::Lane {
 public:
  explicit SilentLane(const async::Executor& executor) : closed_(executor) {}
  async::Task<Result<std::string>> read() override {
    co_await closed_.wait_until(TimePoint::max());
    co_return fail(Code::kCancelled, "closed");
  }
  async::Task<Result<void>> write(std::string, TimePoint) override { co_return Result<void>(); }
  void close() override { closed_.notify(); }
  TimePoint last_received() const override { return {}; }
  const lane::PeerIdentity& peer() const override { return peer_; }
  const std::string& remote_address() const override { return address_; }
  const std::string& local_address() const override { return address_; }

 private:
  async::Wakeup closed_;
  lane::PeerIdentity peer_;
  std::string address_ = "10.0.0.7";
};

enum class Network { kRefuses, kSwallows, kWorks };

struct Fixture {
  Fixture() {
    // Backoffs lie an hour ahead: what dials again in a test was told to.
    world.set_now(std::chrono::steady_clock::now() + 1h);
    hub = std::make_unique<EdgeHub>(
        loop.get_executor(), world.world(),
        LinkProtocol::Identity{NodeName("n1"), "1.0", BootId("b")},
        [](const k8s::Object&) { return Result<void>(); }, meta, [this] { return dial(); },
        LinkHandlers{});
    tasks.spawn("link", hub->run());
    settle();
  }
  ~Fixture() {
    network = Network::kRefuses;
    hub->stop();
    swallowed.notify();
    test::run_task(loop, tasks.join());
  }

  async::Task<Result<std::unique_ptr<lane::Lane>>> dial() {
    ++dials;
    if (network == Network::kSwallows) co_await swallowed.wait_until(TimePoint::max());
    if (network != Network::kWorks) co_return fail(Code::kUnavailable, "unreachable");
    co_return std::make_unique<SilentLane>(loop.get_executor());
  }
  void settle() {
    loop.restart();
    while (loop.poll() > 0) {
    }
  }
  /// The store's thread answers when it likes.
  void wait_for_connection() {
    loop.restart();
    while (hub->local_address().empty()) loop.run_one();
    settle();
  }

  boost::asio::io_context loop;
  async::TaskGroup tasks{loop.get_executor()};
  async::Wakeup swallowed{loop.get_executor()};
  test::ManualWorld world;
  metamanager::StoreOnDisk disk;
  metamanager::MetaManager meta{loop.get_executor(), std::move(disk.store)};
  std::unique_ptr<EdgeHub> hub;
  Network network = Network::kRefuses;
  int dials = 0;
};

std::uint64_t redials(const Fixture& f, RedialCause cause) {
  return f.hub->status().redials[static_cast<std::size_t>(cause)];
}

}  // namespace

TEST_CASE("EdgeHub: a change of the network ends the wait for the next dial", "[edgehub]") {
  Fixture f;
  CHECK(f.dials == 1);
  f.hub->redial_now(RedialCause::kNetwork);
  f.settle();
  CHECK(f.dials == 2);
  CHECK(redials(f, RedialCause::kNetwork) == 1);
  CHECK(redials(f, RedialCause::kBackoff) == 0);
  CHECK(f.hub->status().failed_dials == 2);
}

TEST_CASE("EdgeHub: a dial that the old network swallowed is not waited for", "[edgehub]") {
  Fixture f;
  f.network = Network::kSwallows;
  f.hub->redial_now(RedialCause::kNetwork);
  f.settle();
  CHECK(f.dials == 2);
  f.network = Network::kWorks;
  f.hub->redial_now(RedialCause::kNetwork);
  f.wait_for_connection();
  CHECK(f.dials == 3);
  CHECK(f.hub->status().connections == 1);
}

TEST_CASE("EdgeHub: dials that nobody waits for are limited", "[edgehub]") {
  Fixture f;
  f.network = Network::kSwallows;
  for (int i = 0; i < 20; ++i) {
    f.hub->redial_now(RedialCause::kNetwork);
    f.settle();
  }
  CHECK(f.dials == 5);  // one was refused before, four wait
}

TEST_CASE("EdgeHub: a connection stays, whatever else changes", "[edgehub]") {
  Fixture f;
  f.network = Network::kWorks;
  f.hub->redial_now(RedialCause::kClock);
  f.wait_for_connection();
  CHECK(f.dials == 2);
  f.hub->redial_now(RedialCause::kNetwork);
  f.settle();
  CHECK(f.dials == 2);
  CHECK(f.hub->local_address() == "10.0.0.7");
}

TEST_CASE("EdgeHub: a connection without an address is given up and made anew", "[edgehub]") {
  Fixture f;
  f.network = Network::kWorks;
  f.hub->redial_now(RedialCause::kNetwork);
  f.wait_for_connection();
  f.hub->reconnect(RedialCause::kNetwork);
  f.settle();
  f.wait_for_connection();
  CHECK(f.dials == 3);
  CHECK(f.hub->status().connections == 2);
  CHECK(redials(f, RedialCause::kNetwork) == 2);
}

#include "edgecore/edgehub/network_watch.h"

#include "common/async/task_group.h"
#include "tests/support/catch.h"
#include "tests/support/manual_network.h"
#include "tests/support/manual_world.h"
#include "tests/support/run_task.h"

using namespace skerry;
using namespace skerry::edgehub;

namespace {

seam::NetworkState wired(const std::string& address) {
  seam::NetworkState out;
  out.interfaces = {{2, "eth0", "", false, true, false}};
  if (!address.empty()) out.addresses = {{2, address, true, false}};
  return out;
}

/// The clock stands an hour back, so that no pause is waited for.
struct Fixture {
  explicit Fixture(seam::NetworkState first) {
    world.set_now(std::chrono::steady_clock::now() - 1h);
    auto owned = std::make_unique<test::ManualNetwork>(loop.get_executor());
    network = owned.get();
    network->set(std::move(first));
    watch = std::make_unique<NetworkWatch>(
        loop.get_executor(), world.world(), std::move(owned),
        NetworkListener{[this] { return local; }, [this] { ++changes; }, [this] { ++gone; }});
    tasks.spawn("watch", watch->run());
    settle();
  }
  ~Fixture() {
    watch->stop();
    test::run_task(loop, tasks.join());
  }
  void set(seam::NetworkState state) {
    network->set(std::move(state));
    settle();
  }
  void settle() {
    loop.restart();
    while (loop.poll() > 0) {
    }
  }

  boost::asio::io_context loop;
  async::TaskGroup tasks{loop.get_executor()};
  test::ManualWorld world;
  test::ManualNetwork* network = nullptr;
  std::unique_ptr<NetworkWatch> watch;
  std::string local;
  int changes = 0;
  int gone = 0;
};

}  // namespace

TEST_CASE("NetworkWatch: the first look is no change, an address is one", "[edgehub]") {
  Fixture f(wired(""));
  CHECK(f.changes == 0);
  f.set(wired("10.0.0.7"));
  CHECK(f.changes == 1);
  f.set(wired("10.0.0.7"));
  CHECK(f.changes == 1);
}

TEST_CASE("NetworkWatch: the connection's own address went", "[edgehub]") {
  Fixture f(wired("10.0.0.7"));
  f.local = "10.0.0.7";
  f.set(wired("10.0.0.8"));
  CHECK(f.gone == 1);
  CHECK(f.changes == 0);
}

TEST_CASE("NetworkWatch: a connection whose address stays is not given up", "[edgehub]") {
  Fixture f(wired("10.0.0.7"));
  f.local = "10.0.0.7";
  auto two = wired("10.0.0.7");
  two.addresses.push_back({2, "10.0.0.9", true, false});
  f.set(two);
  f.local = "192.0.2.1";  // an address that no interface ever had
  f.set(wired("10.0.0.7"));
  CHECK(f.gone == 0);
}

#include "edgecore/metamanager/metamanager.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "tests/unit/metamanager/store_fixture.h"

using namespace skerry;
using namespace skerry::metamanager;
using k8s::Kind;

namespace {

/// A loop, a store in memory and the manager between them.
struct Edge {
  Edge() : guard(loop.get_executor()) {
    auto opened = Store::open("store.db", world.world(), {}, disk.name());
    REQUIRE(opened);
    meta = std::make_unique<MetaManager>(loop.get_executor(), std::move(opened->store));
  }
  /// Runs the loop until `task` has ended.
  template <class T>
  T run(async::Task<T> task) {
    std::optional<T> out;
    boost::asio::co_spawn(loop, std::move(task), [&](std::exception_ptr error, T value) {
      REQUIRE_FALSE(error);
      out = std::move(value);
    });
    run_until([&] { return out.has_value(); });
    return std::move(*out);
  }
  void run_until(const std::function<bool()>& ended) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!ended()) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      loop.run_one_until(deadline);
    }
  }

  test::PowerCutVfs disk{1};
  TestWorld world;
  boost::asio::io_context loop;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard;
  std::unique_ptr<MetaManager> meta;
};

const ObjectKey kWeb = key_of(Kind::kPod, "web");

}  // namespace

TEST_CASE("MetaManager: what is committed is read back", "[metamanager]") {
  Edge edge;
  REQUIRE(edge.run(edge.meta->commit(changes({upsert_of(object_of(kWeb, "u1", "{}"), "seed")}))));
  CHECK(edge.run(edge.meta->get(kWeb)).value()->object->uid == Uid("u1"));
  CHECK(edge.run(edge.meta->list(Kind::kPod)).value().size() == 1);
  CHECK(edge.run(edge.meta->status_seed(Uid("u1"))).value() == "seed");
  CHECK_FALSE(edge.run(edge.meta->pod_state(Uid("u1"))).value());
  CHECK_FALSE(edge.run(edge.meta->token({Uid("u1"), "v", "p"})).value());
  CHECK(edge.run(edge.meta->terminating()).value().empty());
  Batch batch = reports({report_of(lane::ReportKind::kPodStatus, kWeb, "u1", "a")});
  batch.cluster = ClusterId("cluster");
  REQUIRE(edge.run(edge.meta->commit(batch)));
  CHECK(edge.run(edge.meta->reports_after(ReportSeq(0), 10)).value().size() == 1);
  const auto hello = edge.run(edge.meta->snapshot()).value();
  CHECK(hello.store.str().size() == 32);
  CHECK(hello.cluster == ClusterId("cluster"));
  CHECK(hello.content.size() == 1);
  CHECK(hello.status.size() == 1);
  CHECK(hello.waiting_reports == 1);
}

TEST_CASE("MetaManager: listeners hear of a commit before its caller, on the loop",
          "[metamanager]") {
  Edge edge;
  const auto loop_thread = std::this_thread::get_id();
  std::vector<std::string> heard;
  const auto hear = [&](const std::string& what) {
    CHECK(std::this_thread::get_id() == loop_thread);
    heard.push_back(what);
  };
  edge.meta->on_objects_changed([&](const std::vector<ObjectKey>& keys) {
    for (const ObjectKey& key : keys) hear(key.text());
  });
  edge.meta->on_reports_added([&](std::vector<lane::Report> added) {
    for (const lane::Report& report : added) hear("report " + std::to_string(report.seq.value()));
  });
  edge.meta->on_tokens_changed([&](const std::vector<lane::TokenSlot>& slots) {
    for (const lane::TokenSlot& slot : slots) hear("token " + slot.path);
  });
  Batch batch = changes({upsert_of(object_of(kWeb, "u1", "{}")), remove_of(kWeb, "u0")});
  batch.reports = {report_of(lane::ReportKind::kPodStatus, kWeb, "u1", "a")};
  batch.tokens.resize(1);
  batch.tokens[0].slot = {Uid("u1"), "v", "token"};
  batch.tokens[0].token = "t";
  bool done = false;
  edge.meta->commit(batch, [&](Result<void> result) {
    CHECK(result);
    hear("done");
    done = true;
  });
  CHECK(heard.empty());  // never inside the call
  edge.run_until([&] { return done; });
  CHECK(heard == std::vector<std::string>{"pod/default/web", "token token", "report 1", "done"});
}

TEST_CASE("MetaManager: batches that wait are written together and answered in order",
          "[metamanager]") {
  Edge edge;
  std::vector<int> order;
  for (int i = 0; i < 500; ++i) {
    const auto key = key_of(Kind::kSecret, "s" + std::to_string(i));
    edge.meta->commit(changes({upsert_of(object_of(key, "u", std::to_string(i)))}),
                      [&order, i](Result<void> result) {
                        CHECK(result);
                        order.push_back(i);
                      });
  }
  CHECK(edge.run(edge.meta->list(Kind::kSecret)).value().size() == 500);  // a read sees them all
  edge.run_until([&] { return order.size() == 500; });
  for (int i = 0; i < 500; ++i) REQUIRE(order[static_cast<std::size_t>(i)] == i);
  CHECK(edge.meta->figures().batches == 500);
  CHECK(edge.meta->figures().commits < 500);
  CHECK(edge.meta->figures().failures == 0);
}

TEST_CASE("MetaManager: a write that fails is told to its caller, and later ones go on",
          "[metamanager]") {
  Edge edge;
  REQUIRE(edge.run(edge.meta->commit(changes({upsert_of(object_of(kWeb, "u1", "{}"))}))));
  edge.disk.set_capacity(edge.disk.used());
  const auto big =
      changes({upsert_of(object_of(key_of(Kind::kSecret, "s"), "u", std::string(100000, 'x')))});
  const auto refused = edge.run(edge.meta->commit(big));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::kStorage);
  CHECK(edge.meta->figures().failures == 1);
  edge.disk.set_capacity(~std::uint64_t{0});
  REQUIRE(edge.run(edge.meta->commit(big)));
  CHECK(edge.run(edge.meta->snapshot()).value().content.size() == 2);
}

TEST_CASE("MetaManager: its end commits what is queued and silences the listeners",
          "[metamanager]") {
  Edge edge;
  int heard = 0, done = 0;
  edge.meta->on_objects_changed([&](const std::vector<ObjectKey>&) { ++heard; });
  for (int i = 0; i < 100; ++i) {
    edge.meta->commit(
        changes({upsert_of(object_of(key_of(Kind::kSecret, std::to_string(i)), "u", "{}"))}),
        [&](Result<void> result) { done += result ? 1 : 0; });
  }
  edge.meta.reset();
  edge.run_until([&] { return done == 100; });
  CHECK(heard == 0);
  auto opened = Store::open("store.db", edge.world.world(), {}, edge.disk.name());
  REQUIRE(opened);
  CHECK(opened->store->content().size() == 100);
}

TEST_CASE("MetaManager: a queue that is full says so at once", "[metamanager]") {
  Edge edge;
  std::size_t done = 0, refused = 0;
  const std::size_t calls = kQueuedJobsMax * 3;
  const std::string json(2000, 'x');
  for (std::size_t i = 0; i < calls; ++i) {
    const auto key = key_of(Kind::kSecret, std::to_string(i % 10));
    edge.meta->commit(changes({upsert_of(object_of(key, "u", json + std::to_string(i)))}),
                      [&](Result<void> result) {
                        ++done;
                        if (result) return;
                        CHECK(result.error().code == Code::kUnavailable);
                        ++refused;
                      });
  }
  edge.run_until([&] { return done == calls; });
  CHECK(edge.meta->figures().batches + refused == calls);
}

#include "cloudcore/edgecontroller/catch_up.h"

#include "tests/unit/kube/fake_http.h"

using namespace skerry;
using namespace skerry::edgecontroller;

namespace {

const ResourceVersion kSeen(100);

std::string list_at(std::uint64_t version) {
  return R"({"metadata":{"resourceVersion":")" + std::to_string(version) + R"("},"items":[]})";
}

/// A watch of one namespace's ConfigMaps, moved by hand.
struct Bench : kube::FakeWorld {
  kube::Client client{http, world};
  std::optional<Progress> progress = Progress{true, ResourceVersion(90)};
  int relists = 0;

  std::shared_ptr<std::optional<CatchUp>> begin() {
    CatchUpCall call;
    call.selection.kind = k8s::Kind::kConfigMap;
    call.selection.ns = "ns";
    call.seen = kSeen;
    call.until = clock.time + 10s;
    call.progress = [this] { return progress; };
    call.relist = [this] { ++relists; };
    return start(edgecontroller::catch_up(client, std::move(call)));
  }
  /// The next look at the progress.
  void look() {
    io.restart();
    io.run_one();
    settle();
  }
};

}  // namespace

TEST_CASE("catch_up_step: decisions", "[edgecontroller]") {
  struct Row {
    const char* what;
    Progress progress;
    std::optional<ResourceVersion> current;
    CatchUpStep step;
  };
  const auto row = GENERATE(values<Row>({
      {"as far as the edge", {true, kSeen}, {}, CatchUpStep::kThere},
      {"further", {true, ResourceVersion(101)}, ResourceVersion(90), CatchUpStep::kThere},
      {"the first list will tell", {false, ResourceVersion(101)}, {}, CatchUpStep::kWait},
      {"behind: why?", {true, ResourceVersion(99)}, {}, CatchUpStep::kAsk},
      {"the watch lags", {true, ResourceVersion(99)}, kSeen, CatchUpStep::kWait},
      {"restored", {true, ResourceVersion(99)}, ResourceVersion(99), CatchUpStep::kRestored},
  }));
  INFO(row.what);
  CHECK(catch_up_step(row.progress, kSeen, row.current) == row.step);
}

TEST_CASE("catch_up: a cache that is far enough asks nothing", "[edgecontroller]") {
  Bench bench;
  bench.progress->version = kSeen;
  const auto there = bench.begin();
  CHECK(*there == CatchUp::kLevel);
  CHECK(bench.http->sent.empty());
}

TEST_CASE("catch_up: a restored cluster is told, and not waited for", "[edgecontroller]") {
  Bench bench;
  const auto there = bench.begin();
  const kube::HttpRequest asked = bench.http->answer(200, list_at(95));
  CHECK(asked.target.find("/api/v1/namespaces/ns/configmaps") == 0);
  bench.settle();
  CHECK(*there == CatchUp::kOlder);
  CHECK(bench.relists == 0);
}

TEST_CASE("catch_up: a quiet watch is listed anew, once", "[edgecontroller]") {
  Bench bench;
  const auto there = bench.begin();
  bench.http->answer(200, list_at(105));
  bench.settle();
  CHECK(bench.relists == 1);
  bench.progress = Progress{false, {}};  // it lists
  bench.look();
  CHECK(bench.relists == 1);
  CHECK_FALSE(*there);
  bench.progress = Progress{true, ResourceVersion(105)};
  bench.look();
  CHECK(*there == CatchUp::kLevel);
}

TEST_CASE("catch_up: it ends in time, and when nothing is watched any more", "[edgecontroller]") {
  Bench bench;
  const auto there = bench.begin();
  bench.http->answer(500, "{}");
  bench.settle();
  SECTION("time") {
    bench.clock.time += 10s;
    bench.look();
  }
  SECTION("stopped") {
    bench.progress.reset();
    bench.look();
  }
  CHECK(*there == CatchUp::kBehind);
}

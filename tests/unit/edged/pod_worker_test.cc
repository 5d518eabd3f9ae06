#include "edgecore/edged/pod_worker.h"

#include <fstream>

#include "tests/support/catch.h"
#include "tests/unit/edged/edged_fixture.h"

using namespace skerry;
using namespace skerry::edged;
using test::FakeCri;

namespace {

const std::string kUid = "uid-1";

std::string spec_of(const std::string& containers, const std::string& more = "") {
  return R"("nodeName":"gateway-1","containers":[)" + containers + "]" + more;
}

/// One init container and two that stay.
std::string three() {
  return spec_of(container_json("app") + "," + container_json("helper"),
                 R"(,"initContainers":[)" + container_json("setup") + "]");
}

void program_three(EdgedFixture& node) { node.runtime.programs["setup"].runs_for = 100ms; }

bool three_run(EdgedFixture& node) { return node.runs("app") && node.runs("helper"); }

/// The whole life of a pod; where edgecore dies on the way, another one goes on.
struct Life {
  EdgedFixture node;

  Life() { program_three(node); }
  void reach(std::function<bool()> goal) {
    const auto done = [&] { return node.cri->dead() || goal(); };
    REQUIRE(node.within(5min, done));
    if (!node.cri->dead()) return;
    node.restart();
    REQUIRE(node.within(5min, goal));
  }
  void live() {
    node.put("web", kUid, three());
    reach([&] { return three_run(node) && node.says(kUid, R"("phase":"Running")"); });
    node.remove("web", kUid);
    reach([&] { return node.gone() && node.finalised(kUid); });
  }
  void check() {
    CHECK(node.leftovers() == std::vector<std::string>{});
    CHECK(node.finalised(kUid));
    CHECK(node.runtime.starts["app"] == 1);
    CHECK(node.runtime.starts["helper"] == 1);
    CHECK(node.runtime.starts["setup"] == 1);
    CHECK(node.runtime.log.front() == "start setup");
    CHECK(node.runtime.log[1] == "exit setup 0");
  }
};

}  // namespace

TEST_CASE("PodWorker: one pod's life, from the store to its end", "[edged]") {
  Life life;
  life.live();
  life.check();
  life.node.loop.run_for(1s);
  CHECK(life.node.events("Created") == 3);
  CHECK(life.node.events("Started") == 3);
  CHECK(life.node.events("Killing") == 2);
}

TEST_CASE("PodWorker: any call to the runtime may fail once, before or after its effect",
          "[edged]") {
  int calls = 0;
  {
    Life life;
    life.live();
    calls = life.node.cri->made_calls();
  }
  REQUIRE(calls > 20);
  for (const auto loss : {FakeCri::Loss::kRequest, FakeCri::Loss::kAnswer}) {
    for (int call = 0; call < calls; ++call) {
      Life life;
      life.node.cri->lose(call, loss);
      life.live();
      INFO("call " << call << " " << life.node.cri->names.at(static_cast<std::size_t>(call))
                   << (loss == FakeCri::Loss::kRequest ? ", request" : ", answer") << " lost");
      life.check();
    }
  }
}

TEST_CASE("PodWorker: edgecore may be killed at any call; what runs is adopted", "[edged]") {
  int calls = 0;
  {
    Life life;
    life.live();
    calls = life.node.cri->made_calls();
  }
  for (const auto loss : {FakeCri::Loss::kRequest, FakeCri::Loss::kAnswer}) {
    for (int call = 0; call < calls; ++call) {
      Life life;
      life.node.cri->die_at(call, loss);
      life.live();
      INFO("killed at call " << call
                             << (loss == FakeCri::Loss::kRequest ? ", before" : ", after") << " it");
      life.check();
    }
  }
}

TEST_CASE("PodWorker: a crash loop waits 10 s, 20 s, 40 s", "[edged]") {
  EdgedFixture node;
  node.runtime.programs["app"] = {1s, 3};
  node.put("web", kUid, spec_of(container_json("app")));
  std::vector<double> gaps;  // between an end and the next start
  for (int starts = 1; starts <= 5; ++starts) {
    REQUIRE(node.within(2min, [&] { return node.runtime.starts["app"] == starts; }));
    REQUIRE(node.within(5s, [&] { return !node.runs("app"); }));
    const TimePoint ended = node.loop.world.now();
    if (starts == 2) {
      REQUIRE(node.within(5s, [&] { return node.says(kUid, "CrashLoopBackOff"); }));
      CHECK(node.says(kUid, "back-off 10s restarting failed container=app"));
      CHECK(node.says(kUid, R"("exitCode":3)"));
      CHECK(node.says(kUid, R"("phase":"Running")"));
    }
    REQUIRE(node.within(2min, [&] { return node.runtime.starts["app"] > starts; }));
    gaps.push_back(std::chrono::duration<double>(node.loop.world.now() - ended).count());
  }
  const std::vector<double> want = {0, 10, 20, 40, 80};
  for (std::size_t i = 0; i < want.size(); ++i) {
    CHECK(gaps[i] >= want[i]);
    CHECK(gaps[i] < want[i] + 1.5);
  }
  CHECK(node.events("BackOff") <= 5);
  CHECK(node.runtime.containers.size() == 2);  // the one that runs and its predecessor
}

TEST_CASE("PodWorker: a restart of edgecore does not shorten the backoff", "[edged]") {
  EdgedFixture node;
  node.runtime.programs["app"] = {1s, 3};
  node.put("web", kUid, spec_of(container_json("app")));
  REQUIRE(node.within(2min, [&] { return node.runtime.starts["app"] == 3; }));
  REQUIRE(node.within(5s, [&] { return node.says(kUid, "back-off 20s"); }));
  const TimePoint ended = node.loop.world.now();
  node.restart();
  REQUIRE(node.within(2min, [&] { return node.runtime.starts["app"] == 4; }));
  CHECK(node.loop.world.now() - ended > 18s);
}

TEST_CASE("PodWorker: SIGKILL comes when the grace is over, and a shorter one overtakes it",
          "[edged]") {
  EdgedFixture node;
  node.runtime.programs["app"].ignores_sigterm = true;
  const auto deleted = [](const std::string& grace) {
    return R"(,"deletionTimestamp":"2027-01-15T08:00:30Z","deletionGracePeriodSeconds":)" + grace;
  };
  node.put("web", kUid, spec_of(container_json("app")));
  REQUIRE(node.within(1min, [&] { return node.runs("app"); }));
  const TimePoint begun = node.loop.world.now();
  SECTION("as its spec says") {
    node.put("web", kUid, spec_of(container_json("app")), deleted("30"));
    REQUIRE(node.within(2min, [&] { return !node.runs("app"); }));
    CHECK(node.loop.world.now() - begun >= 30s);
    CHECK(node.loop.world.now() - begun < 32s);
  }
  SECTION("deleted again with less") {
    node.put("web", kUid, spec_of(container_json("app")), deleted("300"));
    node.loop.run_for(5s);
    node.put("web", kUid, spec_of(container_json("app")), deleted("3"));
    REQUIRE(node.within(2min, [&] { return !node.runs("app"); }));
    CHECK(node.loop.world.now() - begun < 10s);
  }
  CHECK(node.runtime.log.back() == "exit app 137");
  REQUIRE(node.within(1min, [&] { return node.finalised(kUid); }));
  CHECK(node.events("Killing") == 1);
  CHECK_FALSE(node.gone());  // its row waits for the cloud's Remove
  node.remove("web", kUid);
  REQUIRE(node.within(1min, [&] { return node.gone(); }));
  CHECK(node.leftovers() == std::vector<std::string>{});
}

TEST_CASE("PodWorker: stop does not wait for a hook that sleeps", "[edged]") {
  EdgedFixture node;
  const std::string hook = R"(,"lifecycle":{"preStop":{"sleep":{"seconds":600}}})";
  const std::string spec =
      spec_of(container_json("app", hook), R"(,"terminationGracePeriodSeconds":900)");
  node.put("web", kUid, spec);
  REQUIRE(node.within(1min, [&] { return node.runs("app"); }));
  node.remove("web", kUid);
  node.loop.run_for(10s);
  CHECK(node.runs("app"));  // the hook sleeps
  const TimePoint begun = node.loop.world.now();
  node.restart();
  CHECK(node.loop.world.now() - begun < 5s);
  CHECK(node.runs("app"));
  REQUIRE(node.within(20min, [&] { return node.gone(); }));  // the hook ran anew
}

TEST_CASE("PodWorker: a deleted pod's end is stored when the disk has room again", "[edged]") {
  EdgedFixture node;
  node.runtime.programs["app"].ignores_sigterm = true;
  node.put("web", kUid, spec_of(container_json("app")));
  REQUIRE(node.within(1min, [&] { return node.runs("app"); }));
  node.loop.run_for(1s);
  node.put("web", kUid, spec_of(container_json("app")),
           R"(,"deletionTimestamp":"2027-01-15T08:00:30Z","deletionGracePeriodSeconds":5)");
  node.disk_full = true;
  node.loop.run_for(30s);
  CHECK(node.runtime.empty());
  CHECK_FALSE(node.finalised(kUid));
  node.disk_full = false;
  REQUIRE(node.within(1min, [&] { return node.finalised(kUid); }));
}

TEST_CASE("PodWorker: after a reboot init containers run again, in order, and ended pods do not",
          "[edged]") {
  EdgedFixture node;
  node.runtime.programs["one"].runs_for = 1s;
  node.runtime.programs["two"].runs_for = 1s;
  node.runtime.programs["work"].runs_for = 1s;
  node.put("web", kUid,
           spec_of(container_json("app"), R"(,"initContainers":[)" + container_json("one") + "," +
                                              container_json("two") + "]"));
  node.put("job", "uid-job", spec_of(container_json("work"), R"(,"restartPolicy":"OnFailure")"));
  REQUIRE(node.within(1min, [&] { return node.runs("app"); }));
  REQUIRE(node.within(1min, [&] { return node.says("uid-job", R"("phase":"Succeeded")"); }));
  node.stop();
  node.runtime.reboot();
  node.runtime.log.clear();
  node.start();
  REQUIRE(node.within(1min, [&] { return node.runs("app"); }));
  const std::vector<std::string> want = {"start one", "exit one 0", "start two", "exit two 0",
                                         "start app"};
  CHECK(node.runtime.log == want);
  node.loop.run_for(5min);
  CHECK(node.runtime.starts["work"] == 1);
  CHECK(node.runtime.networks() == 1);  // of the pod that runs
  CHECK(node.events("SandboxChanged") == 1);
  CHECK(node.says("uid-job", R"("podIP":"10.0.0.9")"));
}

TEST_CASE("PodWorker: a sandbox that died is released before the next one is made", "[edged]") {
  EdgedFixture node;
  node.put("web", kUid, spec_of(container_json("app")));
  REQUIRE(node.within(1min, [&] { return node.runs("app"); }));
  node.runtime.break_sandbox(node.runtime.sandboxes.begin()->first);
  REQUIRE(node.within(3min, [&] { return node.runs("app"); }));
  CHECK(node.runtime.networks() == 1);
  node.runtime.end(*node.runtime.running("app"), 1);
  REQUIRE(node.within(3min, [&] { return node.runtime.starts["app"] == 3; }));
  node.loop.run_for(1s);
  CHECK(node.runtime.sandboxes.size() == 1);  // the old one went with its last container
  CHECK(node.runtime.violations.empty());
}

TEST_CASE("PodWorker: what the runtime does not know is ended before another one starts",
          "[edged]") {
  EdgedFixture node;
  node.put("web", kUid, spec_of(container_json("app")));
  REQUIRE(node.within(1min, [&] { return node.runs("app"); }));
  node.stop();
  node.runtime.running("app")->state = test::cri::CONTAINER_UNKNOWN;
  node.start();
  REQUIRE(node.within(2min, [&] { return node.runtime.starts["app"] == 2; }));
  CHECK(node.runtime.violations.empty());
}

TEST_CASE("PodWorker: a missing image says ErrImagePull, then ImagePullBackOff; it runs once there",
          "[edged]") {
  EdgedFixture node;
  const std::string image = "docker.io/library/other:2";
  const std::string container = R"({"name":"app","image":"docker.io/library/other:2"})";
  node.put("web", kUid, spec_of(container));
  REQUIRE(node.within(1min, [&] { return node.says(kUid, R"("reason":"ErrImagePull")"); }));
  REQUIRE(node.within(1min, [&] { return node.says(kUid, R"("reason":"ImagePullBackOff")"); }));
  CHECK(node.says(kUid, R"(Back-off pulling image \"docker.io/library/other:2\": ErrImagePull: )"));
  CHECK(node.says(kUid, R"("phase":"Pending")"));
  CHECK(node.events("Failed") == 2);
  SECTION("the registry gets it") { node.runtime.registry.insert(image); }
  SECTION("the pod is told to use another") {
    node.put("web", kUid, spec_of(container_json("app")));
  }
  REQUIRE(node.within(6min, [&] { return node.runs("app"); }));
  node.loop.run_for(1s);
  CHECK(node.events("Created") == 1);
}

TEST_CASE("PodWorker: a start that fails is RunContainerError, then a crash loop", "[edged]") {
  EdgedFixture node;
  node.runtime.programs["app"].cannot_start = true;
  node.put("web", kUid, spec_of(container_json("app")));
  REQUIRE(node.within(1min, [&] { return node.says(kUid, R"("reason":"RunContainerError")"); }));
  REQUIRE(node.within(2min, [&] { return node.says(kUid, R"("reason":"CrashLoopBackOff")"); }));
  CHECK(node.says(kUid, R"("reason":"StartError")"));
  CHECK(node.says(kUid, R"("exitCode":128)"));
  node.runtime.programs["app"].cannot_start = false;
  REQUIRE(node.within(6min, [&] { return node.runs("app"); }));
}

TEST_CASE("PodWorker: a volume without its object waits for it", "[edged]") {
  EdgedFixture node;
  const std::string env = R"(,"env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"settings",
      "key":"a"}}}])";
  node.put("web", kUid, spec_of(container_json("app", env)));
  REQUIRE(node.within(1min, [&] { return node.says(kUid, "CreateContainerConfigError"); }));
  node.put_config_map("settings", R"({"a":"1"})");
  REQUIRE(node.within(1min, [&] { return node.runs("app"); }));
  CHECK(node.runtime.running("app")->config.envs(0).value() == "1");
}

TEST_CASE("PodWorker: the runtime is away for a while", "[edged]") {
  EdgedFixture node;
  node.put("web", kUid, spec_of(container_json("app")));
  REQUIRE(node.within(1min, [&] { return node.runs("app"); }));
  node.cri->down = true;
  node.loop.run_for(2min);
  CHECK_FALSE(node.edged->runtime_answers());
  node.runtime.end(*node.runtime.running("app"), 1);
  node.put("late", "uid-2", spec_of(container_json("other")));
  node.loop.run_for(2min);
  node.cri->down = false;
  REQUIRE(node.within(10s, [&] { return node.runs("app") && node.runs("other"); }));
  CHECK(node.edged->runtime_answers());
}

TEST_CASE("PodWorker: a pod that a lost store had ended is not started again", "[edged]") {
  EdgedFixture node;
  node.put("job", kUid, spec_of(container_json("work"), R"(,"restartPolicy":"Never")"), "",
           R"({"phase":"Failed","podIPs":[{"ip":"10.0.0.7"}],"containerStatuses":[{"name":"work",
            "restartCount":0,"state":{"terminated":{"exitCode":2,"reason":"Error"}}}]})");
  node.loop.run_for(2min);
  CHECK(node.runtime.log.empty());
  CHECK(node.says(kUid, R"("phase":"Failed")"));
  CHECK(node.says(kUid, R"("podIP":"10.0.0.7")"));
}

TEST_CASE("PodWorker: the log's end stands in for a message where the pod wants it", "[edged]") {
  EdgedFixture node;
  node.runtime.programs["app"] = {5s, 1};
  node.put("web", kUid,
           spec_of(container_json("app", R"(,"terminationMessagePolicy":"FallbackToLogsOnError")"),
                   R"(,"restartPolicy":"Never")"));
  REQUIRE(node.within(1min, [&] { return node.runs("app"); }));
  const auto& made = *node.runtime.running("app");
  const std::string directory = node.runtime.sandboxes.begin()->second.config.log_directory();
  std::filesystem::create_directories(directory + "/app");
  std::ofstream(directory + "/" + made.config.log_path())
      << "2027-01-15T08:00:00.000000000Z stderr F it broke\n";
  REQUIRE(node.within(1min, [&] { return node.says(kUid, R"("phase":"Failed")"); }));
  CHECK(node.says(kUid, R"("message":"it broke\n")"));
}

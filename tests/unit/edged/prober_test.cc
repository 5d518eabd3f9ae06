#include "edgecore/edged/prober.h"

#include "tests/support/run_task.h"
#include "tests/unit/edged/probe_server.h"
#include "tests/unit/edged/sample_pod.h"

using namespace skerry;
using namespace skerry::edged;

namespace {

/// A clock that runs so fast that every probe is due when it is looked at.
struct FastWorld final : seam::Clock, seam::Random {
  TimePoint now() override { return now_ += 20s; }
  WallTime wall() override { return WallTime(std::chrono::seconds(1'800'000'000)); }
  std::uint64_t next() override { return 0; }
  std::string bytes(std::size_t count) override { return std::string(count, 'x'); }
  seam::World world() { return {*this, *this}; }
  TimePoint now_{std::chrono::hours(1)};
};

/// Answers by script; the last answer stays. Exit codes; -1: timeout, -2: cannot be asked.
struct ScriptedExec final : ExecProbe {
  std::vector<int> script = {0};
  std::size_t asked = 0;
  std::vector<std::string> command;

  async::Task<Result<Outcome>> run(std::string, std::vector<std::string> words, Duration) override {
    command = std::move(words);
    co_await boost::asio::post(boost::asio::use_awaitable);
    const int answer = script[std::min(asked++, script.size() - 1)];
    if (answer == -1) co_return fail(Code::kTimeout, "deadline");
    if (answer == -2) co_return fail(Code::kUnavailable, "runtime is away");
    co_return Outcome{answer, answer == 0 ? "" : "no good"};
  }
};

Probe probe_of(auto action, int failure = 1, int success = 1) {
  Probe probe;
  probe.action = std::move(action);
  probe.period = Seconds(1);
  probe.timeout = Seconds(1);
  probe.failure_threshold = failure;
  probe.success_threshold = success;
  return probe;
}

struct Fixture {
  boost::asio::io_context loop;
  FastWorld world;
  ScriptedExec exec;
  std::vector<std::string> events;
  int changes = 0;
  Prober prober{
      loop.get_executor(),
      world.world(),
      exec,
      {[this](const Uid&, const std::string&) { ++changes; },
       [this](const PodPtr&,
              const std::string&,
              const std::string& reason,
              const std::string& message) { events.push_back(reason + ": " + message); }}};
  ContainerSpec container = sample_container("app");

  ~Fixture() { test::run_task(loop, prober.stop()); }

  void watch(std::optional<ProbeTarget::Adopted> adopted = std::nullopt) {
    auto pod = std::make_shared<PodSpec>(sample_pod({container}));
    prober.watch({pod, "app", "id1", "127.0.0.1", world.wall(), adopted});
  }
  ContainerHealth health() { return prober.health("id1"); }
  /// Runs until `done`; every round of the probes is a few steps of the loop.
  template <class Done>
  bool run_until(Done done) {
    for (int i = 0; i < 20000 && !done(); ++i) loop.run_one();
    return done();
  }
};

const ExecAction kExec{{"check", "$(MODE)"}};

}  // namespace

TEST_CASE("Prober: a container without probes is healthy at once", "[edged]") {
  Fixture f;
  f.watch();
  CHECK(f.health() == ContainerHealth{});
  CHECK(f.prober.watched() == 1);
  f.prober.forget("id1");
  CHECK(f.prober.watched() == 0);
}

TEST_CASE("Prober: readiness follows the answers", "[edged]") {
  Fixture f;
  f.container.readiness = probe_of(kExec, 2);
  f.container.env = {{"MODE", "fast", {}}};
  f.exec.script = {1, 0, 0, 1, 0, 1, 1, 1, 0};
  f.watch();
  CHECK_FALSE(f.health().ready);
  CHECK(f.run_until([&] { return f.health().ready; }));
  CHECK(f.exec.command == std::vector<std::string>{"check", "fast"});
  CHECK(f.exec.asked == 2);
  CHECK(f.run_until([&] { return !f.health().ready; }));
  CHECK(f.exec.asked == 7);
  CHECK(f.run_until([&] { return f.health().ready; }));
  CHECK(f.changes == 3);
  CHECK_FALSE(f.health().must_restart);
}

TEST_CASE("Prober: the same complaint makes one event until it ends", "[edged]") {
  Fixture f;
  f.container.readiness = probe_of(kExec, 1);
  f.exec.script = {1, 1, 1, 1, 0, 1, 0};
  f.watch();
  CHECK(f.run_until([&] { return f.exec.asked >= 7; }));
  CHECK(f.events == std::vector<std::string>{"Unhealthy: Readiness probe failed: no good",
                                             "Unhealthy: Readiness probe failed: no good"});
}

TEST_CASE("Prober: a failed liveness probe asks for a restart, with its own grace, and rests",
          "[edged]") {
  Fixture f;
  f.container.liveness = probe_of(kExec, 3);
  f.container.liveness->termination_grace = Seconds(7);
  f.exec.script = {0, 1, 1, 1, 0};
  f.watch();
  CHECK(f.run_until([&] { return f.health().must_restart; }));
  CHECK(f.health().reason == "Liveness");
  CHECK(f.health().termination_grace == Seconds(7));
  CHECK(f.exec.asked == 4);
  f.loop.poll();
  CHECK(f.exec.asked == 4);
  // The new container begins anew.
  f.prober.forget("id1");
  CHECK_FALSE(f.health().must_restart);
}

TEST_CASE("Prober: readiness begins when startup has succeeded", "[edged]") {
  Fixture f;
  f.container.startup = probe_of(kExec, 5);
  f.container.readiness = probe_of(TcpAction{"", "1"}, 1);
  f.exec.script = {1, 1, 0};
  f.watch();
  CHECK_FALSE(f.health().started);
  CHECK(f.run_until([&] { return f.health().started; }));
  CHECK(f.exec.asked == 3);
  CHECK_FALSE(f.health().ready);
  CHECK(f.run_until([&] { return f.events.size() >= 2; }));
  CHECK(f.events.back() ==
        "Unhealthy: Readiness probe failed: dial tcp 127.0.0.1:1: connect: connection refused");
  CHECK(f.exec.asked == 3);
}

TEST_CASE("Prober: a startup probe that fails for good asks for a restart", "[edged]") {
  Fixture f;
  f.container.startup = probe_of(kExec, 2);
  f.exec.script = {1};
  f.watch();
  CHECK(f.run_until([&] { return f.health().must_restart; }));
  CHECK(f.health().reason == "Startup");
  CHECK(f.exec.asked == 2);
}

TEST_CASE("Prober: an adopted container is what it was until a probe says otherwise", "[edged]") {
  Fixture f;
  f.container.startup = probe_of(kExec);
  f.container.readiness = probe_of(TcpAction{"", "1"}, 1);
  f.watch(ProbeTarget::Adopted{true, true});
  CHECK(f.health().started);
  CHECK(f.health().ready);
  CHECK(f.run_until([&] { return !f.health().ready; }));
  CHECK(f.exec.asked == 0);
}

TEST_CASE("Prober: what cannot be asked is tried three times and then thrown away", "[edged]") {
  Fixture f;
  f.container.liveness = probe_of(kExec, 1);
  f.exec.script = {-2, -2, -2, -2, -2, -2, 0};
  f.watch();
  CHECK(f.run_until([&] { return f.exec.asked >= 7; }));
  CHECK_FALSE(f.health().must_restart);
  CHECK(f.events ==
        std::vector<std::string>{
            "Unhealthy: Liveness probe errored and resulted in Unknown state: runtime is away"});
}

TEST_CASE("Prober: a command that takes too long has failed", "[edged]") {
  Fixture f;
  f.container.liveness = probe_of(ExecAction{{"sleep", "9"}}, 1);
  f.exec.script = {-1};
  f.watch();
  CHECK(f.run_until([&] { return f.health().must_restart; }));
  CHECK(f.events.front() ==
        "Unhealthy: Liveness probe failed: command timed out: \"sleep 9\" timed out after 1s");
}

TEST_CASE("Prober: liveness stops when the pod is ending, readiness goes on", "[edged]") {
  Fixture f;
  f.container.liveness = probe_of(kExec, 1);
  f.container.readiness = probe_of(TcpAction{"", "1"}, 1);
  f.exec.script = {0, 0, 1};
  f.watch();
  CHECK(f.run_until([&] { return f.exec.asked == 2; }));
  f.prober.pod_is_ending(Uid("1234-abcd"));
  const auto seen = f.exec.asked;
  for (int i = 0; i < 200; ++i) f.loop.poll_one();
  CHECK(f.exec.asked <= seen + 1);  // one may have been under way
  CHECK_FALSE(f.health().must_restart);
}

TEST_CASE("Prober: httpGet by status", "[edged]") {
  struct Row {
    const char* reply;
    bool ready;
    const char* event;
  };
  const Row rows[] = {
      {"HTTP/1.1 200 OK\r\n\r\n", true, ""},
      {"HTTP/1.1 399 x\r\nLocation: /\r\n\r\n", true,
       "ProbeWarning: Readiness probe warning: Probe terminated redirects"},
      {"HTTP/1.1 404 x\r\n\r\n", false,
       "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 404"},
      {"nonsense", false, "malformed HTTP response"},
      {"HTTP/1.1 200 OK\r\n", false, ": EOF"},
  };
  for (const Row& row : rows) {
    INFO(row.reply);
    Fixture f;
    const ProbeServer server(f.loop, row.reply);
    HttpGetAction action;
    action.port = "web";
    f.container.ports = {{"web", server.port(), 0, "", "TCP"}};
    f.container.readiness = probe_of(action, 1);
    f.watch();
    CHECK(f.run_until([&] { return row.ready ? f.health().ready : !f.events.empty(); }));
    CHECK(f.health().ready == row.ready);
    if (*row.event != '\0') {
      REQUIRE_FALSE(f.events.empty());
      CHECK(f.events.front().find(row.event) != std::string::npos);
    } else {
      CHECK(f.events.empty());
    }
    CHECK(server.request().find("User-Agent: kube-probe/1.34") != std::string::npos);
  }
}

TEST_CASE("Prober: what this node cannot probe is said, and the container is not ready",
          "[edged]") {
  Fixture f;
  f.container.readiness = probe_of(GrpcAction{80, ""}, 1);
  f.container.liveness = probe_of(HttpGetAction{"web.local", "/", "80", false, {}}, 1);
  f.watch();
  for (int i = 0; i < 100; ++i) f.loop.poll_one();
  CHECK_FALSE(f.health().ready);
  CHECK_FALSE(f.health().must_restart);
  REQUIRE(f.events.size() == 2);
  CHECK(f.events[0].find("grpc probes are not supported") != std::string::npos);
}

#include "edgecore/edged/container_log.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "tests/support/run_task.h"
#include "tests/unit/edged/temp_dir.h"

using namespace skerry;
using namespace skerry::edged;
namespace fs = std::filesystem;

namespace {

constexpr const char* kTime = "2016-10-06T00:17:09.669794202Z";
const WallTime kNow{std::chrono::seconds(1'475'713'029)};  // 2016-10-06T00:17:09Z

std::string record(const std::string& text, const char* stream = "stdout", const char* tag = "F") {
  return std::string(kTime) + " " + stream + " " + tag + " " + text + "\n";
}

LogOptions tail(std::size_t lines) {
  LogOptions options;
  options.tail_lines = lines;
  return options;
}

async::Task<Result<void>> reopen_ok() { co_return Result<void>(); }
async::Task<Result<void>> reopen_fails() { co_return fail(Code::kUnavailable, "runtime is away"); }

std::set<std::string> names_in(const std::string& directory) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) names.insert(entry.path().filename());
  return names;
}

}  // namespace

TEST_CASE("ContainerLog: a record of CRI's format is read, anything else is not", "[edged]") {
  const auto line = parse_log_line("2016-10-06T00:17:09.669794202Z stderr P log content 2");
  REQUIRE(line);
  CHECK(line->time == kTime);
  CHECK(line->stream == LogStream::kStderr);
  CHECK(line->partial);
  CHECK(line->text == "log content 2");
  CHECK(parse_log_line("2016-10-06T00:17:09.669794202Z stdout F:x:y ")->text.empty());
  for (const char* bad : {"", "x", "2016-10-06T00:17:09.669794202Z stdin F x",
                          "2016-10-06T00:17:09.669794202Z stdout X x", "today stdout F x",
                          "2016-10-06T00:17:09.669794202Z stdout"}) {
    INFO(bad);
    CHECK_FALSE(parse_log_line(bad));
  }
}

TEST_CASE("ContainerLog: tail, streams, times and partial records", "[edged]") {
  const std::string log = record("one") + record("tw", "stdout", "P") + record("o") +
                          record("three", "stderr") + "damaged\n" + record("four");
  CHECK(render_log(log, {}, false) == "one\ntwo\nthree\ndamaged\nfour\n");
  CHECK(render_log(log, tail(2), false) == "damaged\nfour\n");
  CHECK(render_log(log, tail(4), false) == "two\nthree\ndamaged\nfour\n");
  CHECK(render_log(log, tail(0), false).empty());
  CHECK(render_log(log, tail(99), true) == "two\nthree\ndamaged\nfour\n");
  LogOptions errors;
  errors.with_stdout = false;
  CHECK(render_log(log, errors, false) == "three\ndamaged\n");
  LogOptions times = tail(1);
  times.timestamps = true;
  CHECK(render_log(log, times, false) == std::string(kTime) + " four\n");
  LogOptions little;
  little.limit_bytes = 12;
  CHECK(render_log(log, little, false) == "four\n");  // whole lines as long as there are several
  little.limit_bytes = 3;
  CHECK(render_log(log, little, false) == "ur\n");
}

TEST_CASE("ContainerLog: the end of a large file is read without the rest", "[edged]") {
  TempDir dir;
  std::string log;
  for (int i = 0; i < 20000; ++i)
    log += record("line " + std::to_string(i), i % 2 == 0 ? "stdout" : "stderr");
  dir.write("c/0.log", log);
  CHECK(read_container_log(dir / "c/0.log", tail(2)).value() == "line 19998\nline 19999\n");
  LogOptions only = tail(2);
  only.with_stdout = false;
  CHECK(read_container_log(dir / "c/0.log", only).value() == "line 19997\nline 19999\n");
  const std::string many = read_container_log(dir / "c/0.log", tail(5000)).value();
  CHECK(many.substr(0, 11) == "line 15000\n");
  CHECK(std::count(many.begin(), many.end(), '\n') == 5000);
  const std::string all = read_container_log(dir / "c/0.log", {}).value();
  CHECK(all.substr(0, 7) == "line 0\n");
  CHECK(read_container_log(dir / "none", {}).error().code == Code::kNotFound);
}

TEST_CASE("ContainerLog: paths as the kubelet lays them out", "[edged]") {
  CHECK(pod_log_dir("/var/log/pods", "default", "web", "u1") == "/var/log/pods/default_web_u1");
  CHECK(container_log_path("app", 3) == "app/3.log");
}

TEST_CASE("ContainerLog: rotation keeps the newest files", "[edged]") {
  const LogLimits limits{100, 3};
  CHECK(plan_rotation("0.log", 99, {"0.log"}, limits, kNow).rename_to.empty());
  RotationPlan plan = plan_rotation("0.log", 100, {"0.log", "1.log"}, limits, kNow);
  CHECK(plan.rename_to == "0.log.20161006-001709");
  CHECK(plan.remove.empty());
  plan = plan_rotation(
      "0.log", 100,
      {"0.log.20150101-000000", "0.log", "0.log.20160101-000000", "1.log.20140101-000000"}, limits,
      kNow);
  CHECK(plan.remove == std::vector<std::string>{"0.log.20150101-000000"});
  plan = plan_rotation("0.log", 100, {"0.log", "0.log.20161006-001709"}, limits, kNow);
  CHECK(plan.rename_to == "0.log.20161006-0017090");
  plan = plan_rotation("0.log", 100, {"0.log.a", "0.log.b"}, {100, 2}, kNow);
  CHECK(plan.remove == std::vector<std::string>{"0.log.a", "0.log.b"});
}

TEST_CASE("ContainerLog: a large file is renamed and the runtime reopens", "[edged]") {
  TempDir dir;
  boost::asio::io_context loop;
  const LogLimits limits{10, 3};
  const std::string path = dir / "c/0.log";
  dir.write("c/0.log", "small");
  CHECK_FALSE(test::run_task(loop, rotate_container_log(path, limits, kNow, reopen_ok)).value());
  dir.write("c/0.log", "more than ten bytes");
  CHECK(test::run_task(loop, rotate_container_log(path, limits, kNow, reopen_ok)).value());
  CHECK(names_in(dir / "c") == std::set<std::string>{"0.log.20161006-001709"});
  CHECK_FALSE(test::run_task(loop, rotate_container_log(path, limits, kNow, reopen_ok)).value());

  dir.write("c/0.log", "more than ten bytes again");
  const auto failed =
      test::run_task(loop, rotate_container_log(path, limits, kNow + 1s, reopen_fails));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Code::kUnavailable);
  CHECK(text_at(path) == "more than ten bytes again");
  CHECK(test::run_task(loop, rotate_container_log(path, limits, kNow + 2s, reopen_ok)).value());
  dir.write("c/0.log", "more than ten bytes once more");
  CHECK(test::run_task(loop, rotate_container_log(path, limits, kNow + 3s, reopen_ok)).value());
  CHECK(names_in(dir / "c") ==
        std::set<std::string>{"0.log.20161006-001711", "0.log.20161006-001712"});
}

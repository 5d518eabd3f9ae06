#include "common/metrics/registry.h"

#include <thread>

#include "tests/support/catch.h"

using namespace skerry::metrics;

namespace {
constexpr MetricInfo kSessions{"skerry_hub_sessions", MetricType::kGauge, "Live sessions."};
constexpr MetricInfo kJoins{"skerry_hub_joins_total", MetricType::kCounter,
                            "Joins by \\ result.\n"};
}  // namespace

TEST_CASE("Registry: the text is Prometheus' format, sorted", "[metrics]") {
  Registry registry;
  registry.gauge(kSessions).set(-3);
  registry.counter(kJoins, {{"result", "refused"}, {"code", "a\"b\\c\nd"}}).add(2);
  registry.counter(kJoins, {{"result", "ok"}}).add();
  CHECK(registry.text() ==
        "# HELP skerry_hub_joins_total Joins by \\\\ result.\\n\n"
        "# TYPE skerry_hub_joins_total counter\n"
        "skerry_hub_joins_total{code=\"a\\\"b\\\\c\\nd\",result=\"refused\"} 2\n"
        "skerry_hub_joins_total{result=\"ok\"} 1\n"
        "# HELP skerry_hub_sessions Live sessions.\n"
        "# TYPE skerry_hub_sessions gauge\n"
        "skerry_hub_sessions -3\n");
}

TEST_CASE("Registry: a histogram counts durations in Prometheus' buckets", "[metrics]") {
  constexpr MetricInfo kWrites{"skerry_x_seconds", MetricType::kHistogram, "Writes."};
  Registry registry;
  Histogram& writes = registry.histogram(kWrites, {{"kind", "pod"}});
  for (const int ms : {1, 3, 5, 20'000}) writes.observe(std::chrono::milliseconds(ms));
  writes.observe(std::chrono::microseconds(50));
  const std::string text = registry.text();
  INFO(text);
  for (const char* line :
       {"# TYPE skerry_x_seconds histogram\n",
        "skerry_x_seconds_bucket{kind=\"pod\",le=\"0.001\"} 2\n",
        "{kind=\"pod\",le=\"0.002\"} 2\n", "{kind=\"pod\",le=\"0.005\"} 4\n",
        "{kind=\"pod\",le=\"10\"} 4\n", "{kind=\"pod\",le=\"+Inf\"} 5\n",
        "skerry_x_seconds_sum{kind=\"pod\"} 20.00905\n",
        "skerry_x_seconds_count{kind=\"pod\"} 5\n"}) {
    CHECK(text.find(line) != std::string::npos);
  }
}

TEST_CASE("Registry: the same labels in another order are one series", "[metrics]") {
  Registry registry;
  registry.counter(kJoins, {{"a", "1"}, {"b", "2"}}).add();
  registry.counter(kJoins, {{"b", "2"}, {"a", "1"}}).add();
  CHECK(registry.counter(kJoins, {{"a", "1"}, {"b", "2"}}).value() == 2);
}

TEST_CASE("Registry: too many label values share one series", "[metrics]") {
  Registry registry;
  for (std::size_t i = 0; i < kSeriesMax + 50; ++i) {
    registry.counter(kJoins, {{"node", std::to_string(i)}}).add();
  }
  CHECK(registry.text().find("skerry_hub_joins_total{overflow=\"true\"} 50\n") !=
        std::string::npos);
}

TEST_CASE("Registry: several threads count and look up at a time", "[metrics]") {
  Registry registry;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&registry] {
      for (int i = 0; i < 1000; ++i) registry.counter(kJoins).add();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(registry.counter(kJoins).value() == 4000);
}

TEST_CASE("Registry: the process tells its memory", "[metrics]") {
  const std::string text = process_text();
  CHECK(text.find("process_resident_memory_bytes 0\n") == std::string::npos);
  CHECK(text.find("process_cpu_seconds_total ") != std::string::npos);
}

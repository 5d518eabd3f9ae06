// Counters, gauges and histograms of durations in Prometheus' text format. App owns the registry
// and hands it to the modules; each module names its metrics in one table of MetricInfo
// (<module>/metrics.h).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace skerry::metrics {

enum class MetricType : std::uint8_t { kCounter, kGauge, kHistogram };

/// One row of a module's table. Names: skerry_<module>_<what>_<unit>[_total]. Lives for ever.
struct MetricInfo {
  std::string_view name;
  MetricType type;
  std::string_view help;
};

/// Only ever grows. Thread: any.
class Counter {
 public:
  void add(std::uint64_t amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  /// For a total that somebody else counts; a smaller one than before changes nothing. One caller.
  void raise_to(std::uint64_t total) {
    if (const std::uint64_t before = value(); total > before) add(total - before);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Thread: any.
class Gauge {
 public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// Durations in fixed buckets from 1 ms to 10 s. Thread: any.
class Histogram {
 public:
  static constexpr std::array<std::chrono::milliseconds, 12> kBounds{
      {std::chrono::milliseconds(1), std::chrono::milliseconds(2), std::chrono::milliseconds(5),
       std::chrono::milliseconds(10), std::chrono::milliseconds(25), std::chrono::milliseconds(50),
       std::chrono::milliseconds(100), std::chrono::milliseconds(250),
       std::chrono::milliseconds(500), std::chrono::milliseconds(1000),
       std::chrono::milliseconds(2500), std::chrono::milliseconds(10000)}};
  void observe(std::chrono::nanoseconds duration);
  /// Observations up to kBounds[i]; the last: all.
  std::uint64_t cumulative(std::size_t i) const;
  std::uint64_t sum_microseconds() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts_{};
  std::atomic<std::uint64_t> sum_{0};
};

using LabelSet = std::vector<std::pair<std::string, std::string>>;

/// More label combinations of one metric than this share one series labelled overflow="true":
/// labels must not hold what the outside chooses freely.
inline constexpr std::size_t kSeriesMax = 256;

/// Owner: App. Thread: any; a lock is taken when a series is looked up, so keep the reference.
/// References live as long as the registry. One name with two types is a programmer error.
class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  Counter& counter(const MetricInfo& info, const LabelSet& labels = {});
  Gauge& gauge(const MetricInfo& info, const LabelSet& labels = {});
  Histogram& histogram(const MetricInfo& info, const LabelSet& labels = {});

  /// Text format 0.0.4; metrics and series sorted, so that equal values give equal text.
  std::string text() const;

 private:
  struct Series {
    Counter counter;
    Gauge gauge;
    std::unique_ptr<Histogram> histogram;  // of that type alone: it is large
  };
  struct Family {
    const MetricInfo* info;
    std::map<std::string, std::unique_ptr<Series>> series;  // by label text
  };
  Series& series(const MetricInfo& info, const LabelSet& labels);

  mutable std::mutex mutex_;
  std::map<std::string_view, Family> families_;  // guarded by mutex_
};

/// The process' memory, CPU time and open files, by Prometheus' usual names. Reads /proc.
std::string process_text();

}  // namespace skerry::metrics

#include "common/metrics/registry.h"

#include <algorithm>

#include "common/base/assert.h"

namespace skerry::metrics {
namespace {

/// Label values escape backslash, quote and newline; help texts the first and last.
std::string escape(std::string_view text, bool quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else if (c == '"' && quotes)
      out += "\\\"";
    else
      out += c;
  }
  return out;
}

std::string label_text(LabelSet labels) {
  if (labels.empty()) return {};
  std::sort(labels.begin(), labels.end());
  std::string out = "{";
  for (const auto& [name, value] : labels) {
    if (out.size() > 1) out += ',';
    out += name + "=\"" + escape(value, true) + "\"";
  }
  return out + "}";
}

std::string_view type_word(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      break;
  }
  return "histogram";
}

/// "1234567" microseconds as "1.234567" seconds: exact, whatever the locale.
std::string seconds_text(std::uint64_t microseconds) {
  std::string fraction = std::to_string(microseconds % 1'000'000);
  fraction.insert(0, 6 - fraction.size(), '0');
  fraction.erase(fraction.find_last_not_of('0') + 1);
  const std::string whole = std::to_string(microseconds / 1'000'000);
  return fraction.empty() ? whole : whole + "." + fraction;
}

void put_histogram(std::string_view name,
                   const std::string& labels,
                   const Histogram& histogram,
                   std::string& out) {
  const std::string inside = labels.empty() ? "" : labels.substr(1, labels.size() - 2) + ",";
  const std::size_t bounds = Histogram::kBounds.size();
  for (std::size_t i = 0; i <= bounds; ++i) {
    const std::string bound =
        i == bounds
            ? "+Inf"
            : seconds_text(static_cast<std::uint64_t>(Histogram::kBounds[i].count()) * 1000);
    out.append(name).append("_bucket{").append(inside).append("le=\"").append(bound);
    out.append("\"} ").append(std::to_string(histogram.cumulative(i))).append("\n");
  }
  out.append(name).append("_sum").append(labels).append(" ");
  out.append(seconds_text(histogram.sum_microseconds())).append("\n");
  out.append(name).append("_count").append(labels).append(" ");
  out.append(std::to_string(histogram.cumulative(bounds))).append("\n");
}

}  // namespace

Registry::Registry() = default;
Registry::~Registry() = default;

Counter& Registry::counter(const MetricInfo& info, const LabelSet& labels) {
  SKERRY_ASSERT(info.type == MetricType::kCounter, "a gauge is used as a counter");
  return series(info, labels).counter;
}

Gauge& Registry::gauge(const MetricInfo& info, const LabelSet& labels) {
  SKERRY_ASSERT(info.type == MetricType::kGauge, "a counter is used as a gauge");
  return series(info, labels).gauge;
}

Histogram& Registry::histogram(const MetricInfo& info, const LabelSet& labels) {
  SKERRY_ASSERT(info.type == MetricType::kHistogram, "another metric is used as a histogram");
  return *series(info, labels).histogram;
}

Registry::Series& Registry::series(const MetricInfo& info, const LabelSet& labels) {
  std::string text = label_text(labels);
  const std::lock_guard lock(mutex_);
  Family& family = families_.try_emplace(info.name, Family{&info, {}}).first->second;
  SKERRY_ASSERT(family.info->type == info.type, "one metric name with two types");
  const bool known = family.series.contains(text);
  if (!known && family.series.size() >= kSeriesMax) text = "{overflow=\"true\"}";
  std::unique_ptr<Series>& slot = family.series[text];
  if (!slot) {
    slot = std::make_unique<Series>();
    if (info.type == MetricType::kHistogram) slot->histogram = std::make_unique<Histogram>();
  }
  return *slot;
}

std::string Registry::text() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    const MetricType type = family.info->type;
    out.append("# HELP ").append(name).append(" ").append(escape(family.info->help, false));
    out.append("\n# TYPE ").append(name).append(" ").append(type_word(type)).append("\n");
    for (const auto& [labels, series] : family.series) {
      if (type == MetricType::kHistogram) {
        put_histogram(name, labels, *series->histogram, out);
        continue;
      }
      const std::string value = type == MetricType::kCounter
                                    ? std::to_string(series->counter.value())
                                    : std::to_string(series->gauge.value());
      out.append(name).append(labels).append(" ").append(value).append("\n");
    }
  }
  return out;
}

void Histogram::observe(std::chrono::nanoseconds duration) {
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), duration);
  counts_[static_cast<std::size_t>(bound - kBounds.begin())].fetch_add(1,
                                                                       std::memory_order_relaxed);
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(duration);
  sum_.fetch_add(static_cast<std::uint64_t>(std::max<std::int64_t>(0, microseconds.count())),
                 std::memory_order_relaxed);
}

std::uint64_t Histogram::cumulative(std::size_t i) const {
  std::uint64_t count = 0;
  for (std::size_t at = 0; at <= i; ++at) count += counts_[at].load(std::memory_order_relaxed);
  return count;
}

}  // namespace skerry::metrics

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

Registry::Series& Registry::series(const MetricInfo& info, const LabelSet& labels) {
  std::string text = label_text(labels);
  const std::lock_guard lock(mutex_);
  Family& family = families_.try_emplace(info.name, Family{&info, {}}).first->second;
  SKERRY_ASSERT(family.info->type == info.type, "one metric name with two types");
  const bool known = family.series.contains(text);
  if (!known && family.series.size() >= kSeriesMax) text = "{overflow=\"true\"}";
  std::unique_ptr<Series>& slot = family.series[text];
  if (!slot) slot = std::make_unique<Series>();
  return *slot;
}

std::string Registry::text() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    const bool is_counter = family.info->type == MetricType::kCounter;
    out.append("# HELP ").append(name).append(" ").append(escape(family.info->help, false));
    out.append("\n# TYPE ").append(name).append(is_counter ? " counter\n" : " gauge\n");
    for (const auto& [labels, series] : family.series) {
      const std::string value = is_counter ? std::to_string(series->counter.value())
                                           : std::to_string(series->gauge.value());
      out.append(name).append(labels).append(" ").append(value).append("\n");
    }
  }
  return out;
}

}  // namespace skerry::metrics

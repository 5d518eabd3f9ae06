#include "edgecore/edged/qos.h"

#include <algorithm>
#include <limits>

#include "common/base/assert.h"
#include "edgecore/edged/resource_amounts.h"

namespace skerry::edged {
namespace {

constexpr int kGuaranteedScore = -997;
constexpr int kBestEffortScore = 1000;
constexpr std::int64_t kSystemCriticalPriority = 2'000'000'000;

struct Sums {
  std::int64_t cpu_requests = 0;
  std::int64_t cpu_limits = 0;
  std::int64_t memory_requests = 0;
  std::int64_t memory_limits = 0;
  bool all_limited = true;

  void add(const ContainerSpec& container) {
    const std::int64_t cpu = milli_of(container.resources.limits, "cpu");
    const std::int64_t memory = value_of(container.resources.limits, "memory");
    cpu_requests += milli_of(container.resources.requests, "cpu");
    memory_requests += value_of(container.resources.requests, "memory");
    cpu_limits += cpu;
    memory_limits += memory;
    all_limited = all_limited && cpu > 0 && memory > 0;
  }
};

bool is_node_critical(const PodSpec& pod) {
  return pod.priority_class == "system-node-critical" && pod.priority >= kSystemCriticalPriority;
}

std::int64_t burstable_score(std::int64_t request_bytes, std::int64_t capacity_bytes) {
  if (request_bytes >= capacity_bytes) return 0;
  // 1000 * request may not fit in 64 bits for absurd requests; those were cut off above.
  if (request_bytes > std::numeric_limits<std::int64_t>::max() / 1000) return 0;
  return 1000 - (1000 * request_bytes) / capacity_bytes;
}

}  // namespace

std::string_view to_string(QosClass qos) {
  switch (qos) {
    case QosClass::kGuaranteed:
      return "Guaranteed";
    case QosClass::kBurstable:
      return "Burstable";
    case QosClass::kBestEffort:
      return "BestEffort";
  }
  return "BestEffort";
}

QosClass qos_class(const PodSpec& pod) {
  Sums sums;
  for (const ContainerSpec& container : pod.containers) sums.add(container);
  for (const ContainerSpec& container : pod.init_containers) sums.add(container);
  if (sums.cpu_requests == 0 && sums.memory_requests == 0 && sums.cpu_limits == 0 &&
      sums.memory_limits == 0) {
    return QosClass::kBestEffort;
  }
  const bool equal =
      sums.cpu_requests == sums.cpu_limits && sums.memory_requests == sums.memory_limits;
  return sums.all_limited && equal ? QosClass::kGuaranteed : QosClass::kBurstable;
}

int oom_score_adj(const PodSpec& pod,
                  const ContainerSpec& container,
                  std::int64_t memory_capacity_bytes) {
  SKERRY_ASSERT(memory_capacity_bytes > 0, "the node's memory is known before a pod starts");
  if (is_node_critical(pod)) return kGuaranteedScore;
  const QosClass qos = qos_class(pod);
  if (qos == QosClass::kGuaranteed) return kGuaranteedScore;
  if (qos == QosClass::kBestEffort) return kBestEffortScore;

  const auto score_of = [&](const ContainerSpec& one) {
    return burstable_score(value_of(one.resources.requests, "memory"), memory_capacity_bytes);
  };
  std::int64_t score = score_of(container);
  if (container.sidecar) {
    // A sidecar is not killed before the containers it serves.
    std::int64_t highest = 0;
    for (const ContainerSpec& regular : pod.containers) {
      highest = std::max(highest, score_of(regular));
    }
    score = std::min(score, highest);
  }
  if (score < kBestEffortScore + kGuaranteedScore) return kBestEffortScore + kGuaranteedScore;
  return static_cast<int>(std::min<std::int64_t>(score, kBestEffortScore - 1));
}

}  // namespace skerry::edged

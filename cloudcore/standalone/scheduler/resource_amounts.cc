#include "cloudcore/standalone/scheduler/resource_amounts.h"

#include <algorithm>

#include "common/k8s/json_fields.h"
#include "common/k8s/quantity.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::int64_t kScoreMilliCpu = 100;
constexpr std::int64_t kScoreMemoryBytes = 200 * 1024 * 1024;

enum class For { kFit, kScore };

ResourceAmounts of_container(const json& container, For purpose) {
  const json& wanted = fields::object(fields::object(container, "resources"), "requests");
  ResourceAmounts out = read_amounts(wanted);
  if (purpose == For::kScore) {
    if (!wanted.contains("cpu")) out.milli_cpu = kScoreMilliCpu;
    if (!wanted.contains("memory")) out.memory_bytes = kScoreMemoryBytes;
  }
  return out;
}

ResourceAmounts sum_of(const json& pod, For purpose) {
  const json& spec = fields::object(pod, "spec");
  ResourceAmounts sum;
  for (const json& each : fields::list(spec, "containers")) sum.add(of_container(each, purpose));
  ResourceAmounts sidecars;
  ResourceAmounts starting;
  for (const json& each : fields::list(spec, "initContainers")) {
    ResourceAmounts own = of_container(each, purpose);
    if (fields::text(each, "restartPolicy") == "Always") {
      sum.add(own);
      sidecars.add(own);
      starting.raise_to(sidecars);
    } else {
      own.add(sidecars);
      starting.raise_to(own);
    }
  }
  sum.raise_to(starting);
  const json& whole = fields::object(fields::object(spec, "resources"), "requests");
  const ResourceAmounts of_pod = read_amounts(whole);
  if (whole.contains("cpu")) sum.milli_cpu = of_pod.milli_cpu;
  if (whole.contains("memory")) sum.memory_bytes = of_pod.memory_bytes;
  sum.add(read_amounts(fields::object(spec, "overhead")));
  return sum;
}

}  // namespace

void ResourceAmounts::add(const ResourceAmounts& other) {
  milli_cpu += other.milli_cpu;
  memory_bytes += other.memory_bytes;
  storage_bytes += other.storage_bytes;
  pods += other.pods;
  for (const auto& [name, amount] : other.others) others[name] += amount;
}

void ResourceAmounts::subtract(const ResourceAmounts& other) {
  milli_cpu -= other.milli_cpu;
  memory_bytes -= other.memory_bytes;
  storage_bytes -= other.storage_bytes;
  pods -= other.pods;
  for (const auto& [name, amount] : other.others) others[name] -= amount;
}

void ResourceAmounts::raise_to(const ResourceAmounts& other) {
  milli_cpu = std::max(milli_cpu, other.milli_cpu);
  memory_bytes = std::max(memory_bytes, other.memory_bytes);
  storage_bytes = std::max(storage_bytes, other.storage_bytes);
  pods = std::max(pods, other.pods);
  for (const auto& [name, amount] : other.others) {
    others[name] = std::max(others[name], amount);
  }
}

ResourceAmounts read_amounts(const json& quantities) {
  ResourceAmounts out;
  if (!quantities.is_object()) return out;
  for (const auto& [name, value] : quantities.items()) {
    const auto read = k8s::parse_quantity(fields::text_or_number(value));
    if (!read) continue;
    if (name == "cpu") {
      out.milli_cpu = read->milli_value();
    } else if (name == "memory") {
      out.memory_bytes = read->value();
    } else if (name == "ephemeral-storage") {
      out.storage_bytes = read->value();
    } else if (name == "pods") {
      out.pods = read->value();
    } else if (read->value() != 0) {
      out.others[name] = read->value();
    }
  }
  return out;
}

ResourceAmounts requested(const json& pod) { return sum_of(pod, For::kFit); }
ResourceAmounts requested_for_score(const json& pod) { return sum_of(pod, For::kScore); }

}  // namespace skerry::standalone

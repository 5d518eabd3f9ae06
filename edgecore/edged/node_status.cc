#include "edgecore/edged/node_status.h"

#include <algorithm>

#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"
#include "edgecore/edged/resource_amounts.h"

namespace skerry::edged {
namespace {

using k8s::fields::Json;
using k8s::fields::text;

constexpr std::string_view kKubernetesVersion = "v1.34.4";  // whose node behaviour this is
constexpr std::size_t kImagesMax = 50;                      // kubelet nodeStatusMaxImages
constexpr std::size_t kNamesPerImageMax = 5;

/// One row per pressure condition, in the order in which the kubelet lists them.
struct PressureRow {
  std::string_view type;
  bool Observation::* seen;
  std::string_view reason_true;
  std::string_view message_true;
  std::string_view reason_false;
  std::string_view message_false;
};
constexpr PressureRow kPressures[] = {
    {"MemoryPressure", &Observation::memory_pressure, "KubeletHasInsufficientMemory",
     "kubelet has insufficient memory available", "KubeletHasSufficientMemory",
     "kubelet has sufficient memory available"},
    {"DiskPressure", &Observation::disk_pressure, "KubeletHasDiskPressure",
     "kubelet has disk pressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"},
    {"PIDPressure", &Observation::pid_pressure, "KubeletHasInsufficientPID",
     "kubelet has insufficient PID available", "KubeletHasSufficientPID",
     "kubelet has sufficient PID available"},
};

std::int64_t percent_of(std::int64_t whole, int percent) {
  return whole / 100 * percent + whole % 100 * percent / 100;
}

Json capacity_of(const NodeFacts& facts, const MachineUse& use) {
  Json capacity = {{"cpu", std::to_string(facts.machine.cpus)},
                   {"memory", format_bytes(facts.machine.memory_bytes)},
                   {"ephemeral-storage", format_bytes(use.disk_bytes)},
                   {"pods", std::to_string(facts.pods_max)}};
  for (const auto& [size, bytes] : facts.machine.hugepages_bytes) {
    capacity["hugepages-" + size] = format_bytes(bytes);
  }
  return capacity;
}

Json allocatable_of(const NodeFacts& facts, const MachineUse& use, const NodeLimits& limits) {
  const Allocatable amounts = allocatable(facts.machine, use, limits);
  Json json = capacity_of(facts, use);
  json["memory"] = format_bytes(amounts.memory_bytes);
  json["ephemeral-storage"] = format_bytes(amounts.storage_bytes);
  return json;
}

Json conditions_of(const NodeConditions& conditions, WallTime now) {
  Json list = Json::array();
  for (const NodeConditions::Condition& condition : conditions.list()) {
    list.push_back({{"type", condition.type},
                    {"status", condition.status ? "True" : "False"},
                    {"reason", condition.reason},
                    {"message", condition.message},
                    {"lastHeartbeatTime", k8s::format_time(now)},
                    {"lastTransitionTime", k8s::format_time(condition.since)}});
  }
  return list;
}

Json images_of(std::vector<NodeImage> images) {
  const auto name_of = [](const NodeImage& image) {
    return image.repo_tags.empty() ? std::string() : image.repo_tags.front();
  };
  std::sort(images.begin(), images.end(), [&](const NodeImage& one, const NodeImage& other) {
    if (one.size_bytes != other.size_bytes) return one.size_bytes > other.size_bytes;
    return name_of(one) < name_of(other);  // equal sizes keep one order from report to report
  });
  if (images.size() > kImagesMax) images.resize(kImagesMax);
  Json list = Json::array();
  for (const NodeImage& image : images) {
    std::vector<std::string> names = image.repo_digests;
    names.insert(names.end(), image.repo_tags.begin(), image.repo_tags.end());
    if (names.size() > kNamesPerImageMax) names.resize(kNamesPerImageMax);
    list.push_back({{"names", names}, {"sizeBytes", image.size_bytes}});
  }
  return list;
}

std::string hostname_of(const NodeFacts& facts) {
  return facts.hostname.empty() ? facts.name.str() : facts.hostname;
}

Json addresses_of(const NodeFacts& facts) {
  Json list = Json::array();
  if (!facts.internal_ip.empty()) {
    list.push_back({{"type", "InternalIP"}, {"address", facts.internal_ip}});
  }
  list.push_back({{"type", "Hostname"}, {"address", hostname_of(facts)}});
  return list;
}

Json node_info_of(const NodeFacts& facts) {
  const MachineInfo& machine = facts.machine;
  return {{"machineID", machine.machine_id},
          {"systemUUID", machine.system_uuid},
          {"bootID", machine.boot_id},
          {"kernelVersion", machine.kernel_version},
          {"osImage", machine.os_image},
          {"containerRuntimeVersion", facts.runtime_version},
          {"kubeletVersion", std::string(kKubernetesVersion) + "-skerry-" + facts.agent_version},
          {"kubeProxyVersion", ""},
          {"operatingSystem", "linux"},
          {"architecture", machine.architecture}};
}

/// Bytes that are not UTF-8 (a hand-written os-release) must not stop a report.
std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Allocatable allocatable(const MachineInfo& machine,
                        const MachineUse& use,
                        const NodeLimits& limits) {
  Allocatable amounts;
  amounts.cpu_milli = machine.cpus * static_cast<std::int64_t>(1000);
  std::int64_t memory = machine.memory_bytes - limits.memory_reserved_bytes;
  for (const auto& [size, bytes] : machine.hugepages_bytes) memory -= bytes;
  amounts.memory_bytes = std::max<std::int64_t>(memory, 0);
  amounts.storage_bytes = use.disk_bytes - percent_of(use.disk_bytes, limits.disk_reserved_percent);
  return amounts;
}

Observation observe(const MachineUse& use,
                    const NodeLimits& limits,
                    std::string not_ready_because) {
  Observation seen;
  seen.memory_pressure = use.memory_available_bytes < limits.memory_reserved_bytes;
  const bool disk =
      use.disk_available_bytes < percent_of(use.disk_bytes, limits.disk_reserved_percent);
  // Some file systems (btrfs) have no inodes to count.
  const bool inodes =
      use.inodes > 0 && use.inodes_free < percent_of(use.inodes, limits.inodes_free_percent);
  seen.disk_pressure = disk || inodes;
  // The kubelet sets no default for pid.available; the last percent is what nobody can work with.
  seen.pid_pressure = use.pids_max > 0 && use.pids_max - use.pids < percent_of(use.pids_max, 1);
  seen.not_ready_because = std::move(not_ready_because);
  return seen;
}

void NodeConditions::adopt(std::string_view status_json) {
  const Json status = Json::parse(status_json, nullptr, false);
  if (!status.is_object() || !status.contains("conditions")) return;
  conditions_.clear();
  for (const Json& one : status["conditions"]) {
    if (!one.is_object()) continue;
    const auto since = k8s::parse_time(text(one, "lastTransitionTime"));
    if (!since) continue;
    conditions_.push_back({text(one, "type"), text(one, "status") == "True", text(one, "reason"),
                           text(one, "message"), *since});
  }
}

bool NodeConditions::hold(std::size_t which, bool seen, WallTime now) {
  std::optional<WallTime>& last = last_seen_[which];
  if (seen || (last && *last > now)) last = now;  // the clock may go back
  return last && (seen || now - *last < limits_.pressure_hold);
}

bool NodeConditions::set(Condition next, WallTime now) {
  const auto found = std::find_if(conditions_.begin(), conditions_.end(),
                                  [&](const Condition& one) { return one.type == next.type; });
  if (found == conditions_.end()) {
    next.since = now;
    conditions_.push_back(std::move(next));
    return true;
  }
  const bool changed = found->status != next.status || found->reason != next.reason ||
                       found->message != next.message;
  next.since = found->status == next.status ? found->since : now;
  *found = std::move(next);
  return changed;
}

bool NodeConditions::update(const Observation& observation, WallTime now) {
  bool changed = false;
  for (std::size_t i = 0; i < std::size(kPressures); ++i) {
    const PressureRow& row = kPressures[i];
    const bool pressure = hold(i, observation.*row.seen, now);
    changed |= set({std::string(row.type),
                    pressure,
                    std::string(pressure ? row.reason_true : row.reason_false),
                    std::string(pressure ? row.message_true : row.message_false),
                    {}},
                   now);
  }
  const bool ready = observation.not_ready_because.empty();
  changed |= set({"Ready",
                  ready,
                  ready ? "KubeletReady" : "KubeletNotReady",
                  ready ? "kubelet is posting ready status" : observation.not_ready_because,
                  {}},
                 now);
  return changed;
}

bool NodeConditions::ready() const {
  return std::any_of(conditions_.begin(), conditions_.end(),
                     [](const Condition& one) { return one.type == "Ready" && one.status; });
}

std::string node_status(const NodeFacts& facts,
                        const MachineUse& use,
                        const NodeLimits& limits,
                        const NodeConditions& conditions,
                        WallTime now) {
  return dumped({{"addresses", addresses_of(facts)},
                 {"allocatable", allocatable_of(facts, use, limits)},
                 {"capacity", capacity_of(facts, use)},
                 {"conditions", conditions_of(conditions, now)},
                 {"images", images_of(facts.images)},
                 {"nodeInfo", node_info_of(facts)}});
}

std::string node_registration(const NodeFacts& facts) {
  std::map<std::string, std::string> labels = {
      {"kubernetes.io/hostname", hostname_of(facts)},
      {"kubernetes.io/os", "linux"},
      {"kubernetes.io/arch", facts.machine.architecture},
      {"beta.kubernetes.io/os", "linux"},
      {"beta.kubernetes.io/arch", facts.machine.architecture},
      {"node-role.kubernetes.io/edge", ""},
      {"node-role.kubernetes.io/agent", ""}};
  for (const auto& [key, value] : facts.labels) labels[key] = value;
  Json spec = {{"providerID", "skerry://" + facts.name.str()}};
  for (const NodeTaint& taint : facts.taints) {
    Json one = {{"key", taint.key}, {"effect", taint.effect}};
    if (!taint.value.empty()) one["value"] = taint.value;
    spec["taints"].push_back(std::move(one));
  }
  const Json annotations = {{"volumes.kubernetes.io/controller-managed-attach-detach", "true"}};
  return dumped(
      {{"apiVersion", "v1"},
       {"kind", "Node"},
       {"metadata", {{"name", facts.name.str()}, {"labels", labels}, {"annotations", annotations}}},
       {"spec", spec}});
}

std::string node_report_body(const std::string& registration, const std::string& status) {
  std::string body = "{";
  if (!registration.empty()) body += "\"registration\":" + registration + ",";
  return body + "\"status\":" + status + "}";
}

}  // namespace skerry::edged

#include "edgecore/edged/cgroup_rules.h"

#include <algorithm>

#include "edgecore/edged/resource_amounts.h"

namespace skerry::edged {
namespace {

constexpr std::uint64_t kSharesMin = 2;
constexpr std::uint64_t kSharesMax = 262144;
constexpr std::int64_t kQuotaMinUs = 1000;

/// The four amounts of one container, or of a step of initialisation.
struct Amounts {
  std::int64_t cpu_request = 0;
  std::int64_t cpu_limit = 0;
  std::int64_t memory_request = 0;
  std::int64_t memory_limit = 0;

  static Amounts of(const Resources& resources) {
    return {milli_of(resources.requests, "cpu"), milli_of(resources.limits, "cpu"),
            value_of(resources.requests, "memory"), value_of(resources.limits, "memory")};
  }
  Amounts& operator+=(const Amounts& other) {
    cpu_request += other.cpu_request;
    cpu_limit += other.cpu_limit;
    memory_request += other.memory_request;
    memory_limit += other.memory_limit;
    return *this;
  }
  void raise_to(const Amounts& other) {
    cpu_request = std::max(cpu_request, other.cpu_request);
    cpu_limit = std::max(cpu_limit, other.cpu_limit);
    memory_request = std::max(memory_request, other.memory_request);
    memory_limit = std::max(memory_limit, other.memory_limit);
  }
};

void add_overhead(const StringMap& overhead, Amounts& total) {
  const std::int64_t cpu = milli_of(overhead, "cpu");
  const std::int64_t memory = value_of(overhead, "memory");
  total.cpu_request += cpu;
  total.memory_request += memory;
  // A limit that is not set stays so.
  if (total.cpu_limit > 0) total.cpu_limit += cpu;
  if (total.memory_limit > 0) total.memory_limit += memory;
}

std::string slice_of(const std::vector<std::string>& parts) {
  std::string path;
  std::string name;
  for (std::string part : parts) {
    std::replace(part.begin(), part.end(), '-', '_');
    name += (name.empty() ? "" : "-") + part;
    path += "/" + name + ".slice";
  }
  return path;
}

std::string join(CgroupDriver driver, const std::vector<std::string>& parts) {
  if (driver == CgroupDriver::kSystemd) return slice_of(parts);
  std::string path;
  for (const std::string& part : parts) path += "/" + part;
  return path;
}

std::vector<std::string> qos_parts(QosClass qos) {
  if (qos == QosClass::kBurstable) return {"kubepods", "burstable"};
  if (qos == QosClass::kBestEffort) return {"kubepods", "besteffort"};
  return {"kubepods"};
}

}  // namespace

std::string qos_cgroup(CgroupDriver driver, QosClass qos) { return join(driver, qos_parts(qos)); }

std::string pod_cgroup(CgroupDriver driver, QosClass qos, const Uid& uid) {
  std::vector<std::string> parts = qos_parts(qos);
  parts.push_back("pod" + uid.str());
  return join(driver, parts);
}

std::uint64_t cpu_shares(std::int64_t milli_cpu) {
  if (milli_cpu <= 0) return kSharesMin;
  const auto milli = std::min<std::int64_t>(milli_cpu, 1'000'000'000);
  return std::clamp(static_cast<std::uint64_t>(milli) * 1024 / 1000, kSharesMin, kSharesMax);
}

std::int64_t cpu_quota_us(std::int64_t milli_cpu, std::int64_t period_us) {
  if (milli_cpu <= 0) return 0;
  const auto milli = std::min<std::int64_t>(milli_cpu, 1'000'000'000);
  return std::max(milli * period_us / 1000, kQuotaMinUs);
}

std::uint64_t cpu_weight(std::uint64_t shares) {
  // opencontainers/cgroups utils.go, ConvertCPUSharesToCgroupV2Value
  const std::uint64_t bounded = std::clamp(shares, kSharesMin, kSharesMax);
  return 1 + ((bounded - 2) * 9999) / 262142;
}

PodTotals pod_totals(const PodSpec& pod) {
  PodTotals totals;
  const auto note_limits = [&totals](const Amounts& one) {
    if (one.cpu_limit == 0) totals.every_container_limits_cpu = false;
    if (one.memory_limit == 0) totals.every_container_limits_memory = false;
  };
  Amounts running;
  for (const ContainerSpec& container : pod.containers) {
    const Amounts one = Amounts::of(container.resources);
    note_limits(one);
    running += one;
  }
  Amounts sidecars;
  Amounts starting;
  for (const ContainerSpec& container : pod.init_containers) {
    Amounts one = Amounts::of(container.resources);
    note_limits(one);
    if (container.sidecar) {
      running += one;
      sidecars += one;
      one = sidecars;
    } else {
      one += sidecars;
    }
    starting.raise_to(one);
  }
  running.raise_to(starting);
  add_overhead(pod.overhead, running);
  totals.cpu_request_milli = running.cpu_request;
  totals.cpu_limit_milli = running.cpu_limit;
  totals.memory_request_bytes = running.memory_request;
  totals.memory_limit_bytes = running.memory_limit;
  return totals;
}

CgroupResources pod_resources(const PodSpec& pod) {
  const PodTotals totals = pod_totals(pod);
  CgroupResources resources;
  resources.cpu_shares = cpu_shares(totals.cpu_request_milli);
  switch (qos_class(pod)) {
    case QosClass::kGuaranteed:
      resources.cpu_quota_us = cpu_quota_us(totals.cpu_limit_milli);
      resources.memory_limit_bytes = totals.memory_limit_bytes;
      break;
    case QosClass::kBurstable:
      if (totals.every_container_limits_cpu) {
        resources.cpu_quota_us = cpu_quota_us(totals.cpu_limit_milli);
      }
      if (totals.every_container_limits_memory) {
        resources.memory_limit_bytes = totals.memory_limit_bytes;
      }
      break;
    case QosClass::kBestEffort:
      resources.cpu_shares = kSharesMin;
      break;
  }
  return resources;
}

ContainerResources container_resources(const PodSpec& pod,
                                       const ContainerSpec& container,
                                       std::int64_t memory_capacity_bytes) {
  const Amounts amounts = Amounts::of(container.resources);
  const bool requests_cpu = container.resources.requests.contains("cpu");
  ContainerResources result;
  result.cpu_shares =
      static_cast<std::int64_t>(cpu_shares(requests_cpu ? amounts.cpu_request : amounts.cpu_limit));
  result.cpu_quota_us = cpu_quota_us(amounts.cpu_limit);
  result.memory_limit_bytes = amounts.memory_limit;
  result.oom_score_adj = oom_score_adj(pod, container, memory_capacity_bytes);
  return result;
}

std::vector<CgroupWrite> cgroup_writes(CgroupVersion version, const CgroupResources& resources) {
  std::vector<CgroupWrite> writes;
  const auto period = std::to_string(kCpuPeriodUs);
  if (version == CgroupVersion::kV2) {
    if (resources.cpu_shares) {
      writes.push_back({"", "cpu.weight", std::to_string(cpu_weight(*resources.cpu_shares))});
    }
    if (resources.cpu_quota_us) {
      const auto quota = *resources.cpu_quota_us;
      writes.push_back({"", "cpu.max", (quota > 0 ? std::to_string(quota) : "max") + " " + period});
    }
    if (resources.memory_limit_bytes && *resources.memory_limit_bytes > 0) {
      writes.push_back({"", "memory.max", std::to_string(*resources.memory_limit_bytes)});
    }
    return writes;
  }
  if (resources.cpu_shares) {
    writes.push_back({"cpu", "cpu.shares", std::to_string(*resources.cpu_shares)});
  }
  if (resources.cpu_quota_us) {
    const auto quota = *resources.cpu_quota_us;
    writes.push_back({"cpu", "cpu.cfs_period_us", period});
    writes.push_back({"cpu", "cpu.cfs_quota_us", std::to_string(quota > 0 ? quota : -1)});
  }
  if (resources.memory_limit_bytes && *resources.memory_limit_bytes > 0) {
    writes.push_back(
        {"memory", "memory.limit_in_bytes", std::to_string(*resources.memory_limit_bytes)});
  }
  return writes;
}

}  // namespace skerry::edged

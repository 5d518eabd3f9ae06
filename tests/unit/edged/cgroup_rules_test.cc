#include "edgecore/edged/cgroup_rules.h"

#include "tests/support/catch.h"
#include "tests/unit/edged/sample_pod.h"

using namespace skerry;
using namespace skerry::edged;

TEST_CASE("Cgroup: the path of a pod by class and driver", "[edged]") {
  struct Row {
    CgroupDriver driver;
    QosClass qos;
    const char* want;
  };
  const Row rows[] = {
      {CgroupDriver::kCgroupfs, QosClass::kGuaranteed, "/kubepods/pod12-ab"},
      {CgroupDriver::kCgroupfs, QosClass::kBurstable, "/kubepods/burstable/pod12-ab"},
      {CgroupDriver::kCgroupfs, QosClass::kBestEffort, "/kubepods/besteffort/pod12-ab"},
      {CgroupDriver::kSystemd, QosClass::kGuaranteed, "/kubepods.slice/kubepods-pod12_ab.slice"},
      {CgroupDriver::kSystemd, QosClass::kBurstable,
       "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod12_ab.slice"},
      {CgroupDriver::kSystemd, QosClass::kBestEffort,
       "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod12_ab.slice"},
  };
  for (const Row& row : rows) CHECK(pod_cgroup(row.driver, row.qos, Uid("12-ab")) == row.want);
  CHECK(qos_cgroup(CgroupDriver::kSystemd, QosClass::kGuaranteed) == "/kubepods.slice");
}

TEST_CASE("Cgroup: shares, quota and weight have floors and ceilings", "[edged]") {
  CHECK(cpu_shares(0) == 2);
  CHECK(cpu_shares(1) == 2);
  CHECK(cpu_shares(100) == 102);
  CHECK(cpu_shares(1000) == 1024);
  CHECK(cpu_shares(500000) == 262144);
  CHECK(cpu_shares(INT64_MAX) == 262144);
  CHECK(cpu_quota_us(0) == 0);
  CHECK(cpu_quota_us(1) == 1000);
  CHECK(cpu_quota_us(250) == 25000);
  CHECK(cpu_quota_us(2000) == 200000);
  CHECK(cpu_weight(0) == 1);
  CHECK(cpu_weight(2) == 1);
  CHECK(cpu_weight(102) == 4);
  CHECK(cpu_weight(1024) == 39);
  CHECK(cpu_weight(262144) == 10000);
}

TEST_CASE("Cgroup: a pod is limited as far as all its containers are", "[edged]") {
  const Amount full = {"100m", "200m", "32Mi", "64Mi"};
  const auto of = [](std::initializer_list<Amount> amounts) {
    PodSpec pod = sample_pod();
    for (const Amount& one : amounts) pod.containers.push_back(sample_container("c", one));
    return pod_resources(pod);
  };
  CHECK(of({{}}) == CgroupResources{2, {}, {}});
  CHECK(of({full, full}) == CgroupResources{204, 40000, 128 << 20});
  CHECK(of({full, {"100m", "", "32Mi", "64Mi"}}) == CgroupResources{204, {}, 128 << 20});
  CHECK(of({full, {"100m", "200m", "", ""}}) == CgroupResources{204, 40000, {}});
  CHECK(of({{"1", "1", "1Gi", "1Gi"}}) == CgroupResources{1024, 100000, 1 << 30});
}

TEST_CASE("Cgroup: totals take the dearest step of starting, with the sidecars so far", "[edged]") {
  PodSpec pod = sample_pod({sample_container("a", {"100m", "100m", "10", "10"})});
  ContainerSpec early = sample_container("early", {"500m", "500m", "5", "5"});
  ContainerSpec sidecar = sample_container("side", {"50m", "50m", "50", "50"});
  sidecar.sidecar = true;
  ContainerSpec late = sample_container("late", {"470m", "470m", "20", "20"});
  pod.init_containers = {early, sidecar, late};
  pod.overhead = {{"cpu", "10m"}, {"memory", "7"}};
  const PodTotals totals = pod_totals(pod);
  CHECK(totals.cpu_request_milli == 520 + 10);   // late beside the sidecar
  CHECK(totals.memory_request_bytes == 70 + 7);  // late beside the sidecar: 20 + 50
  CHECK(totals.memory_limit_bytes == 70 + 7);
}

TEST_CASE("Cgroup: overhead adds to limits only where there are some", "[edged]") {
  PodSpec pod = sample_pod({sample_container("a", {"100m", "", "", ""})});
  pod.overhead = {{"cpu", "10m"}, {"memory", "7"}};
  CHECK(pod_totals(pod).cpu_limit_milli == 0);
  CHECK(pod_totals(pod).memory_request_bytes == 7);
}

TEST_CASE("Cgroup: a container's resources for CRI", "[edged]") {
  constexpr std::int64_t kNode = std::int64_t{1} << 30;
  const auto of = [&](const Amount& amount) {
    const PodSpec pod = sample_pod({sample_container("c", amount)});
    return container_resources(pod, pod.containers[0], kNode);
  };
  CHECK(of({}) == ContainerResources{100000, 0, 2, 0, 1000});
  CHECK(of({"250m", "500m", "", "64Mi"}) == ContainerResources{100000, 50000, 256, 64 << 20, 999});
  // Without a request the limit stands for it.
  CHECK(of({"", "500m", "", ""}).cpu_shares == 512);
  CHECK(of({"0", "500m", "", ""}).cpu_shares == 2);
}

TEST_CASE("Cgroup: what is written where, by version", "[edged]") {
  using V = std::vector<CgroupWrite>;
  const CgroupResources all{1024, 20000, 33554432};
  CHECK(cgroup_writes(CgroupVersion::kV1, all) ==
        V{{"cpu", "cpu.shares", "1024"},
          {"cpu", "cpu.cfs_period_us", "100000"},
          {"cpu", "cpu.cfs_quota_us", "20000"},
          {"memory", "memory.limit_in_bytes", "33554432"}});
  CHECK(cgroup_writes(CgroupVersion::kV2, all) == V{{"", "cpu.weight", "39"},
                                                    {"", "cpu.max", "20000 100000"},
                                                    {"", "memory.max", "33554432"}});
  const CgroupResources open{2, 0, 0};
  CHECK(cgroup_writes(CgroupVersion::kV1, open) == V{{"cpu", "cpu.shares", "2"},
                                                     {"cpu", "cpu.cfs_period_us", "100000"},
                                                     {"cpu", "cpu.cfs_quota_us", "-1"}});
  CHECK(cgroup_writes(CgroupVersion::kV2, open) ==
        V{{"", "cpu.weight", "1"}, {"", "cpu.max", "max 100000"}});
  CHECK(cgroup_writes(CgroupVersion::kV2, {}).empty());
}

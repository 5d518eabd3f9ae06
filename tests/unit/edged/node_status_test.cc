#include "edgecore/edged/node_status.h"

#include <nlohmann/json.hpp>

#include "common/k8s/object.h"
#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edged;
using Json = nlohmann::json;

namespace {

const WallTime kNow{std::chrono::seconds(1'800'000'000)};  // 2027-01-15T08:00:00Z

NodeFacts facts() {
  NodeFacts facts;
  facts.name = NodeName("gateway-1");
  facts.internal_ip = "192.0.2.5";
  facts.agent_version = "0.1.0";
  facts.runtime_version = "containerd://1.6.20";
  facts.machine.cpus = 4;
  facts.machine.memory_bytes = 4046440LL * 1024;
  facts.machine.hugepages_bytes = {{"2Mi", 0}};
  facts.machine.machine_id = "m1";
  facts.machine.system_uuid = "s1";
  facts.machine.boot_id = "b1";
  facts.machine.kernel_version = "6.1";
  facts.machine.os_image = "Debian";
  facts.machine.architecture = "arm64";
  return facts;
}

MachineUse use() {
  MachineUse use;
  use.memory_available_bytes = 1 << 30;
  use.disk_bytes = 1000000;
  use.disk_available_bytes = 500000;
  use.inodes = 1000;
  use.inodes_free = 500;
  use.pids = 100;
  use.pids_max = 32768;
  return use;
}

NodeConditions settled() {
  NodeConditions conditions;
  conditions.update({}, kNow);
  return conditions;
}

Json status_of(const NodeFacts& node, const NodeConditions& conditions, WallTime now = kNow) {
  return Json::parse(node_status(node, use(), {}, conditions, now));
}

}  // namespace

TEST_CASE("NodeStatus: capacity, allocatable, addresses and nodeInfo as kubectl shows them",
          "[edged]") {
  const Json status = status_of(facts(), settled());
  CHECK(status["capacity"] == Json::parse(R"({"cpu":"4","memory":"4046440Ki",
      "ephemeral-storage":"1000000","hugepages-2Mi":"0","pods":"110"})"));
  CHECK(status["allocatable"] == Json::parse(R"({"cpu":"4","memory":"3944040Ki",
      "ephemeral-storage":"900000","hugepages-2Mi":"0","pods":"110"})"));
  CHECK(status["addresses"] == Json::parse(R"([{"type":"InternalIP","address":"192.0.2.5"},
      {"type":"Hostname","address":"gateway-1"}])"));
  CHECK(status["nodeInfo"] == Json::parse(R"({"architecture":"arm64","bootID":"b1",
      "containerRuntimeVersion":"containerd://1.6.20","kernelVersion":"6.1","kubeProxyVersion":"",
      "kubeletVersion":"v1.34.4-skerry-0.1.0","machineID":"m1","operatingSystem":"linux",
      "osImage":"Debian","systemUUID":"s1"})"));
  CHECK_FALSE(status.contains("daemonEndpoints"));
  NodeFacts unknown = facts();
  unknown.internal_ip.clear();
  unknown.hostname = "box";
  CHECK(status_of(unknown, settled())["addresses"] ==
        Json::parse(R"([{"type":"Hostname","address":"box"}])"));
}

TEST_CASE("NodeStatus: conditions in the kubelet's order and words", "[edged]") {
  const Json list = status_of(facts(), settled(), kNow + 10s)["conditions"];
  REQUIRE(list.size() == 4);
  const char* want[][3] = {{"MemoryPressure", "False", "KubeletHasSufficientMemory"},
                           {"DiskPressure", "False", "KubeletHasNoDiskPressure"},
                           {"PIDPressure", "False", "KubeletHasSufficientPID"},
                           {"Ready", "True", "KubeletReady"}};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(list[i]["type"] == want[i][0]);
    CHECK(list[i]["status"] == want[i][1]);
    CHECK(list[i]["reason"] == want[i][2]);
    CHECK(list[i]["lastTransitionTime"] == "2027-01-15T08:00:00Z");
    CHECK(list[i]["lastHeartbeatTime"] == "2027-01-15T08:00:10Z");
  }
  CHECK(list[3]["message"] == "kubelet is posting ready status");
}

TEST_CASE("NodeConditions: times change with the status only, and a repeat changes nothing",
          "[edged]") {
  NodeConditions conditions = settled();
  CHECK_FALSE(conditions.update({}, kNow + 10s));
  Observation away;
  away.not_ready_because = "container runtime is down";
  CHECK(conditions.update(away, kNow + 20s));
  CHECK_FALSE(conditions.ready());
  CHECK(conditions.list()[3].since == kNow + 20s);
  CHECK(conditions.list()[0].since == kNow);
  away.not_ready_because = "PLEG is not healthy";
  CHECK(conditions.update(away, kNow + 30s));  // another message, the same status
  CHECK(conditions.list()[3].since == kNow + 20s);
  CHECK(conditions.list()[3].reason == "KubeletNotReady");
  CHECK(conditions.list()[3].message == "PLEG is not healthy");
  CHECK(conditions.update({}, kNow + 40s));
  CHECK(conditions.ready());
}

TEST_CASE("NodeConditions: pressure stays five minutes after it was last seen", "[edged]") {
  NodeConditions conditions = settled();
  Observation pressed;
  pressed.disk_pressure = true;
  CHECK(conditions.update(pressed, kNow + 1min));
  CHECK(conditions.list()[1].status);
  CHECK(conditions.list()[1].reason == "KubeletHasDiskPressure");
  CHECK_FALSE(conditions.update({}, kNow + 5min));
  CHECK(conditions.list()[1].status);
  CHECK(conditions.update({}, kNow + 6min));
  CHECK_FALSE(conditions.list()[1].status);
  // The clock goes back an hour: the hold does not last that long.
  conditions.update(pressed, kNow + 10min);
  conditions.update({}, kNow - 50min);
  CHECK(conditions.update({}, kNow - 44min));
  CHECK_FALSE(conditions.list()[1].status);
}

TEST_CASE("NodeConditions: transition times outlive a restart", "[edged]") {
  const std::string before = node_status(facts(), use(), {}, settled(), kNow);
  NodeConditions conditions;
  conditions.adopt(before);
  CHECK_FALSE(conditions.update({}, kNow + 1h));
  CHECK(conditions.list()[3].since == kNow);
  conditions.adopt("not json");
  conditions.adopt(R"({"conditions":[7,{"type":"Ready"}]})");
  CHECK(conditions.update({}, kNow + 2h));
}

TEST_CASE("NodeStatus: what makes pressure", "[edged]") {
  struct Row {
    const char* why;
    std::int64_t MachineUse::*field;
    std::int64_t value;
    bool memory, disk, pid;
  };
  const Row rows[] = {
      {"all well", &MachineUse::pids, 1, false, false, false},
      {"memory just enough", &MachineUse::memory_available_bytes, 100 << 20, false, false, false},
      {"memory short", &MachineUse::memory_available_bytes, (100 << 20) - 1, true, false, false},
      {"disk just enough", &MachineUse::disk_available_bytes, 100000, false, false, false},
      {"disk short", &MachineUse::disk_available_bytes, 99999, false, true, false},
      {"inodes short", &MachineUse::inodes_free, 49, false, true, false},
      {"a file system without inodes", &MachineUse::inodes, 0, false, false, false},
      {"pids short", &MachineUse::pids, 32700, false, false, true},
  };
  for (const Row& row : rows) {
    INFO(row.why);
    MachineUse now = use();
    now.*row.field = row.value;
    const Observation seen = observe(now, {}, "");
    CHECK(seen.memory_pressure == row.memory);
    CHECK(seen.disk_pressure == row.disk);
    CHECK(seen.pid_pressure == row.pid);
  }
}

TEST_CASE("NodeStatus: the fifty largest images, five names each", "[edged]") {
  NodeFacts node = facts();
  for (int i = 0; i < 60; ++i) {
    node.images.push_back(
        {{"d1", "d2", "d3"}, {"t" + std::to_string(i), "x", "y"}, static_cast<std::uint64_t>(i)});
  }
  const Json images = status_of(node, settled())["images"];
  REQUIRE(images.size() == 50);
  CHECK(images[0]["sizeBytes"] == 59);
  CHECK(images[0]["names"] == Json::parse(R"(["d1","d2","d3","t59","x"])"));
  CHECK(images[49]["sizeBytes"] == 10);
}

TEST_CASE("NodeStatus: allocatable never falls below nothing", "[edged]") {
  MachineInfo tiny;
  tiny.cpus = 1;
  tiny.memory_bytes = 64 << 20;
  CHECK(allocatable(tiny, use(), {}).memory_bytes == 0);
  tiny.memory_bytes = 1LL << 30;
  tiny.hugepages_bytes = {{"2Mi", 512LL << 20}};
  CHECK(allocatable(tiny, use(), {}).memory_bytes == (512LL - 100) << 20);
  CHECK(allocatable(tiny, use(), {}).cpu_milli == 1000);
}

TEST_CASE("NodeStatus: a heartbeat alone is no news", "[edged]") {
  const NodeConditions conditions = settled();
  const std::string one = node_status(facts(), use(), {}, conditions, kNow);
  MachineUse later = use();
  later.memory_available_bytes -= 12345;
  later.disk_available_bytes -= 12345;
  const std::string two = node_status(facts(), later, {}, conditions, kNow + 1h);
  CHECK(one != two);
  CHECK(k8s::status_hash(k8s::Kind::kNode, one).value() ==
        k8s::status_hash(k8s::Kind::kNode, two).value());
}

TEST_CASE("NodeRegistration: labels, taints and providerID as KubeEdge's users expect", "[edged]") {
  NodeFacts node = facts();
  node.labels = {{"site", "north"}, {"kubernetes.io/os", "odd"}};
  node.taints = {{"edge", "", "NoSchedule"}, {"k", "v", "NoExecute"}};
  const Json registration = Json::parse(node_registration(node));
  CHECK(registration ==
        Json::parse(R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"gateway-1",
      "annotations":{"volumes.kubernetes.io/controller-managed-attach-detach":"true"},
      "labels":{"kubernetes.io/hostname":"gateway-1","kubernetes.io/os":"odd","kubernetes.io/arch":"arm64",
        "beta.kubernetes.io/os":"linux","beta.kubernetes.io/arch":"arm64","site":"north",
        "node-role.kubernetes.io/edge":"","node-role.kubernetes.io/agent":""}},
      "spec":{"providerID":"skerry://gateway-1","taints":[{"key":"edge","effect":"NoSchedule"},
        {"key":"k","value":"v","effect":"NoExecute"}]}})"));
  CHECK(Json::parse(node_registration(facts()))["spec"] ==
        Json::parse(R"({"providerID":"skerry://gateway-1"})"));
  CHECK(node_report_body("", R"({"a":1})") == R"({"status":{"a":1}})");
  CHECK(node_report_body("{}", "{}") == R"({"registration":{},"status":{}})");
}

TEST_CASE("NodeStatus: bytes that are no UTF-8 do not stop the report", "[edged]") {
  NodeFacts node = facts();
  node.machine.os_image = "Caf\xe9 Linux";
  CHECK(status_of(node, settled())["nodeInfo"]["osImage"] == "Caf\xef\xbf\xbd Linux");
}

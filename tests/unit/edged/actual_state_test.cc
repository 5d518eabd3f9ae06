#include "edgecore/edged/actual_state.h"

#include "edgecore/edged/cri_config.h"
#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edged;

namespace {

void add_sandbox(cri::ListPodSandboxResponse& list, const std::string& id, const std::string& uid,
                 std::uint32_t attempt, std::int64_t created, bool ready = true) {
  cri::PodSandbox& item = *list.add_items();
  item.set_id(id);
  item.mutable_metadata()->set_attempt(attempt);
  item.set_created_at(created);
  item.set_state(ready ? cri::SANDBOX_READY : cri::SANDBOX_NOTREADY);
  if (uid.empty()) return;
  (*item.mutable_labels())[kPodUidLabel] = uid;
  (*item.mutable_labels())[kPodNamespaceLabel] = "default";
  (*item.mutable_labels())[kPodNameLabel] = "web";
  (*item.mutable_annotations())[kNodeAnnotation] = "gateway-1";
}

void add_container(cri::ListContainersResponse& list, const std::string& id, const std::string& uid,
                   std::uint32_t attempt, std::int64_t created,
                   cri::ContainerState state = cri::CONTAINER_RUNNING) {
  cri::Container& item = *list.add_containers();
  item.set_id(id);
  item.set_pod_sandbox_id("s1");
  item.mutable_metadata()->set_attempt(attempt);
  item.set_created_at(created);
  item.set_state(state);
  if (uid.empty()) return;
  (*item.mutable_labels())[kPodUidLabel] = uid;
  (*item.mutable_labels())[kContainerNameLabel] = "app";
  (*item.mutable_annotations())[kContainerHash] = "h1";
}

}  // namespace

TEST_CASE("ActualState: lists are grouped by pod, newest first", "[edged]") {
  cri::ListPodSandboxResponse sandboxes;
  add_sandbox(sandboxes, "old", "u1", 0, 100, false);
  add_sandbox(sandboxes, "new", "u1", 1, 200);
  add_sandbox(sandboxes, "other", "u2", 0, 300);
  add_sandbox(sandboxes, "not a pod's", "", 0, 300);
  cri::ListContainersResponse containers;
  add_container(containers, "c0", "u1", 0, 150, cri::CONTAINER_EXITED);
  add_container(containers, "c2", "u1", 2, 250);  // made in the same moment as
  add_container(containers, "c1", "u1", 1, 250, cri::CONTAINER_CREATED);
  add_container(containers, "lost", "u3", 0, 250, cri::CONTAINER_UNKNOWN);
  add_container(containers, "not a pod's", "", 0, 300);

  const auto pods = group_by_pod(sandboxes, containers);
  REQUIRE(pods.size() == 3);
  const ListedPod& first = pods.at(Uid("u1"));
  CHECK(first.ns + "/" + first.name + "@" + first.node == "default/web@gateway-1");
  CHECK(first.pod.sandbox()->id == "new");
  CHECK(first.pod.sandboxes[1].ready == false);
  REQUIRE(first.pod.containers.size() == 3);
  CHECK(first.pod.containers[0].id == "c2");
  CHECK(first.pod.containers[1].id == "c1");
  CHECK(first.pod.containers[1].state == ContainerState::kCreated);
  CHECK(first.pod.containers[2].state == ContainerState::kExited);
  CHECK(first.pod.containers[0].hash == "h1");
  CHECK_FALSE(first.pod.containers[0].known);
  CHECK(pods.at(Uid("u3")).pod.containers[0].state == ContainerState::kUnknown);
  CHECK(pods.at(Uid("u3")).node.empty());
}

TEST_CASE("ActualState: a container's status, its process and its message file", "[edged]") {
  cri::ContainerStatusResponse reply;
  cri::ContainerStatus& status = *reply.mutable_status();
  status.set_state(cri::CONTAINER_RUNNING);
  status.set_started_at(1'800'000'000'000'000'000);
  status.mutable_image()->set_image("any name it has");
  status.set_image_ref("sha256:1");
  (*status.mutable_annotations())[kImageAnnotation] = "busybox:1.36";
  (*status.mutable_annotations())[kMessagePath] = "/dev/termination-log";
  cri::Mount& mount = *status.add_mounts();
  mount.set_container_path("/dev/termination-log");
  mount.set_host_path("/host/0");
  (*reply.mutable_info())["info"] = R"({"sandboxID":"s","pid":4711,"config":{"pid":1}})";
  ActualContainer container;
  apply_status(container, reply);
  CHECK(container.known);
  CHECK(container.state == ContainerState::kRunning);
  CHECK(container.started == WallTime(std::chrono::seconds(1'800'000'000)));
  CHECK(container.image == "busybox:1.36");
  CHECK(container.message_path == "/host/0");
  CHECK(container.pid == 4711);

  status.set_state(cri::CONTAINER_EXITED);  // the old pid may be anybody's by now
  status.set_exit_code(137);
  status.set_reason("OOMKilled");
  apply_status(container, reply);
  CHECK(container.pid == 0);
  CHECK(container.exit_code == 137);
  CHECK(container.reason == "OOMKilled");

  for (const char* info : {"", "not JSON", R"({"pid":})", R"({"pid":null})"}) {
    status.set_state(cri::CONTAINER_RUNNING);
    (*reply.mutable_info())["info"] = info;
    apply_status(container, reply);
    CHECK(container.pid == 0);
  }
}

TEST_CASE("ActualState: a sandbox's addresses and network", "[edged]") {
  cri::PodSandboxStatusResponse reply;
  cri::PodSandboxStatus& status = *reply.mutable_status();
  status.set_state(cri::SANDBOX_READY);
  status.mutable_network()->set_ip("10.0.0.9");
  status.mutable_network()->add_additional_ips()->set_ip("fd00::9");
  ActualSandbox sandbox;
  apply_status(sandbox, reply);
  apply_status(sandbox, reply);  // not added up
  CHECK(sandbox.ready);
  CHECK_FALSE(sandbox.host_network);
  CHECK(sandbox.ips == std::vector<std::string>{"10.0.0.9", "fd00::9"});
  status.mutable_linux()->mutable_namespaces()->mutable_options()->set_network(cri::NODE);
  status.set_state(cri::SANDBOX_NOTREADY);
  apply_status(sandbox, reply);
  CHECK_FALSE(sandbox.ready);
  CHECK(sandbox.host_network);
}

TEST_CASE("ActualState: the same shape needs no look; any other state, readiness or id does",
          "[edged]") {
  ActualPod a;
  ActualSandbox sandbox;
  sandbox.id = "s1";
  sandbox.ready = true;
  ActualContainer container;
  container.id = "c1";
  container.state = ContainerState::kRunning;
  a.sandboxes = {sandbox};
  a.containers = {container};
  ActualPod b = a;
  b.containers[0].pid = 7;  // known from its status only
  CHECK(same_shape(a, b));
  b.containers[0].state = ContainerState::kExited;
  CHECK_FALSE(same_shape(a, b));
  b = a;
  b.sandboxes[0].ready = false;
  CHECK_FALSE(same_shape(a, b));
  b = a;
  b.containers.clear();
  CHECK_FALSE(same_shape(a, b));
}

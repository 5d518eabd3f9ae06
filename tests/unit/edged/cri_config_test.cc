#include "edgecore/edged/cri_config.h"

#include "tests/support/catch.h"
#include "tests/unit/edged/sample_pod.h"

using namespace skerry;
using namespace skerry::edged;

namespace {

EdgedConfig node_config() {
  EdgedConfig config;
  config.node = NodeName("gateway-1");
  config.pod_log_root = "/logs";
  config.memory_capacity_bytes = 1 << 30;
  config.cgroups.driver = CgroupDriver::kCgroupfs;
  return config;
}

struct Fixture {
  EdgedConfig config = node_config();
  DnsConfig host_dns{{"1.1.1.1"}, {}, {}};
  PodSpec pod = sample_pod({sample_container("app")});
  EnvList env = {{"MODE", "fast"}};
  std::vector<BindMount> mounts;

  ContainerSpec& container() { return pod.containers.front(); }
  cri::PodSandboxConfig sandbox() { return sandbox_config({pod, config, host_dns, 2}); }
  cri::ContainerConfig made() {
    return container_config({pod, container(), config, 3, "sha256:1", env, mounts});
  }
};

template <class Map>
std::string at(const Map& map, const char* key) {
  const auto found = map.find(key);
  return found == map.end() ? "(none)" : found->second;
}

}  // namespace

TEST_CASE("CriConfig: a sandbox can be found again, and cannot pretend to be another", "[edged]") {
  Fixture f;
  f.pod.labels = {{"app", "web"}, {kPodUidLabel, "stolen"}};
  f.pod.annotations = {{"note", "x"}, {kNodeAnnotation, "stolen"}};
  const cri::PodSandboxConfig sandbox = f.sandbox();
  CHECK(sandbox.metadata().name() == "web");
  CHECK(sandbox.metadata().attempt() == 2);
  CHECK(at(sandbox.labels(), "app") == "web");
  CHECK(at(sandbox.labels(), kPodUidLabel) == f.pod.uid.str());
  CHECK(at(sandbox.annotations(), kNodeAnnotation) == "gateway-1");
  CHECK(at(sandbox.annotations(), "note") == "x");
  CHECK(sandbox.log_directory() == "/logs/default_web_1234-abcd");
  CHECK(sandbox.dns_config().servers(0) == "1.1.1.1");
  CHECK(sandbox.linux().cgroup_parent() == "/kubepods/besteffort/pod1234-abcd");
  const auto& security = sandbox.linux().security_context();
  CHECK(security.seccomp().profile_type() == cri::SecurityProfile::RuntimeDefault);
  CHECK(security.namespace_options().network() == cri::POD);
  CHECK(security.namespace_options().pid() == cri::CONTAINER);
}

TEST_CASE("CriConfig: the host's namespaces and a shared one", "[edged]") {
  Fixture f;
  f.pod.share_process_namespace = true;
  CHECK(f.made().linux().security_context().namespace_options().pid() == cri::POD);
  f.pod.host_network = f.pod.host_pid = f.pod.host_ipc = true;
  for (const auto& options : {f.sandbox().linux().security_context().namespace_options(),
                              f.made().linux().security_context().namespace_options()}) {
    CHECK(options.network() == cri::NODE);
    CHECK(options.pid() == cri::NODE);
    CHECK(options.ipc() == cri::NODE);
  }
  CHECK(f.sandbox().hostname().empty());
}

TEST_CASE("CriConfig: host ports of a pod with its own network", "[edged]") {
  Fixture f;
  f.container().ports = {{"web", 80, 8080, "127.0.0.1", "TCP"},
                         {"dns", 53, 5353, "", "UDP"},
                         {"inside", 9000, 0, "", "TCP"}};
  REQUIRE(f.sandbox().port_mappings_size() == 2);
  CHECK(f.sandbox().port_mappings(0).host_port() == 8080);
  CHECK(f.sandbox().port_mappings(0).host_ip() == "127.0.0.1");
  CHECK(f.sandbox().port_mappings(1).protocol() == cri::UDP);
  f.pod.host_network = true;
  CHECK(f.sandbox().port_mappings_size() == 0);
}

TEST_CASE("CriConfig: a container's command, environment, mounts and marks", "[edged]") {
  Fixture f;
  f.container().command = {"run", "$(MODE)"};
  f.container().args = {"$(UNKNOWN)", "$$(MODE)"};
  f.container().working_dir = "/work";
  f.container().hash = "h1";
  f.container().message_from_logs_on_error = true;
  f.mounts = {{"/host", "/in", true, VolumeMount::Propagation::kHostToContainer}};
  const cri::ContainerConfig made = f.made();
  CHECK(made.metadata().attempt() == 3);
  CHECK(made.image().image() == "sha256:1");
  CHECK(made.command(1) == "fast");
  CHECK(made.args(0) == "$(UNKNOWN)");
  CHECK(made.args(1) == "$(MODE)");
  CHECK(made.working_dir() == "/work");
  CHECK(made.envs(0).key() + "=" + made.envs(0).value() == "MODE=fast");
  CHECK(made.mounts(0).readonly());
  CHECK(made.mounts(0).propagation() == cri::PROPAGATION_HOST_TO_CONTAINER);
  CHECK(made.log_path() == "app/3.log");
  CHECK(at(made.labels(), kContainerNameLabel) == "app");
  CHECK(at(made.annotations(), kContainerHash) == "h1");
  CHECK(at(made.annotations(), kRestartCount) == "3");
  CHECK(at(made.annotations(), kMessagePolicy) == "FallbackToLogsOnError");
  CHECK(at(made.annotations(), kTerminationGrace) == "30");
}

TEST_CASE("CriConfig: resources by the kubelet's rules", "[edged]") {
  Fixture f;
  f.pod = sample_pod({sample_container("app", {"250m", "500m", "64Mi", "128Mi"})});
  const auto resources = f.made().linux().resources();
  CHECK(resources.cpu_shares() == 256);
  CHECK(resources.cpu_period() == 100000);
  CHECK(resources.cpu_quota() == 50000);
  CHECK(resources.memory_limit_in_bytes() == 128 << 20);
  CHECK(resources.oom_score_adj() == 1000 - 1000 * 64 / 1024);
}

TEST_CASE("CriConfig: security", "[edged]") {
  Fixture f;
  SECTION("of a plain container") {
    const auto security = f.made().linux().security_context();
    CHECK(security.seccomp().profile_type() == cri::SecurityProfile::Unconfined);
    CHECK_FALSE(security.no_new_privs());
    CHECK(security.masked_paths_size() > 0);
    CHECK_FALSE(security.has_run_as_user());
  }
  SECTION("of a locked one") {
    SecurityContext& wanted = f.container().security;
    wanted.run_as_user = 1000;
    wanted.run_as_group = 2000;
    wanted.allow_privilege_escalation = false;
    wanted.read_only_root = true;
    wanted.seccomp = SeccompProfile{"RuntimeDefault", ""};
    wanted.drop_capabilities = {"ALL"};
    wanted.add_capabilities = {"NET_BIND_SERVICE"};
    f.pod.fs_group = 3000;
    f.pod.supplemental_groups = {4000};
    const auto security = f.made().linux().security_context();
    CHECK(security.run_as_user().value() == 1000);
    CHECK(security.run_as_group().value() == 2000);
    CHECK(security.no_new_privs());
    CHECK(security.readonly_rootfs());
    CHECK(security.seccomp().profile_type() == cri::SecurityProfile::RuntimeDefault);
    CHECK(security.capabilities().drop_capabilities(0) == "ALL");
    CHECK(security.capabilities().add_capabilities(0) == "NET_BIND_SERVICE");
    CHECK(security.supplemental_groups_size() == 2);
  }
  SECTION("of a privileged one") {
    f.container().security.privileged = true;
    const auto security = f.made().linux().security_context();
    CHECK(security.privileged());
    CHECK(security.masked_paths_size() == 0);
    CHECK(f.sandbox().linux().security_context().privileged());
  }
}

TEST_CASE("CriConfig: runAsNonRoot against the user it would get", "[edged]") {
  Fixture f;
  cri::Image image;
  const auto refused = [&] { return !check_non_root(f.pod, f.container(), image); };
  CHECK_FALSE(refused());  // nobody asks
  f.container().security.run_as_non_root = true;
  CHECK(refused());  // the image's user is root
  image.mutable_uid()->set_value(0);
  CHECK(refused());
  image.mutable_uid()->set_value(1000);
  CHECK_FALSE(refused());
  image.set_username("nobody");
  CHECK(refused());  // a name says nothing about the number
  f.container().security.run_as_user = 1000;
  CHECK_FALSE(refused());
  f.container().security.run_as_user = 0;
  CHECK(refused());
}

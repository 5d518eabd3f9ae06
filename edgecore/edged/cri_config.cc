#include "edgecore/edged/cri_config.h"

#include <algorithm>
#include <array>

#include "edgecore/edged/pod_dns.h"

namespace skerry::edged {
namespace {

// pkg/securitycontext/util.go
constexpr std::array kMaskedPaths = {
    "/proc/asound",     "/proc/acpi",        "/proc/interrupts",
    "/proc/kcore",      "/proc/keys",        "/proc/latency_stats",
    "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
    "/proc/scsi",       "/sys/firmware",     "/sys/devices/virtual/powercap"};
constexpr std::array kReadOnlyPaths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                       "/proc/sysrq-trigger"};

void put_identity(google::protobuf::Map<std::string, std::string>& labels, const PodSpec& pod) {
  labels[kPodNameLabel] = pod.name;
  labels[kPodNamespaceLabel] = pod.ns;
  labels[kPodUidLabel] = pod.uid.str();
}

void put_namespaces(cri::NamespaceOption& options, const PodSpec& pod) {
  options.set_network(pod.host_network ? cri::NODE : cri::POD);
  options.set_ipc(pod.host_ipc ? cri::NODE : cri::POD);
  options.set_pid(pod.host_pid                  ? cri::NODE
                  : pod.share_process_namespace ? cri::POD
                                                : cri::CONTAINER);
}

/// A kubelet without seccompDefault: no profile unless the pod names one.
void put_seccomp(cri::SecurityProfile& out, const std::optional<SeccompProfile>& wanted) {
  if (!wanted || wanted->type == "Unconfined") {
    out.set_profile_type(cri::SecurityProfile::Unconfined);
  } else if (wanted->type == "Localhost") {
    out.set_profile_type(cri::SecurityProfile::Localhost);
    out.set_localhost_ref("/var/lib/kubelet/seccomp/" + wanted->localhost_profile);
  } else {
    out.set_profile_type(cri::SecurityProfile::RuntimeDefault);
  }
}

template <class Context>
void put_groups(Context& context, const PodSpec& pod) {
  for (const std::int64_t group : pod.supplemental_groups) context.add_supplemental_groups(group);
  if (pod.fs_group) context.add_supplemental_groups(*pod.fs_group);
}

template <class Context>
void put_user(Context& context, const SecurityContext& security) {
  if (security.run_as_user) context.mutable_run_as_user()->set_value(*security.run_as_user);
  if (security.run_as_group) context.mutable_run_as_group()->set_value(*security.run_as_group);
}

bool any_privileged(const PodSpec& pod) {
  const auto privileged = [](const ContainerSpec& c) { return c.security.privileged; };
  return std::any_of(pod.containers.begin(), pod.containers.end(), privileged) ||
         std::any_of(pod.init_containers.begin(), pod.init_containers.end(), privileged);
}

void put_dns(cri::DNSConfig& out, const SandboxInputs& in) {
  const DnsConfig dns =
      pod_dns({in.pod, in.host_dns, in.config.cluster_dns, in.config.cluster_domain});
  for (const std::string& server : dns.nameservers) out.add_servers(server);
  for (const std::string& search : dns.searches) out.add_searches(search);
  for (const std::string& option : dns.options) out.add_options(option);
}

void put_host_ports(cri::PodSandboxConfig& out, const PodSpec& pod) {
  if (pod.host_network) return;
  for (const ContainerSpec& container : pod.containers) {
    for (const ContainerPort& port : container.ports) {
      if (port.host_port <= 0) continue;
      cri::PortMapping& mapping = *out.add_port_mappings();
      mapping.set_container_port(port.container_port);
      mapping.set_host_port(port.host_port);
      mapping.set_host_ip(port.host_ip);
      mapping.set_protocol(port.protocol == "UDP"    ? cri::UDP
                           : port.protocol == "SCTP" ? cri::SCTP
                                                     : cri::TCP);
    }
  }
}

void put_mounts(cri::ContainerConfig& out, const std::vector<BindMount>& mounts) {
  for (const BindMount& bind : mounts) {
    cri::Mount& mount = *out.add_mounts();
    mount.set_host_path(bind.host_path);
    mount.set_container_path(bind.container_path);
    mount.set_readonly(bind.read_only);
    switch (bind.propagation) {
      case VolumeMount::Propagation::kNone:
        break;
      case VolumeMount::Propagation::kHostToContainer:
        mount.set_propagation(cri::PROPAGATION_HOST_TO_CONTAINER);
        break;
      case VolumeMount::Propagation::kBidirectional:
        mount.set_propagation(cri::PROPAGATION_BIDIRECTIONAL);
        break;
    }
  }
}

void put_security(cri::LinuxContainerSecurityContext& out, const ContainerInputs& in) {
  const SecurityContext& security = in.container.security;
  put_namespaces(*out.mutable_namespace_options(), in.pod);
  put_user(out, security);
  put_groups(out, in.pod);
  put_seccomp(*out.mutable_seccomp(), security.seccomp);
  out.set_privileged(security.privileged);
  out.set_readonly_rootfs(security.read_only_root);
  const bool escalation = security.allow_privilege_escalation.value_or(true);
  out.set_no_new_privs(!escalation && !security.privileged);
  for (const std::string& name : security.add_capabilities) {
    out.mutable_capabilities()->add_add_capabilities(name);
  }
  for (const std::string& name : security.drop_capabilities) {
    out.mutable_capabilities()->add_drop_capabilities(name);
  }
  if (security.privileged || security.unmasked_proc) return;
  for (const char* path : kMaskedPaths) out.add_masked_paths(path);
  for (const char* path : kReadOnlyPaths) out.add_readonly_paths(path);
}

void put_resources(cri::LinuxContainerResources& out, const ContainerInputs& in) {
  const ContainerResources resources =
      container_resources(in.pod, in.container, in.config.memory_capacity_bytes);
  out.set_cpu_period(resources.cpu_period_us);
  out.set_cpu_quota(resources.cpu_quota_us);
  out.set_cpu_shares(resources.cpu_shares);
  out.set_memory_limit_in_bytes(resources.memory_limit_bytes);
  out.set_oom_score_adj(resources.oom_score_adj);
}

}  // namespace

cri::PodSandboxConfig sandbox_config(const SandboxInputs& in) {
  const PodSpec& pod = in.pod;
  cri::PodSandboxConfig out;
  out.mutable_metadata()->set_name(pod.name);
  out.mutable_metadata()->set_namespace_(pod.ns);
  out.mutable_metadata()->set_uid(pod.uid.str());
  out.mutable_metadata()->set_attempt(in.attempt);
  out.set_hostname(sandbox_hostname(pod, in.config.cluster_domain));
  out.set_log_directory(pod_log_dir(in.config.pod_log_root, pod.ns, pod.name, pod.uid.str()));
  put_dns(*out.mutable_dns_config(), in);
  put_host_ports(out, pod);
  for (const auto& [key, value] : pod.labels) (*out.mutable_labels())[key] = value;
  put_identity(*out.mutable_labels(), pod);
  for (const auto& [key, value] : pod.annotations) (*out.mutable_annotations())[key] = value;
  (*out.mutable_annotations())["kubernetes.io/config.source"] = "api";
  (*out.mutable_annotations())[kNodeAnnotation] = in.config.node.str();

  cri::LinuxPodSandboxConfig& linux = *out.mutable_linux();
  linux.set_cgroup_parent(pod_cgroup(in.config.cgroups.driver, qos_class(pod), pod.uid));
  for (const auto& [name, value] : pod.sysctls) (*linux.mutable_sysctls())[name] = value;
  cri::LinuxSandboxSecurityContext& security = *linux.mutable_security_context();
  put_namespaces(*security.mutable_namespace_options(), pod);
  put_user(security, pod.security);
  put_groups(security, pod);
  security.set_privileged(any_privileged(pod));
  security.mutable_seccomp()->set_profile_type(cri::SecurityProfile::RuntimeDefault);
  return out;
}

cri::ContainerConfig container_config(const ContainerInputs& in) {
  const ContainerSpec& container = in.container;
  cri::ContainerConfig out;
  out.mutable_metadata()->set_name(container.name);
  out.mutable_metadata()->set_attempt(in.attempt);
  out.mutable_image()->set_image(in.image_id);
  out.mutable_image()->set_user_specified_image(container.image);
  const CommandLine line = expand_command(container, in.env);
  for (const std::string& word : line.command) out.add_command(word);
  for (const std::string& word : line.args) out.add_args(word);
  out.set_working_dir(container.working_dir);
  for (const EnvEntry& entry : in.env) {
    cri::KeyValue& env = *out.add_envs();
    env.set_key(entry.name);
    env.set_value(entry.value);
  }
  put_mounts(out, in.mounts);
  put_identity(*out.mutable_labels(), in.pod);
  (*out.mutable_labels())[kContainerNameLabel] = container.name;
  auto& annotations = *out.mutable_annotations();
  annotations[kContainerHash] = container.hash;
  annotations[kImageAnnotation] = container.image;
  annotations[kRestartCount] = std::to_string(in.attempt);
  annotations[kMessagePath] = container.termination_message_path;
  annotations[kMessagePolicy] =
      container.message_from_logs_on_error ? "FallbackToLogsOnError" : "File";
  annotations[kTerminationGrace] = std::to_string(in.pod.termination_grace.count());
  out.set_log_path(container_log_path(container.name, in.attempt));
  out.set_stdin(container.stdin_open);
  out.set_stdin_once(container.stdin_once);
  out.set_tty(container.tty);
  put_resources(*out.mutable_linux()->mutable_resources(), in);
  put_security(*out.mutable_linux()->mutable_security_context(), in);
  return out;
}

Result<void> check_non_root(const PodSpec& pod,
                            const ContainerSpec& container,
                            const cri::Image& image) {
  const SecurityContext& security = container.security;
  if (!security.run_as_non_root.value_or(false)) return {};
  const std::string where = " (pod: \"" + pod.name + "_" + pod.ns + "(" + pod.uid.str() +
                            ")\", container: " + container.name + ")";
  if (security.run_as_user) {
    if (*security.run_as_user != 0) return {};
    return fail(Code::kForbidden, "container's runAsUser breaks non-root policy" + where);
  }
  if (!image.username().empty()) {
    return fail(Code::kForbidden, "container has runAsNonRoot and image has non-numeric user (" +
                                      image.username() + "), cannot verify user is non-root" +
                                      where);
  }
  if (!image.has_uid() || image.uid().value() == 0) {
    return fail(Code::kForbidden, "container has runAsNonRoot and image will run as root" + where);
  }
  return {};
}

}  // namespace skerry::edged

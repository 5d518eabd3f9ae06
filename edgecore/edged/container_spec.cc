#include "edgecore/edged/container_spec.h"

#include "common/base/hash.h"
#include "common/k8s/json_fields.h"

namespace skerry::edged {
namespace {

using namespace k8s::fields;

// ---- env -------------------------------------------------------------------------------------

EnvVar parse_env(const Json& json) {
  EnvVar env{text(json, "name"), text(json, "value"), {}};
  const Json& from = at(json, "valueFrom");
  if (const Json& ref = at(from, "fieldRef"); ref.is_object()) env.from = parse_field_ref(ref);
  if (const Json& ref = at(from, "resourceFieldRef"); ref.is_object()) {
    env.from = parse_resource_ref(ref);
  }
  if (const Json& ref = at(from, "configMapKeyRef"); ref.is_object()) {
    env.from = ConfigMapKeyRef{text(ref, "name"), text(ref, "key"), flag(ref, "optional")};
  }
  if (const Json& ref = at(from, "secretKeyRef"); ref.is_object()) {
    env.from = SecretKeyRef{text(ref, "name"), text(ref, "key"), flag(ref, "optional")};
  }
  return env;
}

EnvFrom parse_env_from(const Json& json) {
  const Json& secret = at(json, "secretRef");
  const Json& ref = secret.is_object() ? secret : at(json, "configMapRef");
  return {secret.is_object() ? EnvFrom::Source::kSecret : EnvFrom::Source::kConfigMap,
          text(json, "prefix"), text(ref, "name"), flag(ref, "optional")};
}

// ---- probes and hooks ------------------------------------------------------------------------

HttpGetAction parse_http(const Json& json) {
  HttpGetAction http;
  http.host = text(json, "host");
  http.path = text(json, "path", "/");
  http.port = text_or_number(at(json, "port"));
  http.https = text(json, "scheme") == "HTTPS";
  if (const Json& headers = at(json, "httpHeaders"); headers.is_array()) {
    for (const Json& header : headers) {
      http.headers.emplace_back(text(header, "name"), text(header, "value"));
    }
  }
  return http;
}

std::optional<Probe> parse_probe(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  Probe probe;
  if (const Json& exec = at(json, "exec"); exec.is_object()) {
    probe.action = ExecAction{texts(exec, "command")};
  } else if (const Json& http = at(json, "httpGet"); http.is_object()) {
    probe.action = parse_http(http);
  } else if (const Json& tcp = at(json, "tcpSocket"); tcp.is_object()) {
    probe.action = TcpAction{text(tcp, "host"), text_or_number(at(tcp, "port"))};
  } else if (const Json& grpc = at(json, "grpc"); grpc.is_object()) {
    probe.action = GrpcAction{small_number(grpc, "port", 0), text(grpc, "service")};
  }
  probe.initial_delay = seconds(json, "initialDelaySeconds", 0);
  probe.timeout = seconds(json, "timeoutSeconds", 1);
  probe.period = seconds(json, "periodSeconds", 10);
  probe.success_threshold = small_number(json, "successThreshold", 1);
  probe.failure_threshold = small_number(json, "failureThreshold", 3);
  if (const auto grace = number(json, "terminationGracePeriodSeconds")) {
    probe.termination_grace = Seconds(*grace);
  }
  return probe;
}

std::optional<LifecycleHandler> parse_hook(const Json& json) {
  if (const Json& exec = at(json, "exec"); exec.is_object()) {
    return ExecAction{texts(exec, "command")};
  }
  if (const Json& http = at(json, "httpGet"); http.is_object()) return parse_http(http);
  if (const Json& tcp = at(json, "tcpSocket"); tcp.is_object()) {
    return TcpAction{text(tcp, "host"), text_or_number(at(tcp, "port"))};
  }
  if (const Json& sleep = at(json, "sleep"); sleep.is_object()) {
    return SleepAction{seconds(sleep, "seconds", 0)};
  }
  return std::nullopt;
}

// ---- image, ports, mounts --------------------------------------------------------------------

/// The API server's default, for specs that did not pass through it: Always for no tag or :latest.
ImagePullPolicy parse_pull_policy(const Json& json, const std::string& image) {
  const std::string word = text(json, "imagePullPolicy");
  if (word == "Always") return ImagePullPolicy::kAlways;
  if (word == "Never") return ImagePullPolicy::kNever;
  if (word == "IfNotPresent" || image.find('@') != std::string::npos) {
    return ImagePullPolicy::kIfNotPresent;
  }
  const std::string last = image.substr(image.rfind('/') + 1);
  const bool latest = last.find(':') == std::string::npos || last.ends_with(":latest");
  return latest ? ImagePullPolicy::kAlways : ImagePullPolicy::kIfNotPresent;
}

ContainerPort parse_port(const Json& json) {
  return {text(json, "name"), small_number(json, "containerPort", 0),
          small_number(json, "hostPort", 0), text(json, "hostIP"), text(json, "protocol", "TCP")};
}

VolumeMount parse_mount(const Json& json) {
  VolumeMount mount;
  mount.name = text(json, "name");
  mount.mount_path = text(json, "mountPath");
  mount.sub_path = text(json, "subPath");
  mount.sub_path_expr = text(json, "subPathExpr");
  mount.read_only = flag(json, "readOnly");
  const std::string propagation = text(json, "mountPropagation");
  if (propagation == "HostToContainer") {
    mount.propagation = VolumeMount::Propagation::kHostToContainer;
  }
  if (propagation == "Bidirectional") mount.propagation = VolumeMount::Propagation::kBidirectional;
  return mount;
}

template <class Item>
std::vector<Item> parse_list(const Json& json, const char* key, Item (*parse)(const Json&)) {
  std::vector<Item> out;
  const Json& list = at(json, key);
  if (!list.is_array()) return out;
  for (const Json& item : list) out.push_back(parse(item));
  return out;
}

std::string container_hash(const ContainerSpec& container) {
  return digest(container.name + '\n' + container.image).hex().substr(0, 8);
}

}  // namespace

FieldRef parse_field_ref(const Json& json) { return {text(json, "fieldPath")}; }

ResourceFieldRef parse_resource_ref(const Json& json) {
  return {text(json, "containerName"), text(json, "resource"), text_or_number(at(json, "divisor"))};
}

SecurityContext parse_security(const Json& json, const SecurityContext& defaults) {
  SecurityContext out = defaults;
  if (const auto user = number(json, "runAsUser")) out.run_as_user = user;
  if (const auto group = number(json, "runAsGroup")) out.run_as_group = group;
  if (at(json, "runAsNonRoot").is_boolean()) out.run_as_non_root = flag(json, "runAsNonRoot");
  if (const Json& seccomp = at(json, "seccompProfile"); seccomp.is_object()) {
    out.seccomp = SeccompProfile{text(seccomp, "type"), text(seccomp, "localhostProfile")};
  }
  out.privileged = flag(json, "privileged");
  out.read_only_root = flag(json, "readOnlyRootFilesystem");
  if (at(json, "allowPrivilegeEscalation").is_boolean()) {
    out.allow_privilege_escalation = flag(json, "allowPrivilegeEscalation");
  }
  out.add_capabilities = texts(at(json, "capabilities"), "add");
  out.drop_capabilities = texts(at(json, "capabilities"), "drop");
  out.unmasked_proc = text(json, "procMount") == "Unmasked";
  return out;
}

ContainerSpec parse_container(const Json& json, const SecurityContext& pod_security, bool init) {
  ContainerSpec out;
  out.name = text(json, "name");
  out.image = text(json, "image");
  out.pull_policy = parse_pull_policy(json, out.image);
  out.command = texts(json, "command");
  out.args = texts(json, "args");
  out.working_dir = text(json, "workingDir");
  out.env = parse_list<EnvVar>(json, "env", parse_env);
  out.env_from = parse_list<EnvFrom>(json, "envFrom", parse_env_from);
  out.ports = parse_list<ContainerPort>(json, "ports", parse_port);
  out.mounts = parse_list<VolumeMount>(json, "volumeMounts", parse_mount);
  out.resources = {text_map(at(json, "resources"), "requests"),
                   text_map(at(json, "resources"), "limits")};
  out.readiness = parse_probe(at(json, "readinessProbe"));
  out.liveness = parse_probe(at(json, "livenessProbe"));
  out.startup = parse_probe(at(json, "startupProbe"));
  out.post_start = parse_hook(at(at(json, "lifecycle"), "postStart"));
  out.pre_stop = parse_hook(at(at(json, "lifecycle"), "preStop"));
  out.security = parse_security(at(json, "securityContext"), pod_security);
  out.termination_message_path = text(json, "terminationMessagePath", "/dev/termination-log");
  out.message_from_logs_on_error =
      text(json, "terminationMessagePolicy") == "FallbackToLogsOnError";
  out.init = init;
  out.sidecar = init && text(json, "restartPolicy") == "Always";
  out.tty = flag(json, "tty");
  out.stdin_open = flag(json, "stdin");
  out.stdin_once = flag(json, "stdinOnce");
  out.hash = container_hash(out);
  return out;
}

}  // namespace skerry::edged

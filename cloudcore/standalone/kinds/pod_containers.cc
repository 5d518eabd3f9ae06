// What is wrong with a Pod's containers.
#include <nlohmann/json.hpp>
#include <set>

#include "cloudcore/standalone/kinds/name_rules.h"
#include "cloudcore/standalone/kinds/pod_parts.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

void check_ports(const json& container, const std::string& path, FieldChecks& checks) {
  std::set<std::string> names;
  const json& ports = fields::list(container, "ports");
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const std::string at = at_index(path + ".ports", i);
    const std::string name = fields::text(ports[i], "name");
    if (!name.empty()) {
      const auto problems = name_rules::port_name(name);
      checks.rule(at + ".name", name, problems);
      if (problems.empty() && !names.insert(name).second) checks.duplicate(at + ".name", name);
    }
    const std::int64_t number = fields::number(ports[i], "containerPort").value_or(0);
    if (number == 0) {
      checks.required(at + ".containerPort");
    } else {
      checks.rule(at + ".containerPort", number, name_rules::port_number(number));
    }
    const std::int64_t host = fields::number(ports[i], "hostPort").value_or(0);
    if (host != 0) checks.rule(at + ".hostPort", host, name_rules::port_number(host));
    checks.one_of(at + ".protocol", fields::text(ports[i], "protocol"), {"SCTP", "TCP", "UDP"});
  }
}

void check_sub_path(const json& mount,
                    const std::string& at,
                    const std::string& list,
                    FieldChecks& checks) {
  const std::string sub_path = fields::text(mount, "subPath");
  const std::string expression = fields::text(mount, "subPathExpr");
  if (!sub_path.empty()) check_relative_path(sub_path, list + ".subPath", checks);
  if (expression.empty()) return;
  if (!sub_path.empty()) {
    checks.invalid(at + ".subPathExpr", expression,
                   "subPathExpr and subPath are mutually exclusive");
  }
  check_relative_path(expression, list + ".subPathExpr", checks);
}

void check_mounts(const json& container,
                  const std::string& path,
                  const NamedVolumes& volumes,
                  FieldChecks& checks) {
  std::set<std::string> paths;
  const json& mounts = fields::list(container, "volumeMounts");
  const std::string list = path + ".volumeMounts";
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    const std::string at = at_index(list, i);
    const std::string name = fields::text(mounts[i], "name");
    if (name.empty()) checks.required(at + ".name");
    if (!volumes.contains(name)) checks.not_found(at + ".name", name);
    const std::string target = fields::text(mounts[i], "mountPath");
    if (target.empty()) checks.required(at + ".mountPath");
    if (!paths.insert(target).second) checks.invalid(at + ".mountPath", target, "must be unique");
    check_sub_path(mounts[i], at, list, checks);
    const json& propagation = fields::at(mounts[i], "mountPropagation");
    if (!propagation.is_string()) continue;
    checks.one_of(list + ".mountPropagation", propagation.get<std::string>(),
                  {"Bidirectional", "HostToContainer", "None"});
    if (propagation == "Bidirectional" &&
        !fields::flag(fields::object(container, "securityContext"), "privileged")) {
      checks.forbidden(
          list + ".mountPropagation",
          "Bidirectional mount propagation is available only to privileged containers");
    }
  }
}

void check_security(const json& container, const std::string& path, FieldChecks& checks) {
  const json& context = fields::object(container, "securityContext");
  const std::string at = path + ".securityContext";
  for (const char* id : {"runAsUser", "runAsGroup"}) {
    const auto value = fields::number(context, id);
    if (value && (*value < 0 || *value > INT32_MAX)) {
      checks.invalid(at + "." + id, *value, "must be between 0 and 2147483647, inclusive");
    }
  }
  if (const json& mount = fields::at(context, "procMount"); mount.is_string()) {
    checks.one_of(at + ".procMount", mount.get<std::string>(), {"Default", "Unmasked"});
  }
  check_seccomp(context, at, checks);
}

void check_common(const json& container,
                  const std::string& path,
                  const NamedVolumes& volumes,
                  FieldChecks& checks) {
  const std::string name = fields::text(container, "name");
  if (name.empty()) {
    checks.required(path + ".name");
  } else {
    checks.rule(path + ".name", name, name_rules::dns_label(name));
  }
  if (fields::text(container, "image").empty()) checks.required(path + ".image");
  checks.one_of(path + ".terminationMessagePolicy",
                fields::text(container, "terminationMessagePolicy"),
                {"File", "FallbackToLogsOnError"});
  check_ports(container, path, checks);
  check_env(container, path, checks);
  check_mounts(container, path, volumes, checks);
  checks.one_of(path + ".imagePullPolicy", fields::text(container, "imagePullPolicy"),
                {"Always", "IfNotPresent", "Never"});
  check_resources(fields::object(container, "resources"), path + ".resources", checks);
  check_security(container, path, checks);
}

/// What only a container that goes on running may have.
void check_init_only(const json& container, const std::string& path, FieldChecks& checks) {
  for (const char* key : {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"}) {
    if (fields::at(container, key).is_object()) {
      checks.forbidden(path + "." + key,
                       "may not be set for init containers without restartPolicy=Always");
    }
  }
}

}  // namespace

void check_seccomp(const json& context, const std::string& path, FieldChecks& checks) {
  const json& profile = fields::at(context, "seccompProfile");
  if (!profile.is_object()) return;
  const std::string type = fields::text(profile, "type");
  const bool file = profile.contains("localhostProfile");
  if (type == "Localhost" && !file) {
    checks.required(path + ".seccompProfile.localhostProfile",
                    "must be set when seccomp type is Localhost");
  }
  if (type != "Localhost" && file) {
    checks.invalid(path + ".seccompProfile.localhostProfile", profile["localhostProfile"],
                   "can only be set when seccomp type is Localhost");
  }
  if (type.empty())
    return checks.required(path + ".seccompProfile.type",
                           "type is required when seccompProfile is set");
  checks.one_of(path + ".seccompProfile.type", type, {"Localhost", "RuntimeDefault", "Unconfined"});
}

void check_containers(const json& spec,
                      const std::string& path,
                      const NamedVolumes& volumes,
                      FieldChecks& checks) {
  std::set<std::string> names;
  const json& containers = fields::list(spec, "containers");
  if (containers.empty()) checks.required(path + ".containers");
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const std::string at = at_index(path + ".containers", i);
    check_common(containers[i], at, volumes, checks);
    const std::string name = fields::text(containers[i], "name");
    if (!names.insert(name).second) checks.duplicate(at + ".name", name);
    check_probes(containers[i], at, checks);
  }
  const json& inits = fields::list(spec, "initContainers");
  for (std::size_t i = 0; i < inits.size(); ++i) {
    const std::string at = at_index(path + ".initContainers", i);
    check_common(inits[i], at, volumes, checks);
    const std::string name = fields::text(inits[i], "name");
    if (!name.empty() && !names.insert(name).second) checks.duplicate(at + ".name", name);
    if (fields::text(inits[i], "restartPolicy") == "Always") {
      check_probes(inits[i], at, checks);
    } else {
      check_init_only(inits[i], at, checks);
    }
  }
}

}  // namespace skerry::standalone

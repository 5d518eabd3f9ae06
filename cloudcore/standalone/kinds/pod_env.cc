// What is wrong with a container's environment.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/name_rules.h"
#include "cloudcore/standalone/kinds/pod_parts.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

const std::vector<std::string>& env_fields() {
  static const std::vector<std::string> kAll = {
      "metadata.name",  "metadata.namespace", "metadata.uid",
      "spec.nodeName",  "status.hostIP",      "spec.serviceAccountName",
      "status.hostIPs", "status.podIP",       "status.podIPs"};
  return kAll;
}

/// What a Pod's fields can be asked for at all; another path cannot even be converted.
bool is_known_path(const std::string& path) {
  static const std::vector<std::string> kKnown = {"metadata.annotations",
                                                  "metadata.labels",
                                                  "metadata.name",
                                                  "metadata.namespace",
                                                  "metadata.uid",
                                                  "spec.nodeName",
                                                  "spec.restartPolicy",
                                                  "spec.schedulerName",
                                                  "spec.serviceAccountName",
                                                  "spec.hostNetwork",
                                                  "status.hostIP",
                                                  "status.hostIPs",
                                                  "status.phase",
                                                  "status.podIP",
                                                  "status.podIPs",
                                                  "status.nominatedNodeName"};
  return std::find(kKnown.begin(), kKnown.end(), path) != kKnown.end();
}

void check_subscript(const std::string& of,
                     const std::string& key,
                     const std::string& path,
                     FieldChecks& checks) {
  if (of == "metadata.labels") return checks.rule(path, key, name_rules::qualified_name(key));
  if (of == "metadata.annotations") {
    std::string lower = key;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return checks.rule(path, key, name_rules::qualified_name(lower));
  }
  checks.invalid(path, of, "does not support subscript");
}

void check_resource_field(const json& ref, const std::string& path, FieldChecks& checks) {
  const std::string resource = fields::text(ref, "resource");
  const bool huge =
      resource.starts_with("limits.hugepages-") || resource.starts_with("requests.hugepages-");
  if (huge) return;
  checks.one_of(path + ".resource", resource,
                {"limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu",
                 "requests.ephemeral-storage", "requests.memory"});
  const std::string divisor = fields::text_or_number(fields::at(ref, "divisor"));
  if (resource.ends_with(".cpu") && !divisor.empty() && divisor != "0" && divisor != "1" &&
      divisor != "1m") {
    checks.invalid(path + ".divisor", resource,
                   "only divisor's values 1m and 1 are supported with the cpu resource");
  }
}

void check_key_ref(const json& ref, const std::string& path, FieldChecks& checks) {
  const std::string name = fields::text(ref, "name");
  checks.rule(path + ".name", name, name_rules::dns_subdomain(name));
  const std::string key = fields::text(ref, "key");
  if (key.empty()) return checks.required(path + ".key");
  checks.rule(path + ".key", key, name_rules::config_key(key));
}

void check_value_from(const json& variable, const std::string& path, FieldChecks& checks) {
  const json& from = fields::at(variable, "valueFrom");
  if (!from.is_object()) return;
  const std::string at = path + ".valueFrom";
  int sources = 0;
  for (const std::string kind :
       {"fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef"}) {
    const json& ref = fields::at(from, kind);
    if (!ref.is_object()) continue;
    ++sources;
    if (kind == "fieldRef") {
      check_field_path(ref, at + ".fieldRef", env_fields(), checks);
    } else if (kind == "resourceFieldRef") {
      check_resource_field(ref, at + "." + kind, checks);
    } else {
      check_key_ref(ref, at + "." + kind, checks);
    }
  }
  if (from.contains("fileKeyRef")) ++sources;
  if (sources == 0) {
    checks.invalid(at, "",
                   "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or "
                   "`secretKeyRef`");
  }
  if (!fields::text(variable, "value").empty()) {
    if (sources > 0) checks.invalid(at, "", "may not be specified when `value` is not empty");
  } else if (sources > 1) {
    checks.invalid(at, "", "may not have more than one field specified at a time");
  }
}

void check_env_from(const json& source,
                    const std::string& path,
                    const std::string& at,
                    FieldChecks& checks) {
  const std::string prefix = fields::text(source, "prefix");
  if (!prefix.empty()) checks.rule(at + ".prefix", prefix, name_rules::env_name(prefix));
  int sources = 0;
  for (const std::string kind : {"configMapRef", "secretRef"}) {
    const json& ref = fields::at(source, kind);
    if (!ref.is_object()) continue;
    ++sources;
    const std::string name = fields::text(ref, "name");
    if (name.empty()) {
      checks.required(at + "." + kind + ".name");
    } else {
      checks.rule(at + "." + kind + ".name", name, name_rules::dns_subdomain(name));
    }
  }
  if (sources == 0) {
    checks.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`");
  } else if (sources > 1) {
    checks.invalid(path, "", "may not have more than one field specified at a time");
  }
}

}  // namespace

void check_field_path(const json& field_ref,
                      const std::string& path,
                      const std::vector<std::string>& allowed,
                      FieldChecks& checks) {
  const std::string version = fields::text(field_ref, "apiVersion");
  const std::string whole = fields::text(field_ref, "fieldPath");
  if (version.empty()) return checks.required(path + ".apiVersion");
  if (whole.empty()) return checks.required(path + ".fieldPath");
  const auto unconvertible = [&](const std::string& why) {
    checks.invalid(path + ".fieldPath", whole, "error converting fieldPath: " + why);
  };
  if (version != "v1") return unconvertible("unsupported pod version: " + version);
  if (const std::size_t open = whole.find("['");
      open != std::string::npos && whole.ends_with("']")) {
    const std::string of = whole.substr(0, open);
    return check_subscript(of, whole.substr(open + 2, whole.size() - open - 4), path, checks);
  }
  if (!is_known_path(whole)) return unconvertible("field label not supported: " + whole);
  if (std::find(allowed.begin(), allowed.end(), whole) == allowed.end()) {
    std::vector<std::string> sorted = allowed;
    std::sort(sorted.begin(), sorted.end());
    checks.not_supported(path + ".fieldPath", whole, sorted);
  }
}

void check_env(const json& container, const std::string& path, FieldChecks& checks) {
  const json& variables = fields::list(container, "env");
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const std::string at = at_index(path + ".env", i);
    const std::string name = fields::text(variables[i], "name");
    if (name.empty()) {
      checks.required(at + ".name");
    } else {
      checks.rule(at + ".name", name, name_rules::env_name(name));
    }
    check_value_from(variables[i], at, checks);
  }
  const json& sources = fields::list(container, "envFrom");
  for (std::size_t i = 0; i < sources.size(); ++i) {
    check_env_from(sources[i], path + ".envFrom", at_index(path + ".envFrom", i), checks);
  }
}

}  // namespace skerry::standalone

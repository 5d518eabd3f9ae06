// What is wrong with a Pod's spec: what belongs to the Pod as a whole.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/name_rules.h"
#include "cloudcore/standalone/kinds/pod_parts.h"
#include "cloudcore/standalone/kinds/pod_template.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

/// "example.com.", also with underscores, as SRV records have them; "." alone is the root.
bool is_search_path(const std::string& path) {
  if (path == ".") return true;
  std::string text = path.ends_with('.') ? path.substr(0, path.size() - 1) : path;
  if (text.starts_with('_')) text.erase(0, 1);
  for (std::size_t at = text.find("._"); at != std::string::npos; at = text.find("._")) {
    text.erase(at + 1, 1);
  }
  if (text.ends_with('_') || text.find("_.") != std::string::npos) return false;
  std::replace(text.begin(), text.end(), '_', '-');
  return name_rules::dns_subdomain(text).empty();
}

void check_dns_searches(const json& config, const std::string& path, FieldChecks& checks) {
  const json& searches = fields::list(config, "searches");
  if (searches.size() > 32) {
    checks.invalid(path + ".searches", searches, "must not have more than 32 search paths");
  }
  for (std::size_t i = 0; i < searches.size(); ++i) {
    const std::string search = fields::text_or_number(searches[i]);
    if (is_search_path(search)) continue;
    checks.invalid(at_index(path + ".searches", i), search,
                   "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
                   "characters, '_', '-' or '.', and must start and end with an alphanumeric "
                   "character (e.g. 'example.com', regex used for validation is "
                   "'_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')");
  }
  const json& options = fields::list(config, "options");
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (!fields::text(options[i], "name").empty()) continue;
    checks.required(at_index(path + ".options", i), "must not be empty");
  }
}

void check_dns_config(const json& spec, const std::string& path, FieldChecks& checks) {
  const bool none = fields::text(spec, "dnsPolicy") == "None";
  const json& config = fields::at(spec, "dnsConfig");
  const std::string at = path + ".dnsConfig";
  if (none && !config.is_object()) {
    return checks.required(at, "must provide `dnsConfig` when `dnsPolicy` is None");
  }
  const json& servers = fields::list(config, "nameservers");
  if (none && servers.empty()) {
    checks.required(at + ".nameservers",
                    "must provide at least one DNS nameserver when `dnsPolicy` is None");
  }
  if (servers.size() > 3) {
    checks.invalid(at + ".nameservers", servers, "must not have more than 3 nameservers");
  }
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const std::string server = fields::text_or_number(servers[i]);
    checks.rule(at_index(at + ".nameservers", i), server, name_rules::ip_address(server));
  }
  check_dns_searches(config, at, checks);
}

void check_gates_and_os(const json& spec, const std::string& path, FieldChecks& checks) {
  const json& gates = fields::list(spec, "readinessGates");
  for (std::size_t i = 0; i < gates.size(); ++i) {
    const std::string type = fields::text(gates[i], "conditionType");
    checks.rule(at_index(path + ".readinessGates", i) + ".conditionType", type,
                name_rules::qualified_name(type));
  }
  if (const json& os = fields::at(spec, "os"); os.is_object()) {
    checks.one_of(path + ".os", fields::text(os, "name"), {"linux", "windows"});
  }
}

void check_host_aliases(const json& spec, const std::string& path, FieldChecks& checks) {
  const json& aliases = fields::list(spec, "hostAliases");
  for (std::size_t i = 0; i < aliases.size(); ++i) {
    const std::string at = at_index(path + ".hostAliases", i);
    const std::string ip = fields::text(aliases[i], "ip");
    checks.rule(at + ".ip", ip, name_rules::ip_address(ip));
    const auto hosts = fields::texts(aliases[i], "hostnames");
    for (std::size_t j = 0; j < hosts.size(); ++j) {
      checks.rule(at_index(at + ".hostnames", j), hosts[j], name_rules::dns_subdomain(hosts[j]));
    }
  }
}

/// "kernel.shm_rmid_forced", also with slashes.
bool is_sysctl_name(const std::string& name) {
  constexpr std::size_t kBytesMax = 253;
  if (name.empty() || name.size() > kBytesMax) return false;
  std::size_t begin = 0;
  while (begin <= name.size()) {
    const std::size_t end = std::min(name.find_first_of("./", begin), name.size());
    std::string part = name.substr(begin, end - begin);
    std::replace(part.begin(), part.end(), '_', '-');
    if (part.empty() || name[begin] == '_' || name[end - 1] == '_') return false;
    if (!name_rules::dns_label(part.substr(0, 63)).empty()) return false;
    begin = end + 1;
  }
  return true;
}

void check_sysctls(const json& sysctls, const std::string& path, FieldChecks& checks) {
  for (std::size_t i = 0; i < sysctls.size(); ++i) {
    const std::string at = at_index(path, i) + ".name";
    const std::string name = fields::text(sysctls[i], "name");
    if (name.empty()) {
      checks.required(at);
    } else if (!is_sysctl_name(name)) {
      checks.invalid(at, name,
                     "must have at most 253 characters and match regex "
                     "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$");
    }
  }
}

void check_shared_processes(const json& spec, const std::string& path, FieldChecks& checks) {
  if (fields::flag(spec, "shareProcessNamespace") && fields::flag(spec, "hostPID")) {
    checks.invalid(path + ".shareProcessNamespace", true,
                   "ShareProcessNamespace and HostPID cannot both be enabled");
  }
}

void check_pod_security(const json& spec, const std::string& path, FieldChecks& checks) {
  const json& context = fields::object(spec, "securityContext");
  const std::string at = path + ".securityContext";
  for (const char* id : {"fsGroup", "runAsUser", "runAsGroup"}) {
    const auto value = fields::number(context, id);
    if (value && (*value < 0 || *value > INT32_MAX)) {
      checks.invalid(at + "." + id, *value, "must be between 0 and 2147483647, inclusive");
    }
  }
  const json& groups = fields::list(context, "supplementalGroups");
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].is_number_integer() && (groups[i] < 0 || groups[i] > INT32_MAX)) {
      checks.invalid(at_index(at + ".supplementalGroups", i), groups[i],
                     "must be between 0 and 2147483647, inclusive");
    }
  }
  check_shared_processes(spec, at, checks);
  check_sysctls(fields::list(context, "sysctls"), at + ".sysctls", checks);
  if (const json& policy = fields::at(context, "fsGroupChangePolicy"); policy.is_string()) {
    checks.one_of(at + ".fsGroupChangePolicy", policy.get<std::string>(),
                  {"Always", "OnRootMismatch"});
  }
  check_seccomp(context, at, checks);
}

void check_names(const json& spec, const std::string& path, FieldChecks& checks) {
  struct Rule {
    const char* key;
    name_rules::Problems (*problems)(std::string_view);
  };
  static constexpr Rule kRules[] = {{"serviceAccountName", name_rules::dns_subdomain},
                                    {"nodeName", name_rules::dns_subdomain},
                                    {"hostname", name_rules::dns_label},
                                    {"subdomain", name_rules::dns_label},
                                    {"priorityClassName", name_rules::dns_subdomain},
                                    {"runtimeClassName", name_rules::dns_subdomain}};
  for (const Rule& rule : kRules) {
    const std::string value = fields::text(spec, rule.key);
    if (!value.empty()) checks.rule(path + "." + rule.key, value, rule.problems(value));
  }
}

void check_numbers(const json& spec, const std::string& path, FieldChecks& checks) {
  const auto limit = fields::number(spec, "activeDeadlineSeconds");
  if (limit && (*limit < 1 || *limit > INT32_MAX)) {
    checks.invalid(path + ".activeDeadlineSeconds", *limit,
                   "must be between 1 and 2147483647, inclusive");
  }
}

/// A pod in the host's network cannot have a port there by another number.
void check_host_ports(const json& spec, const std::string& path, FieldChecks& checks) {
  if (!fields::flag(spec, "hostNetwork")) return;
  const json& containers = fields::list(spec, "containers");
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const json& ports = fields::list(containers[i], "ports");
    for (std::size_t j = 0; j < ports.size(); ++j) {
      const std::int64_t host = fields::number(ports[j], "hostPort").value_or(0);
      if (host == fields::number(ports[j], "containerPort").value_or(0) || host == 0) continue;
      checks.invalid(at_index(at_index(path + ".containers", i) + ".ports", j) + ".hostPort", host,
                     "must match `containerPort` when `hostNetwork` is true");
    }
  }
}

}  // namespace

FieldErrors validate_pod_spec(const json& spec, const std::string& path) {
  FieldChecks checks;
  const auto volumes = check_volumes(spec, path, checks);
  check_containers(spec, path, volumes, checks);
  checks.one_of(path + ".restartPolicy", fields::text(spec, "restartPolicy"),
                {"Always", "OnFailure", "Never"});
  checks.one_of(path + ".dnsPolicy", fields::text(spec, "dnsPolicy"),
                {"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"});
  checks.labels(path + ".nodeSelector", fields::object(spec, "nodeSelector"));
  check_host_ports(spec, path, checks);
  check_pod_security(spec, path, checks);
  check_affinity(spec, path, checks);
  check_dns_config(spec, path, checks);
  check_gates_and_os(spec, path, checks);
  check_topology(spec, path, checks);
  check_names(spec, path, checks);
  check_numbers(spec, path, checks);
  check_tolerations(fields::list(spec, "tolerations"), path + ".tolerations", checks);
  check_host_aliases(spec, path, checks);
  return checks.take();
}

FieldErrors validate_pod_template(const json& pod_template, const std::string& path) {
  FieldChecks checks;
  const json& metadata = fields::object(pod_template, "metadata");
  checks.labels(path + ".metadata.labels", fields::object(metadata, "labels"));
  checks.add(validate_pod_spec(fields::object(pod_template, "spec"), path + ".spec"));
  return checks.take();
}

}  // namespace skerry::standalone

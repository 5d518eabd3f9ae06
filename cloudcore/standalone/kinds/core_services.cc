// Service: what follows from the object alone. Addresses and node ports are admission's
// (standalone/admission/service_addresses.h).
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cloudcore/standalone/kinds/core_rows.h"
#include "cloudcore/standalone/kinds/default_table.h"
#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/name_rules.h"
#include "cloudcore/standalone/kinds/service_types.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::int64_t kStickySecondsMax = 86400;

std::string type_of(const json& spec) { return fields::text(spec, "type"); }

// ---- defaults -----------------------------------------------------------------------------------

void default_affinity(json& spec) {
  if (fields::text(spec, "sessionAffinity") == "None") {
    spec.erase("sessionAffinityConfig");
  } else if (fields::text(spec, "sessionAffinity") == "ClientIP") {
    json& client = spec["sessionAffinityConfig"]["clientIP"];
    if (!client.contains("timeoutSeconds")) client["timeoutSeconds"] = 10800;
  }
}

void default_ports(json& spec) {
  const auto ports = spec.find("ports");
  if (ports == spec.end() || !ports->is_array()) return;
  for (json& port : *ports) {
    const json& target = fields::at(port, "targetPort");
    if (target.is_null() || target == 0 || target == "") {
      port["targetPort"] = fields::number(port, "port").value_or(0);
    }
  }
}

void service_defaults(json& object) {
  static const DefaultTable kTable = {{"spec", "{}", DefaultRow::When::kAbsent},
                                      {"spec.sessionAffinity", R"("None")"},
                                      {"spec.type", R"("ClusterIP")"},
                                      {"spec.ports[].protocol", R"("TCP")"}};
  kTable.apply(object);
  json& spec = object["spec"];
  if (!spec.is_object()) return;
  default_affinity(spec);
  default_ports(spec);
  const std::string type = type_of(spec);
  const bool external = type == "NodePort" || type == "LoadBalancer";
  if (external && fields::text(spec, "externalTrafficPolicy").empty()) {
    spec["externalTrafficPolicy"] = "Cluster";
  }
  if ((external || type == "ClusterIP") && !spec.contains("internalTrafficPolicy")) {
    spec["internalTrafficPolicy"] = "Cluster";
  }
  if (type == "LoadBalancer" && !spec.contains("allocateLoadBalancerNodePorts")) {
    spec["allocateLoadBalancerNodePorts"] = true;
  }
}

// ---- create and update --------------------------------------------------------------------------

void service_create(json& object) {
  object["status"] = {{"loadBalancer", json::object()}};
  json& spec = object["spec"];
  const std::string ip = fields::text(spec, "clusterIP");
  if (!ip.empty() && fields::list(spec, "clusterIPs").empty()) spec["clusterIPs"] = {ip};
}

/// A client of before dual stack changes clusterIP alone: the list follows it.
void follow_cluster_ip(json& spec, const json& former) {
  const std::string ip = fields::text(spec, "clusterIP");
  const json& list = fields::list(spec, "clusterIPs");
  if (ip == fields::text(former, "clusterIP") || list != fields::list(former, "clusterIPs")) return;
  if (ip.empty()) {
    spec.erase("clusterIPs");
  } else if (list.empty()) {
    spec["clusterIPs"] = {ip};
  } else {
    spec["clusterIPs"][0] = ip;
  }
}

std::string port_key(const json& port) {
  return fields::text(port, "protocol") + "/" +
         std::to_string(fields::number(port, "port").value_or(0));
}

/// What was allocated stays when a client does not send it.
void keep_node_ports(json& spec, const json& former) {
  std::set<std::int64_t> used;
  for (const json& port : fields::list(spec, "ports")) {
    used.insert(fields::number(port, "nodePort").value_or(0));
  }
  if (!spec.contains("ports")) return;
  for (json& port : spec["ports"]) {
    if (fields::number(port, "nodePort").value_or(0) != 0) continue;
    for (const json& before : fields::list(former, "ports")) {
      const std::int64_t there = fields::number(before, "nodePort").value_or(0);
      if (there == 0 || port_key(before) != port_key(port) || used.contains(there)) continue;
      port["nodePort"] = there;
      used.insert(there);
      break;
    }
  }
}

bool same_node_ports(const json& spec, const json& former) {
  const auto all = [](const json& of) {
    std::multiset<std::int64_t> out;
    for (const json& port : fields::list(of, "ports")) {
      out.insert(fields::number(port, "nodePort").value_or(0));
    }
    return out;
  };
  return all(spec) == all(former);
}

/// What the former type had and the new one has no use for goes, unless the client changed it.
void drop_unused(json& spec, const json& former) {
  const auto drop_if_same = [&](const char* key) {
    if (fields::at(spec, key) == fields::at(former, key)) spec.erase(key);
  };
  if (needs_cluster_ip(former) && !needs_cluster_ip(spec)) {
    for (const char* key :
         {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"}) {
      drop_if_same(key);
    }
  }
  if (needs_node_ports(former) && !needs_node_ports(spec) && same_node_ports(spec, former) &&
      spec.contains("ports")) {
    for (json& port : spec["ports"]) port.erase("nodePort");
  }
  if (needs_health_port(former) && !needs_health_port(spec)) drop_if_same("healthCheckNodePort");
  if (is_external(former) && !is_external(spec)) drop_if_same("externalTrafficPolicy");
  if (type_of(former) == "LoadBalancer" && type_of(spec) != "LoadBalancer") {
    drop_if_same("allocateLoadBalancerNodePorts");
    drop_if_same("loadBalancerClass");
  }
}

void service_update(json& object, const json& old) {
  json& spec = object["spec"];
  const json& former = fields::object(old, "spec");
  if (!spec.is_object()) return;
  follow_cluster_ip(spec, former);
  if (needs_cluster_ip(former) && needs_cluster_ip(spec)) {
    if (fields::text(spec, "clusterIP").empty() && former.contains("clusterIP")) {
      spec["clusterIP"] = former["clusterIP"];
    }
    if (fields::list(spec, "clusterIPs").empty() &&
        fields::at(spec, "clusterIP") == fields::at(former, "clusterIP") &&
        former.contains("clusterIPs")) {
      spec["clusterIPs"] = former["clusterIPs"];
    }
    for (const char* key : {"ipFamilies", "ipFamilyPolicy"}) {
      if (!spec.contains(key) && former.contains(key)) spec[key] = former[key];
    }
  }
  if (needs_node_ports(former) && needs_node_ports(spec)) keep_node_ports(spec, former);
  if (needs_health_port(former) && needs_health_port(spec) &&
      !spec.contains("healthCheckNodePort") && former.contains("healthCheckNodePort")) {
    spec["healthCheckNodePort"] = former["healthCheckNodePort"];
  }
  drop_unused(spec, former);
}

// ---- validation ---------------------------------------------------------------------------------

void check_port(const json& port, const std::string& at, bool several, FieldChecks& checks) {
  const std::string name = fields::text(port, "name");
  if (several && name.empty()) checks.required(at + ".name");
  if (!name.empty()) checks.rule(at + ".name", name, name_rules::dns_label(name));
  const std::int64_t number = fields::number(port, "port").value_or(0);
  checks.rule(at + ".port", number, name_rules::port_number(number));
  checks.one_of(at + ".protocol", fields::text(port, "protocol"), {"SCTP", "TCP", "UDP"});
  const json& target = fields::at(port, "targetPort");
  if (target.is_string()) {
    checks.rule(at + ".targetPort", target, name_rules::port_name(target.get<std::string>()));
  } else {
    const std::int64_t value = target.is_number_integer() ? target.get<std::int64_t>() : 0;
    checks.rule(at + ".targetPort", value, name_rules::port_number(value));
  }
  const std::string protocol = fields::text(port, "appProtocol");
  if (!protocol.empty()) {
    checks.rule(at + ".appProtocol", protocol, name_rules::qualified_name(protocol));
  }
}

void check_ports(const json& spec, FieldChecks& checks) {
  const json& ports = fields::list(spec, "ports");
  const bool headless = fields::text(spec, "clusterIP") == "None";
  if (ports.empty() && !headless && type_of(spec) != "ExternalName") {
    checks.required("spec.ports");
  }
  std::set<std::string> names;
  std::set<std::string> numbers;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const std::string at = at_index("spec.ports", i);
    check_port(ports[i], at, ports.size() > 1, checks);
    const std::string name = fields::text(ports[i], "name");
    if (!name.empty() && name_rules::dns_label(name).empty() && !names.insert(name).second) {
      checks.duplicate(at + ".name", name);
    }
    if (fields::number(ports[i], "nodePort").value_or(0) != 0 &&
        (type_of(spec) == "ClusterIP" || type_of(spec) == "ExternalName")) {
      checks.forbidden(at + ".nodePort", "may not be used when `type` is '" + type_of(spec) + "'");
    }
    if (numbers.insert(port_key(ports[i])).second) continue;
    // As the API's own type writes what is the same.
    checks.duplicate(at, json({{"Name", ""},
                               {"Protocol", fields::text(ports[i], "protocol")},
                               {"AppProtocol", nullptr},
                               {"Port", fields::at(ports[i], "port")},
                               {"TargetPort", 0},
                               {"NodePort", 0}}));
  }
}

void check_sticky(const json& spec, FieldChecks& checks) {
  checks.one_of("spec.sessionAffinity", fields::text(spec, "sessionAffinity"),
                {"ClientIP", "None"});
  if (fields::text(spec, "sessionAffinity") != "ClientIP") return;
  const json& client = fields::object(fields::object(spec, "sessionAffinityConfig"), "clientIP");
  const std::int64_t seconds = fields::number(client, "timeoutSeconds").value_or(0);
  if (seconds > 0 && seconds <= kStickySecondsMax) return;
  checks.invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", seconds,
                 "must be greater than 0 and less than 86400");
}

void check_type(const json& spec, FieldChecks& checks) {
  const std::string type = type_of(spec);
  const bool headless = fields::text(spec, "clusterIP") == "None";
  if (headless && (type == "NodePort" || type == "LoadBalancer")) {
    checks.invalid("spec.clusterIPs[0]", "None",
                   "may not be set to 'None' for " + type + " services");
  }
  if (type == "ExternalName") {
    if (!fields::list(spec, "clusterIPs").empty()) {
      checks.forbidden("spec.clusterIPs", "may not be set for ExternalName services");
    }
    std::string name = fields::text(spec, "externalName");
    if (name.ends_with('.')) name.pop_back();
    if (name.empty()) {
      checks.required("spec.externalName");
    } else {
      checks.rule("spec.externalName", name, name_rules::dns_subdomain(name));
    }
  }
  checks.one_of("spec.type", type, {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"});
}

void check_cluster_ips(const json& spec, FieldChecks& checks) {
  const std::string ip = fields::text(spec, "clusterIP");
  const json& list = fields::list(spec, "clusterIPs");
  if (list.empty() || type_of(spec) == "ExternalName") return;
  if (ip.empty()) {
    return checks.invalid("spec.clusterIPs", list,
                          "must be empty when `clusterIP` is not specified");
  }
  if (list[0] != ip) {
    checks.invalid("spec.clusterIPs", list, "first value must match `clusterIP`");
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string each = fields::text_or_number(list[i]);
    if (each == "None") continue;
    checks.rule(at_index("spec.clusterIPs", i), each, name_rules::ip_address(each));
  }
}

void check_families(const json& spec, FieldChecks& checks) {
  const json& families = fields::list(spec, "ipFamilies");
  for (std::size_t i = 0; i < families.size(); ++i) {
    checks.one_of(at_index("spec.ipFamilies", i), fields::text_or_number(families[i]),
                  {"IPv4", "IPv6"});
  }
  if (spec.contains("ipFamilyPolicy")) {
    checks.one_of("spec.ipFamilyPolicy", fields::text(spec, "ipFamilyPolicy"),
                  {"PreferDualStack", "RequireDualStack", "SingleStack"});
  }
}

void check_external(const json& spec, FieldChecks& checks) {
  const json& ips = fields::list(spec, "externalIPs");
  for (std::size_t i = 0; i < ips.size(); ++i) {
    const std::string ip = fields::text_or_number(ips[i]);
    const std::string at = at_index("spec.externalIPs", i);
    const auto problems = name_rules::ip_address(ip);
    checks.rule(at, ip, problems);
    if (problems.empty()) checks.rule(at, ip, name_rules::reachable_address(ip));
  }
  const std::string policy = fields::text(spec, "externalTrafficPolicy");
  if (!policy.empty() && is_external(spec)) {
    checks.one_of("spec.externalTrafficPolicy", policy, {"Cluster", "Local"});
  } else if (!policy.empty() && ips.empty()) {
    checks.invalid("spec.externalTrafficPolicy", policy,
                   "may only be set for externally-accessible services");
  }
  if (spec.contains("internalTrafficPolicy")) {
    checks.one_of("spec.internalTrafficPolicy", fields::text(spec, "internalTrafficPolicy"),
                  {"Cluster", "Local"});
  }
  if (spec.contains("trafficDistribution")) {
    checks.one_of("spec.trafficDistribution", fields::text(spec, "trafficDistribution"),
                  {"PreferClose", "PreferSameZone", "PreferSameNode"});
  }
}

void check_load_balancer(const json& spec, FieldChecks& checks) {
  const bool balancer = type_of(spec) == "LoadBalancer";
  const char* only = "may only be used when `type` is 'LoadBalancer'";
  const json& ranges = fields::list(spec, "loadBalancerSourceRanges");
  if (!ranges.empty() && !balancer) checks.forbidden("spec.LoadBalancerSourceRanges", only);
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const std::string range = fields::text_or_number(ranges[i]);
    checks.rule(at_index("spec.LoadBalancerSourceRanges", i), range, name_rules::cidr(range));
  }
  for (const std::string key : {"allocateLoadBalancerNodePorts", "loadBalancerClass"}) {
    if (spec.contains(key) && !balancer) checks.forbidden("spec." + key, only);
  }
  if (balancer && !spec.contains("allocateLoadBalancerNodePorts")) {
    checks.required("spec.allocateLoadBalancerNodePorts");
  }
}

FieldErrors service_validate(const json& object) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  check_ports(spec, checks);
  check_type(spec, checks);
  checks.labels("spec.selector", fields::object(spec, "selector"));
  check_sticky(spec, checks);
  check_cluster_ips(spec, checks);
  check_families(spec, checks);
  check_external(spec, checks);
  check_load_balancer(spec, checks);
  return checks.take();
}

FieldErrors service_validate_update(const json& object, const json& old) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  const json& former = fields::object(old, "spec");
  const json& now = fields::list(spec, "clusterIPs");
  const json& before = fields::list(former, "clusterIPs");
  const bool both = needs_cluster_ip(spec) && needs_cluster_ip(former);
  if (both && !before.empty() && !now.empty() && now[0] != before[0]) {
    checks.invalid("spec.clusterIPs[0]", now, "may not change once set");
  }
  return checks.take();
}

}  // namespace

bool needs_cluster_ip(const json& spec) {
  const std::string type = type_of(spec);
  return type == "ClusterIP" || is_external(spec);
}

bool needs_node_ports(const json& spec) {
  if (type_of(spec) == "NodePort") return true;
  return type_of(spec) == "LoadBalancer" &&
         fields::flag(spec, "allocateLoadBalancerNodePorts", true);
}

bool needs_health_port(const json& spec) {
  return type_of(spec) == "LoadBalancer" && fields::text(spec, "externalTrafficPolicy") == "Local";
}

bool is_external(const json& spec) {
  return type_of(spec) == "NodePort" || type_of(spec) == "LoadBalancer";
}

std::vector<KindBehaviour> service_rows() {
  KindBehaviour services;
  services.storage_prefix = "services";
  services.set_defaults = service_defaults;
  services.prepare_create = service_create;
  services.prepare_update = service_update;
  services.validate = service_validate;
  services.validate_update = service_validate_update;
  return {services};
}

}  // namespace skerry::standalone

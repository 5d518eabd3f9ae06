#include "cloudcore/standalone/kinds/ingress_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/name_rules.h"
#include "cloudcore/standalone/kinds/path_rules.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::size_t kControllerBytesMax = 250;

/// A reference to an object that is no Service.
void check_typed_reference(FieldChecks& checks, const json& reference, const std::string& path) {
  const std::string group = fields::text(reference, "apiGroup");
  if (!group.empty()) checks.rule(path + ".apiGroup", group, name_rules::dns_subdomain(group));
  check_path_segment(checks, path + ".kind", fields::text(reference, "kind"));
  check_path_segment(checks, path + ".name", fields::text(reference, "name"));
}

void check_service(FieldChecks& checks, const json& service, const std::string& path) {
  const std::string name = fields::text(service, "name");
  if (name.empty()) {
    checks.required(path + ".service.name");
  } else {
    checks.rule(path + ".service.name", name, name_rules::dns_1035_label(name));
  }
  const json& port = fields::object(service, "port");
  const std::string port_name = fields::text(port, "name");
  const auto number = fields::number(port, "number").value_or(0);
  if (!port_name.empty() && number != 0) {
    checks.invalid(path, "", "cannot set both port name & port number");
  } else if (!port_name.empty()) {
    checks.rule(path + ".service.port.name", port_name, name_rules::port_name(port_name));
  } else if (number != 0) {
    checks.rule(path + ".service.port.number", number, name_rules::port_number(number));
  } else {
    checks.required(path, "port name or number is required");
  }
}

void check_backend(FieldChecks& checks, const json& backend, const std::string& path) {
  const bool resource = fields::at(backend, "resource").is_object();
  const bool service = fields::at(backend, "service").is_object();
  if (resource && service) {
    checks.invalid(path, "", "cannot set both resource and service backends");
  } else if (resource) {
    check_typed_reference(checks, backend["resource"], path + ".resource");
  } else if (service) {
    check_service(checks, backend["service"], path);
  } else {
    checks.invalid(path, "", "resource or service backend is required");
  }
}

void check_plain_path(FieldChecks& checks, const std::string& text, const std::string& path) {
  if (!text.starts_with('/')) checks.invalid(path, text, "must be an absolute path");
  if (text.empty()) return;
  for (const char* bad : {"//", "/./", "/../", "%2f", "%2F"}) {
    if (text.find(bad) != std::string::npos) {
      checks.invalid(path, text, std::string("must not contain '") + bad + "'");
    }
  }
  for (const char* bad : {"/..", "/."}) {
    if (text.ends_with(bad)) {
      checks.invalid(path, text, std::string("cannot end with '") + bad + "'");
    }
  }
}

void check_path(FieldChecks& checks, const json& item, const std::string& at) {
  const std::string type = fields::text(item, "pathType");
  const std::string path = fields::text(item, "path");
  if (!item.contains("pathType")) {
    return checks.required(at + ".pathType", "pathType must be specified");
  }
  if (type == "Exact" || type == "Prefix") {
    check_plain_path(checks, path, at + ".path");
  } else if (type == "ImplementationSpecific") {
    if (!path.empty() && !path.starts_with('/')) {
      checks.invalid(at + ".path", path, "must be an absolute path");
    }
  } else {
    checks.not_supported(at + ".pathType", type, {"Exact", "ImplementationSpecific", "Prefix"});
  }
  check_backend(checks, fields::object(item, "backend"), at + ".backend");
}

std::vector<std::string> host_problems(const std::string& host) {
  return host.find('*') != std::string::npos ? wildcard_subdomain(host)
                                             : name_rules::dns_subdomain(host);
}

void check_rule(FieldChecks& checks, const json& rule, const std::string& at) {
  const std::string host = fields::text(rule, "host");
  if (!host.empty()) {
    if (name_rules::ip_address(host).empty()) {
      checks.invalid(at + ".host", host, "must be a DNS name, not an IP address");
    } else {
      checks.rule(at + ".host", host, host_problems(host));
    }
  }
  if (!fields::at(rule, "http").is_object()) return;
  const json& paths = fields::list(rule["http"], "paths");
  if (paths.empty()) checks.required(at + ".http.paths");
  for (std::size_t i = 0; i < paths.size(); ++i) {
    check_path(checks, paths[i], at_index(at + ".http.paths", i));
  }
}

void check_tls(FieldChecks& checks, const json& spec) {
  const json& all = fields::list(spec, "tls");
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string at = at_index("spec.tls", i);
    const auto hosts = fields::texts(all[i], "hosts");
    for (std::size_t j = 0; j < hosts.size(); ++j) {
      checks.rule(at_index(at + ".hosts", j), hosts[j], host_problems(hosts[j]));
    }
    const std::string secret = fields::text(all[i], "secretName");
    if (!secret.empty()) {
      checks.rule(at + ".secretName", secret, name_rules::dns_subdomain(secret));
    }
  }
}

}  // namespace

FieldErrors validate_ingress(const json& object) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  const json& rules = fields::list(spec, "rules");
  const json& backend = fields::at(spec, "defaultBackend");
  if (rules.empty() && !backend.is_object()) {
    checks.invalid("spec", nullptr, "either `defaultBackend` or `rules` must be specified");
  }
  if (backend.is_object()) check_backend(checks, backend, "spec.defaultBackend");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    check_rule(checks, rules[i], at_index("spec.rules", i));
  }
  check_tls(checks, spec);
  const json& wanted = fields::at(spec, "ingressClassName");
  if (wanted.is_string()) {
    const std::string name = wanted.get<std::string>();
    checks.rule("spec.ingressClassName", name, name_rules::dns_subdomain(name));
  }
  return checks.take();
}

FieldErrors validate_ingress_class(const json& object) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  const std::string controller = fields::text(spec, "controller");
  if (controller.size() > kControllerBytesMax) {
    checks.too_long("spec.controller", kControllerBytesMax);
  }
  check_domain_path(checks, "spec.controller", controller);
  const json& parameters = fields::at(spec, "parameters");
  if (!parameters.is_object()) return checks.take();
  const std::string path = "spec.parameters";
  check_typed_reference(checks, parameters, path);
  const std::string scope = fields::text(parameters, "scope");
  const json& ns = fields::at(parameters, "namespace");
  if (scope != "Cluster" && scope != "Namespace") {
    checks.not_supported(path + ".scope", scope, {"Cluster", "Namespace"});
  }
  if (scope == "Namespace" && !ns.is_string()) {
    checks.required(path + ".namespace", "`parameters.scope` is set to 'Namespace'");
  } else if (scope == "Namespace") {
    const std::string name = ns.get<std::string>();
    checks.rule(path + ".namespace", name, name_rules::dns_label(name));
  }
  if (scope == "Cluster" && ns.is_string()) {
    checks.forbidden(path + ".namespace", "`parameters.scope` is set to 'Cluster'");
  }
  return checks.take();
}

FieldErrors validate_ingress_class_update(const json& object, const json& old) {
  FieldChecks checks;
  checks.immutable(fields::object(object, "spec"), fields::object(old, "spec"), "controller",
                   "spec");
  return checks.take();
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/kinds/network_policy_rules.h"

#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/name_rules.h"
#include "cloudcore/standalone/kinds/path_rules.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

void check_port(FieldChecks& checks, const json& item, const std::string& at) {
  const json& protocol = fields::at(item, "protocol");
  if (protocol.is_string() && protocol != "TCP" && protocol != "UDP" && protocol != "SCTP") {
    checks.not_supported(at + ".protocol", protocol, {"TCP", "UDP", "SCTP"});
  }
  const json& port = fields::at(item, "port");
  const auto end = fields::number(item, "endPort");
  if (port.is_number()) {
    const std::int64_t number = port.get<std::int64_t>();
    checks.rule(at + ".port", number, name_rules::port_number(number));
    if (end && *end < number) {
      checks.invalid(at + ".endPort", number, "must be greater than or equal to `port`");
    }
    if (end) checks.rule(at + ".endPort", *end, name_rules::port_number(*end));
  } else if (port.is_string()) {
    if (end) {
      checks.invalid(at + ".endPort", *end, "may not be specified when `port` is non-numeric");
    }
    checks.rule(at + ".port", port, name_rules::port_name(port.get_ref<const std::string&>()));
  } else if (end) {
    checks.invalid(at + ".endPort", *end, "may not be specified when `port` is not specified");
  }
}

void check_block(FieldChecks& checks, const json& block, const std::string& at) {
  constexpr const char* kAdvice = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
  const std::string text = fields::text(block, "cidr");
  if (text.empty()) return checks.required(at + ".cidr");
  const auto whole = parse_cidr(text);
  if (!whole) return checks.invalid(at + ".cidr", text, kAdvice);
  const auto excepted = fields::texts(block, "except");
  for (std::size_t i = 0; i < excepted.size(); ++i) {
    const auto part = parse_cidr(excepted[i]);
    const std::string path = at_index(at + ".except", i);
    if (!part) {
      checks.invalid(path, excepted[i], kAdvice);
    } else if (!whole->contains(*part)) {
      checks.invalid(path, excepted[i], "must be a strict subset of `cidr`");
    }
  }
}

void check_peer(FieldChecks& checks, const json& peer, const std::string& at) {
  bool selects = false;
  for (const char* field : {"podSelector", "namespaceSelector"}) {
    const json& selector = fields::at(peer, field);
    if (!selector.is_object()) continue;
    selects = true;
    checks.label_selector(at + "." + field, selector);
  }
  const json& block = fields::at(peer, "ipBlock");
  if (block.is_object()) check_block(checks, block, at + ".ipBlock");
  if (!selects && !block.is_object()) checks.required(at, "must specify a peer");
  if (selects && block.is_object()) {
    checks.forbidden(at, "may not specify both ipBlock and another peer");
  }
}

void check_rules(FieldChecks& checks, const json& spec, const char* field, const char* peers) {
  const json& rules = fields::list(spec, field);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string at = at_index(std::string("spec.") + field, i);
    const json& ports = fields::list(rules[i], "ports");
    for (std::size_t j = 0; j < ports.size(); ++j) {
      check_port(checks, ports[j], at_index(at + ".ports", j));
    }
    const json& all = fields::list(rules[i], peers);
    for (std::size_t j = 0; j < all.size(); ++j) {
      check_peer(checks, all[j], at_index(at + "." + peers, j));
    }
  }
}

}  // namespace

FieldErrors validate_network_policy(const json& object) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  checks.label_selector("spec.podSelector", fields::object(spec, "podSelector"));
  check_rules(checks, spec, "ingress", "from");
  check_rules(checks, spec, "egress", "to");
  const json& types = fields::list(spec, "policyTypes");
  if (types.size() > 2) {
    checks.invalid("spec.policyTypes", types, "may not specify more than two policyTypes");
    return checks.take();
  }
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (types[i] == "Ingress" || types[i] == "Egress") continue;
    checks.not_supported(at_index("spec.policyTypes", i), types[i], {"Ingress", "Egress"});
  }
  return checks.take();
}

}  // namespace skerry::standalone

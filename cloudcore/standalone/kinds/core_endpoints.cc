// Endpoints.
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/core_rows.h"
#include "cloudcore/standalone/kinds/default_table.h"
#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/name_rules.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

void endpoints_defaults(json& object) {
  static const DefaultTable kTable = {{"subsets[].ports[].protocol", R"("TCP")"}};
  kTable.apply(object);
}

void check_address(const json& address, const std::string& at, FieldChecks& checks) {
  const std::string ip = fields::text(address, "ip");
  const auto problems = name_rules::ip_address(ip);
  checks.rule(at + ".ip", ip, problems);
  const std::string host = fields::text(address, "hostname");
  if (!host.empty()) checks.rule(at + ".hostname", host, name_rules::dns_label(host));
  const std::string node = fields::text(address, "nodeName");
  if (!node.empty()) checks.rule(at + ".nodeName", node, name_rules::dns_subdomain(node));
  if (problems.empty()) {
    checks.rule(at + ".ip", ip, name_rules::reachable_address(ip));
  } else {
    checks.invalid(at + ".ip", ip, "must be a valid IP address");
  }
}

void check_endpoint_port(const json& port,
                         const std::string& at,
                         bool several,
                         FieldChecks& checks) {
  const std::string name = fields::text(port, "name");
  if (name.empty() && several) checks.required(at + ".name");
  if (!name.empty()) checks.rule(at + ".name", name, name_rules::dns_label(name));
  const std::int64_t number = fields::number(port, "port").value_or(0);
  checks.rule(at + ".port", number, name_rules::port_number(number));
  checks.one_of(at + ".protocol", fields::text(port, "protocol"), {"SCTP", "TCP", "UDP"});
}

FieldErrors endpoints_validate(const json& object) {
  FieldChecks checks;
  const json& subsets = fields::list(object, "subsets");
  for (std::size_t i = 0; i < subsets.size(); ++i) {
    const std::string at = at_index("subsets", i);
    bool any = false;
    for (const std::string key : {"addresses", "notReadyAddresses"}) {
      const json& addresses = fields::list(subsets[i], key);
      any = any || !addresses.empty();
      for (std::size_t j = 0; j < addresses.size(); ++j) {
        check_address(addresses[j], at_index(at + "." + key, j), checks);
      }
    }
    if (!any) checks.required(at, "must specify `addresses` or `notReadyAddresses`");
    const json& ports = fields::list(subsets[i], "ports");
    for (std::size_t j = 0; j < ports.size(); ++j) {
      check_endpoint_port(ports[j], at_index(at + ".ports", j), ports.size() > 1, checks);
    }
  }
  return checks.take();
}

}  // namespace

std::vector<KindBehaviour> endpoint_rows() {
  KindBehaviour endpoints;
  endpoints.storage_prefix = "endpoints";
  endpoints.create_on_update = true;
  endpoints.set_defaults = endpoints_defaults;
  endpoints.validate = endpoints_validate;
  return {endpoints};
}

}  // namespace skerry::standalone

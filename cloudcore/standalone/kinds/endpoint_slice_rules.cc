#include "cloudcore/standalone/kinds/endpoint_slice_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/name_rules.h"
#include "cloudcore/standalone/kinds/path_rules.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::size_t kAddressesMax = 100;
constexpr std::size_t kPortsMax = 20'000;
constexpr std::size_t kEndpointsMax = 1'000;

struct SpecialRange {
  const char* cidr;
  const char* detail;
};
constexpr SpecialRange kSpecial[] = {
    {"0.0.0.0/31", "may not be unspecified (0.0.0.0 or ::)"},
    {"127.0.0.0/8", "may not be in the loopback range (127.0.0.0/8, ::1/128)"},
    {"::1/127", "may not be in the loopback range (127.0.0.0/8, ::1/128)"},
    {"169.254.0.0/16", "may not be in the link-local range (169.254.0.0/16, fe80::/10)"},
    {"fe80::/10", "may not be in the link-local range (169.254.0.0/16, fe80::/10)"},
    {"224.0.0.0/24", "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"},
    {"ff02::/16", "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"},
};

void check_special(FieldChecks& checks, const std::string& address, const std::string& at) {
  const bool v6 = address.find(':') != std::string::npos;
  const auto host = parse_cidr(address + (v6 ? "/128" : "/32"));
  if (!host) return;
  for (const SpecialRange& range : kSpecial) {
    const auto cidr = parse_cidr(range.cidr);
    if (cidr && cidr->contains(*host)) return checks.invalid(at, address, range.detail);
  }
}

void check_address(FieldChecks& checks,
                   const std::string& type,
                   const std::string& address,
                   const std::string& path,
                   std::size_t index) {
  if (type == "FQDN") {
    checks.rule(path, address, name_rules::dns_subdomain(address));
    return;
  }
  if (type != "IPv4" && type != "IPv6") return;
  const bool v6 = address.find(':') != std::string::npos;
  const auto problems = name_rules::ip_address(address);
  checks.rule(at_index(path, index), address, problems);
  if (problems.empty() && v6 != (type == "IPv6")) {
    checks.invalid(path, address, "must be an " + type + " address");
  }
  if (problems.empty()) check_special(checks, address, at_index(path, index));
}

void check_endpoint(FieldChecks& checks,
                    const std::string& type,
                    const json& endpoint,
                    const std::string& at) {
  const auto addresses = fields::texts(endpoint, "addresses");
  const std::string path = at + ".addresses";
  if (addresses.empty()) checks.required(path, "must contain at least 1 address");
  if (addresses.size() > kAddressesMax) checks.too_many(path, addresses.size(), kAddressesMax);
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    check_address(checks, type, addresses[i], path, i);
  }
  const json& node = fields::at(endpoint, "nodeName");
  if (node.is_string()) {
    const std::string name = node.get<std::string>();
    checks.rule(at + ".nodeName", name, name_rules::dns_subdomain(name));
  }
  checks.labels(at + ".deprecatedTopology", fields::object(endpoint, "deprecatedTopology"));
  const json& host = fields::at(endpoint, "hostname");
  if (host.is_string()) {
    const std::string name = host.get<std::string>();
    checks.rule(at + ".hostname", name, name_rules::dns_label(name));
  }
}

void check_ports(FieldChecks& checks, const json& ports) {
  if (ports.size() > kPortsMax) return checks.too_many("ports", ports.size(), kPortsMax);
  std::set<std::string> names;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const std::string at = at_index("ports", i);
    const std::string name = fields::text(ports[i], "name");
    if (!name.empty()) checks.rule(at + ".name", name, name_rules::dns_label(name));
    if (!names.insert(name).second) checks.duplicate(at + ".name", name);
    checks.one_of(at + ".protocol", fields::text(ports[i], "protocol"), {"SCTP", "TCP", "UDP"});
    const json& protocol = fields::at(ports[i], "appProtocol");
    if (protocol.is_string()) {
      const std::string text = protocol.get<std::string>();
      checks.rule(at + ".appProtocol", text, name_rules::qualified_name(text));
    }
  }
}

}  // namespace

FieldErrors validate_endpoint_slice(const json& object) {
  FieldChecks checks;
  const std::string type = fields::text(object, "addressType");
  checks.one_of("addressType", type, {"FQDN", "IPv4", "IPv6"});
  check_ports(checks, fields::list(object, "ports"));
  const json& endpoints = fields::list(object, "endpoints");
  if (endpoints.size() > kEndpointsMax) {
    checks.too_many("endpoints", endpoints.size(), kEndpointsMax);
    return checks.take();
  }
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    check_endpoint(checks, type, endpoints[i], at_index("endpoints", i));
  }
  return checks.take();
}

FieldErrors validate_endpoint_slice_update(const json& object, const json& old) {
  FieldChecks checks;
  checks.immutable(object, old, "addressType", "");
  return checks.take();
}

}  // namespace skerry::standalone

// Services and what stands before and behind them.
#include "cloudcore/standalone/printing/cells.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

std::string external_ip(const json& service) {
  const std::string type = fields::text(cell::spec(service), "type", "ClusterIP");
  if (type == "ExternalName") return fields::text(cell::spec(service), "externalName");
  std::vector<std::string> ips = fields::texts(cell::spec(service), "externalIPs");
  if (type != "LoadBalancer") return cell::or_none(cell::joined(ips));
  for (std::string& each : cell::load_balancer(service)) ips.push_back(std::move(each));
  return ips.empty() ? "<pending>" : cell::joined(ips);
}

std::string service_ports(const json& service) {
  std::vector<std::string> out;
  for (const json& each : fields::list(cell::spec(service), "ports")) {
    std::string text = std::to_string(cell::count(each, "port"));
    const std::int64_t node_port = cell::count(each, "nodePort");
    if (node_port > 0) text += ":" + std::to_string(node_port);
    out.push_back(text + "/" + fields::text(each, "protocol", "TCP"));
  }
  return cell::or_none(cell::joined(out));
}

Cells service_cells(const json& object, WallTime now) {
  const json& spec = cell::spec(object);
  const std::vector<std::string> ips = fields::texts(spec, "clusterIPs");
  return {cell::name(object),
          fields::text(spec, "type", "ClusterIP"),
          ips.empty() ? "<none>" : ips.front(),
          external_ip(object),
          service_ports(object),
          cell::age(object, now),
          cell::labels(fields::object(spec, "selector"))};
}

std::string with_port(const std::string& ip, std::int64_t port) {
  const bool v6 = ip.find(':') != std::string::npos;
  return (v6 ? "[" + ip + "]" : ip) + ":" + std::to_string(port);
}

Cells endpoints_cells(const json& object, WallTime now) {
  std::vector<std::string> all;
  for (const json& subset : fields::list(object, "subsets")) {
    const json& ports = fields::list(subset, "ports");
    for (const json& address : fields::list(subset, "addresses")) {
      const std::string ip = fields::text(address, "ip");
      if (ports.empty()) all.push_back(ip);
      for (const json& port : ports) all.push_back(with_port(ip, cell::count(port, "port")));
    }
  }
  const bool none = fields::list(object, "subsets").empty();
  return {cell::name(object), none ? "<none>" : cell::first_three(all), cell::age(object, now)};
}

std::string or_unset(std::string text) { return text.empty() ? "<unset>" : text; }

Cells endpoint_slice_cells(const json& object, WallTime now) {
  std::vector<std::string> ports;
  for (const json& each : fields::list(object, "ports")) {
    const auto number = fields::number(each, "port");
    ports.push_back(number ? std::to_string(*number) : fields::text(each, "name", "*"));
  }
  std::vector<std::string> addresses;
  for (const json& each : fields::list(object, "endpoints")) {
    for (std::string& ip : fields::texts(each, "addresses")) addresses.push_back(std::move(ip));
  }
  return {cell::name(object), fields::text(object, "addressType"),
          or_unset(cell::first_three(ports)), or_unset(cell::first_three(addresses)),
          cell::age(object, now)};
}

Cells ingress_cells(const json& object, WallTime now) {
  const json& spec = cell::spec(object);
  std::vector<std::string> hosts;
  for (const json& each : fields::list(spec, "rules")) {
    std::string host = fields::text(each, "host");
    if (!host.empty()) hosts.push_back(std::move(host));
  }
  return {cell::name(object),
          cell::or_none(fields::text(spec, "ingressClassName")),
          hosts.empty() ? "*" : cell::first_three(hosts),
          cell::joined(cell::load_balancer(object)),
          fields::list(spec, "tls").empty() ? "80" : "80, 443",
          cell::age(object, now)};
}

Cells ingress_class_cells(const json& object, WallTime now) {
  const json& parameters = fields::at(cell::spec(object), "parameters");
  std::string text;
  if (parameters.is_object()) {
    text = fields::text(parameters, "kind");
    const std::string group = fields::text(parameters, "apiGroup");
    if (!group.empty()) text += "." + group;
    text += "/" + fields::text(parameters, "name");
  }
  return {cell::name(object), fields::text(cell::spec(object), "controller"), cell::or_none(text),
          cell::age(object, now)};
}

Cells network_policy_cells(const json& object, WallTime now) {
  return {cell::name(object), cell::selector(fields::at(cell::spec(object), "podSelector")),
          cell::age(object, now)};
}

}  // namespace

const std::vector<KindPrinter>& network_printers() {
  static const std::vector<KindPrinter> rows = {
      {"services", "Name Type Cluster-IP External-IP Port(s) Age | Selector", service_cells},
      {"endpoints", "Name Endpoints Age", endpoints_cells},
      {"endpointslices.discovery.k8s.io", "Name AddressType Ports Endpoints Age",
       endpoint_slice_cells},
      {"ingresses.networking.k8s.io", "Name Class Hosts Address Ports Age", ingress_cells},
      {"ingressclasses.networking.k8s.io", "Name Controller Parameters Age", ingress_class_cells},
      {"networkpolicies.networking.k8s.io", "Name Pod-Selector Age", network_policy_cells},
  };
  return rows;
}

}  // namespace skerry::standalone

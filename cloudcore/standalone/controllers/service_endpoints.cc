#include "cloudcore/standalone/controllers/service_endpoints.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

bool is_leaving(const json& pod) {
  return fields::object(pod, "metadata").contains("deletionTimestamp");
}

bool has_ended(const json& pod) {
  const std::string phase = fields::text(fields::object(pod, "status"), "phase");
  return phase == "Succeeded" || phase == "Failed";
}

bool takes_not_ready(const json& service) {
  return fields::flag(fields::object(service, "spec"), "publishNotReadyAddresses");
}

bool is_v6(const std::string& ip) { return ip.find(':') != std::string::npos; }

std::string address_of(const json& pod, const std::string& family) {
  const json& status = fields::object(pod, "status");
  std::vector<std::string> all;
  for (const json& each : fields::list(status, "podIPs")) all.push_back(fields::text(each, "ip"));
  if (all.empty()) all.push_back(fields::text(status, "podIP"));
  for (const std::string& each : all) {
    if (!each.empty() && is_v6(each) == (family == "IPv6")) return each;
  }
  return {};
}

std::vector<std::string> families_of(const json& service) {
  std::vector<std::string> out = fields::texts(fields::object(service, "spec"), "ipFamilies");
  if (out.empty()) {
    const std::string ip = fields::text(fields::object(service, "spec"), "clusterIP");
    out.push_back(is_v6(ip) ? "IPv6" : "IPv4");
  }
  return out;
}

std::optional<std::int64_t> named_port(const json& pod,
                                       const std::string& name,
                                       const std::string& protocol) {
  const json& spec = fields::object(pod, "spec");
  for (const char* list : {"containers", "initContainers"}) {
    for (const json& container : fields::list(spec, list)) {
      const bool sidecar = fields::text(container, "restartPolicy") == "Always";
      if (std::string_view(list) == "initContainers" && !sidecar) continue;
      for (const json& port : fields::list(container, "ports")) {
        if (fields::text(port, "name") != name) continue;
        if (fields::text(port, "protocol", "TCP") != protocol) continue;
        return fields::number(port, "containerPort");
      }
    }
  }
  return std::nullopt;
}

/// Of one Service port on one Pod; nothing: the Pod has no port of that name.
std::optional<std::int64_t> target_of(const json& port, const json& pod) {
  const json& target = fields::at(port, "targetPort");
  if (target.is_string()) {
    return named_port(pod, target.get<std::string>(), fields::text(port, "protocol", "TCP"));
  }
  if (target.is_number_integer() && target != 0) return target.get<std::int64_t>();
  return fields::number(port, "port");
}

enum class Form { kEndpoints, kSlice };

json ports_of(const json& service, const json& pod, Form form) {
  json out = json::array();
  for (const json& each : fields::list(fields::object(service, "spec"), "ports")) {
    const auto target = target_of(each, pod);
    if (!target) continue;
    json port = {{"port", *target}, {"protocol", fields::text(each, "protocol", "TCP")}};
    const std::string name = fields::text(each, "name");
    if (form == Form::kSlice || !name.empty()) port["name"] = name;
    if (each.contains("appProtocol")) port["appProtocol"] = each["appProtocol"];
    out.push_back(std::move(port));
  }
  return out;
}

json reference_to(const json& pod) {
  const json& metadata = fields::object(pod, "metadata");
  return {{"kind", "Pod"},
          {"name", fields::text(metadata, "name")},
          {"namespace", fields::text(metadata, "namespace")},
          {"uid", fields::text(metadata, "uid")}};
}

/// The name under which DNS finds this Pod below the Service; empty: it asked for none.
std::string host_name_of(const json& service, const json& pod) {
  const json& spec = fields::object(pod, "spec");
  const bool below =
      fields::text(spec, "subdomain") == fields::text(fields::object(service, "metadata"), "name");
  return below ? fields::text(spec, "hostname") : std::string();
}

json slice_endpoint(const json& service,
                    const json& pod,
                    const std::string& address,
                    const ZoneOf& zone_of) {
  const bool serving = is_ready(pod);
  const bool leaving = is_leaving(pod);
  const bool ready = takes_not_ready(service) || (serving && !leaving);
  json out = {{"addresses", json::array({address})},
              {"conditions", {{"ready", ready}, {"serving", serving}, {"terminating", leaving}}},
              {"targetRef", reference_to(pod)}};
  const std::string node = fields::text(fields::object(pod, "spec"), "nodeName");
  if (!node.empty()) out["nodeName"] = node;
  if (const std::string zone = zone_of(node); !zone.empty()) out["zone"] = zone;
  if (const std::string name = host_name_of(service, pod); !name.empty()) out["hostname"] = name;
  return out;
}

json by_ip(json addresses) {
  std::sort(addresses.begin(), addresses.end(), [](const json& a, const json& b) {
    return fields::text(a, "ip") < fields::text(b, "ip");
  });
  return addresses;
}

}  // namespace

bool is_headless(const json& service) {
  return fields::text(fields::object(service, "spec"), "clusterIP") == "None";
}

// ---- Endpoints ----------------------------------------------------------------------------------

json endpoint_subsets(const json& service, const std::vector<json>& pods) {
  const std::string family = families_of(service).front();
  const bool any_ports = !fields::list(fields::object(service, "spec"), "ports").empty();
  std::map<std::string, json> by_ports;
  for (const json& pod : pods) {
    const std::string ip = address_of(pod, family);
    if (ip.empty() || has_ended(pod)) continue;
    if (is_leaving(pod) && !takes_not_ready(service)) continue;
    json ports = ports_of(service, pod, Form::kEndpoints);
    if (any_ports && ports.empty()) continue;
    json address = {{"ip", ip}, {"targetRef", reference_to(pod)}};
    const std::string node = fields::text(fields::object(pod, "spec"), "nodeName");
    if (!node.empty()) address["nodeName"] = node;
    if (const std::string name = host_name_of(service, pod); !name.empty()) {
      address["hostname"] = name;
    }
    json& subset = by_ports[ports.dump()];
    if (!ports.empty()) subset["ports"] = std::move(ports);
    const bool ready = is_ready(pod) || takes_not_ready(service);
    subset[ready ? "addresses" : "notReadyAddresses"].push_back(std::move(address));
  }
  json out = json::array();
  for (auto& [ports, subset] : by_ports) {
    for (const char* list : {"addresses", "notReadyAddresses"}) {
      if (subset.contains(list)) subset[list] = by_ip(std::move(subset[list]));
    }
    out.push_back(std::move(subset));
  }
  return out;
}

bool truncate_subsets(json& subsets) {
  std::size_t left = kEndpointsAddressesMax;
  bool cut = false;
  for (const char* list : {"addresses", "notReadyAddresses"}) {
    for (json& subset : subsets) {
      if (!subset.contains(list)) continue;
      json& all = subset[list];
      if (all.size() > left) {
        cut = true;
        all.erase(all.begin() + static_cast<std::ptrdiff_t>(left), all.end());
      }
      left -= all.size();
      if (all.empty()) subset.erase(list);
    }
  }
  json kept = json::array();
  for (json& subset : subsets) {
    if (subset.contains("addresses") || subset.contains("notReadyAddresses")) {
      kept.push_back(std::move(subset));
    }
  }
  subsets = std::move(kept);
  return cut;
}

// ---- EndpointSlices -----------------------------------------------------------------------------

std::vector<EndpointGroup> endpoint_groups(const json& service,
                                           const std::vector<json>& pods,
                                           const ZoneOf& zone_of) {
  std::vector<EndpointGroup> out;
  for (const std::string& family : families_of(service)) {
    std::map<std::string, EndpointGroup> groups;
    for (const json& pod : pods) {
      const std::string ip = address_of(pod, family);
      if (ip.empty() || has_ended(pod)) continue;
      json ports = ports_of(service, pod, Form::kSlice);
      if (ports.empty()) ports = nullptr;
      EndpointGroup& group = groups[ports.dump()];
      group.address_type = family;
      group.ports = std::move(ports);
      group.endpoints.push_back(slice_endpoint(service, pod, ip, zone_of));
    }
    // One without endpoints says that the Service is known, and has none.
    if (groups.empty()) out.push_back(EndpointGroup{family, nullptr, {}});
    for (auto& [ports, group] : groups) out.push_back(std::move(group));
  }
  return out;
}

std::vector<EndpointGroup> mirrored_groups(const json& endpoints) {
  std::map<std::string, EndpointGroup> groups;
  for (const json& subset : fields::list(endpoints, "subsets")) {
    json ports = json::array();
    for (json port : fields::list(subset, "ports")) {
      if (!port.contains("name")) port["name"] = "";
      ports.push_back(std::move(port));
    }
    if (ports.empty()) ports = nullptr;
    for (const bool ready : {true, false}) {
      for (const json& each : fields::list(subset, ready ? "addresses" : "notReadyAddresses")) {
        const std::string ip = fields::text(each, "ip");
        json one = {{"addresses", json::array({ip})}, {"conditions", {{"ready", ready}}}};
        for (const char* field : {"hostname", "nodeName", "targetRef"}) {
          if (each.contains(field)) one[field] = each[field];
        }
        const std::string family = is_v6(ip) ? "IPv6" : "IPv4";
        EndpointGroup& group = groups[family + ports.dump()];
        group.address_type = family;
        group.ports = ports;
        group.endpoints.push_back(std::move(one));
      }
    }
  }
  std::vector<EndpointGroup> out;
  for (auto& [key, group] : groups) out.push_back(std::move(group));
  return out;
}

namespace {

/// The same endpoint, whatever its conditions are now.
std::string identity_of(const json& endpoint) {
  return fields::list(endpoint, "addresses").dump() +
         fields::text(fields::object(endpoint, "targetRef"), "uid");
}

/// Ports without the order of their members.
std::string group_of(const json& slice) {
  json ports = json::array();
  for (json each : fields::list(slice, "ports")) {
    if (!each.contains("name")) each["name"] = "";
    ports.push_back(std::move(each));
  }
  return fields::text(slice, "addressType") + ports.dump();
}

std::string group_of(const EndpointGroup& group) {
  const json slice = {{"addressType", group.address_type}, {"ports", group.ports}};
  return group_of(slice);
}

json new_slice(const EndpointGroup& group, json endpoints) {
  return {{"addressType", group.address_type},
          {"ports", group.ports},
          {"endpoints", std::move(endpoints)}};
}

using Wanted = std::map<std::string, const json*>;  // what no slice holds yet

/// Takes from `wanted` what the slice holds already. Whether the slice changes.
bool refresh(json& slice, Wanted& wanted) {
  json kept = json::array();
  for (const json& each : fields::list(slice, "endpoints")) {
    const auto found = wanted.find(identity_of(each));
    if (found == wanted.end()) continue;
    kept.push_back(*found->second);
    wanted.erase(found);
  }
  const bool changed = kept != fields::list(slice, "endpoints");
  slice["endpoints"] = std::move(kept);
  return changed;
}

/// In the group's order.
void fill(json& slice, const EndpointGroup& group, Wanted& wanted) {
  for (const json& each : group.endpoints) {
    if (wanted.empty() || slice["endpoints"].size() >= kSliceEndpointsMax) return;
    if (wanted.erase(identity_of(each)) > 0) slice["endpoints"].push_back(each);
  }
}

void plan_group(const EndpointGroup& group, std::vector<json> slices, SlicePlan& plan) {
  Wanted wanted;
  for (const json& each : group.endpoints) wanted.emplace(identity_of(each), &each);
  const bool placeholder = group.endpoints.empty();
  std::vector<bool> changed;
  for (json& each : slices) changed.push_back(refresh(each, wanted));
  // First those that change anyway, then any with room.
  for (const bool touched : {true, false}) {
    for (std::size_t i = 0; i < slices.size(); ++i) {
      if (changed[i] != touched || wanted.empty()) continue;
      const std::size_t before = slices[i]["endpoints"].size();
      fill(slices[i], group, wanted);
      changed[i] = changed[i] || slices[i]["endpoints"].size() != before;
    }
  }
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const bool needed = !slices[i]["endpoints"].empty() || (placeholder && i == 0);
    if (!needed) {
      plan.remove.push_back(std::move(slices[i]));
    } else if (changed[i]) {
      plan.update.push_back(std::move(slices[i]));
    }
  }
  if (placeholder && slices.empty()) plan.create.push_back(new_slice(group, json::array()));
  while (!wanted.empty()) {
    json slice = new_slice(group, json::array());
    fill(slice, group, wanted);
    plan.create.push_back(std::move(slice));
  }
}

}  // namespace

SlicePlan plan_slices(const std::vector<json>& slices, std::vector<EndpointGroup> groups) {
  std::map<std::string, std::vector<json>> there;
  for (const json& each : slices) there[group_of(each)].push_back(each);
  SlicePlan plan;
  for (const EndpointGroup& group : groups) {
    const auto found = there.find(group_of(group));
    std::vector<json> own;
    if (found != there.end()) {
      own = std::move(found->second);
      there.erase(found);
    }
    plan_group(group, std::move(own), plan);
  }
  for (auto& [key, left] : there) {
    for (json& each : left) plan.remove.push_back(std::move(each));
  }
  return plan;
}

}  // namespace skerry::standalone

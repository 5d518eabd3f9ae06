// Kinds of the core group, and events.
#include <algorithm>
#include <set>

#include "cloudcore/standalone/printing/cells.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

Cells namespace_cells(const json& object, WallTime now) {
  return {cell::name(object), fields::text(cell::status(object), "phase"), cell::age(object, now)};
}

Cells config_map_cells(const json& object, WallTime now) {
  const auto entries =
      fields::object(object, "data").size() + fields::object(object, "binaryData").size();
  return {cell::name(object), entries, cell::age(object, now)};
}

Cells secret_cells(const json& object, WallTime now) {
  return {cell::name(object), fields::text(object, "type"), fields::object(object, "data").size(),
          cell::age(object, now)};
}

Cells service_account_cells(const json& object, WallTime now) {
  return {cell::name(object), fields::list(object, "secrets").size(), cell::age(object, now)};
}

// ---- nodes --------------------------------------------------------------------------------------

std::string node_status(const json& node) {
  const std::string ready = cell::condition(node, "Ready");
  std::string out = ready.empty() ? "Unknown" : ready == "True" ? "Ready" : "NotReady";
  if (fields::flag(cell::spec(node), "unschedulable")) out += ",SchedulingDisabled";
  return out;
}

std::string node_roles(const json& node) {
  constexpr std::string_view kPrefix = "node-role.kubernetes.io/";
  std::set<std::string> roles;
  for (const auto& [key, value] : fields::text_map(cell::metadata(node), "labels")) {
    if (key.starts_with(kPrefix) && key.size() > kPrefix.size()) {
      roles.insert(key.substr(kPrefix.size()));
    }
    if (key == "kubernetes.io/role" && !value.empty()) roles.insert(value);
  }
  return cell::or_none(cell::joined({roles.begin(), roles.end()}));
}

std::string node_address(const json& node, std::string_view type) {
  for (const json& each : fields::list(cell::status(node), "addresses")) {
    if (fields::text(each, "type") == type) return fields::text(each, "address");
  }
  return "<none>";
}

std::string or_unknown(std::string text) { return text.empty() ? "<unknown>" : text; }

Cells node_cells(const json& node, WallTime now) {
  const json& info = fields::object(cell::status(node), "nodeInfo");
  return {cell::name(node),
          node_status(node),
          node_roles(node),
          cell::age(node, now),
          fields::text(info, "kubeletVersion"),
          node_address(node, "InternalIP"),
          node_address(node, "ExternalIP"),
          or_unknown(fields::text(info, "osImage")),
          or_unknown(fields::text(info, "kernelVersion")),
          or_unknown(fields::text(info, "containerRuntimeVersion"))};
}

// ---- events -------------------------------------------------------------------------------------

/// The member by its name in v1, or in events.k8s.io/v1.
std::string either(const json& event, std::string_view core, std::string_view events) {
  const std::string text = fields::text(event, core);
  return text.empty() ? fields::text(event, events) : text;
}

std::string event_source(const json& event) {
  json source = fields::object(event, "source");
  if (source.empty()) source = fields::object(event, "deprecatedSource");
  std::string component = fields::text(source, "component");
  if (component.empty()) component = either(event, "reportingComponent", "reportingController");
  std::string instance = fields::text(source, "host");
  if (instance.empty()) instance = fields::text(event, "reportingInstance");
  return instance.empty() ? component : component + ", " + instance;
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

std::string trimmed(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

Cells event_cells(const json& event, WallTime now) {
  std::string first = either(event, "firstTimestamp", "deprecatedFirstTimestamp");
  if (first.empty()) first = fields::text(event, "eventTime");
  std::string last = either(event, "lastTimestamp", "deprecatedLastTimestamp");
  if (last.empty()) last = first;
  std::int64_t count = std::max(cell::count(event, "count"), cell::count(event, "deprecatedCount"));
  const json& series = fields::at(event, "series");
  if (series.is_object()) {
    last = fields::text(series, "lastObservedTime");
    count = cell::count(series, "count");
  } else if (count == 0) {
    count = 1;
  }
  json about = fields::object(event, "involvedObject");
  if (about.empty()) about = fields::object(event, "regarding");
  std::string target = lower(fields::text(about, "kind"));
  const std::string about_name = fields::text(about, "name");
  if (!about_name.empty()) target += "/" + about_name;
  return {human_age(last, now),
          fields::text(event, "type"),
          fields::text(event, "reason"),
          target,
          fields::text(about, "fieldPath"),
          event_source(event),
          trimmed(either(event, "message", "note")),
          human_age(first, now),
          count,
          cell::name(event)};
}

}  // namespace

const std::vector<KindPrinter>& core_printers() {
  static const std::vector<KindPrinter> rows = {
      {"pods", "Name Ready Status Restarts Age | IP Node Nominated_Node Readiness_Gates",
       pod_cells},
      {"nodes",
       "Name Status Roles Age Version | Internal-IP External-IP OS-Image Kernel-Version "
       "Container-Runtime",
       node_cells},
      {"namespaces", "Name Status Age", namespace_cells},
      {"configmaps", "Name Data Age", config_map_cells},
      {"secrets", "Name Type Data Age", secret_cells},
      {"serviceaccounts", "Name Secrets Age", service_account_cells},
      {"events",
       "Last_Seen Type Reason Object | Subobject Source / Message | First_Seen Count Name",
       event_cells},
  };
  return rows;
}

}  // namespace skerry::standalone

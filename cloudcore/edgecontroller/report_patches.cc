#include "cloudcore/edgecontroller/report_patches.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "common/base/hash.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::edgecontroller {
namespace {

namespace fields = k8s::fields;
using fields::Json;

// What a kubelet writes into PodStatus and NodeStatus (kubelet/status, kubelet/nodestatus).
constexpr std::array kPodFields = {"phase",
                                   "reason",
                                   "message",
                                   "hostIP",
                                   "hostIPs",
                                   "podIP",
                                   "podIPs",
                                   "startTime",
                                   "qosClass",
                                   "initContainerStatuses",
                                   "containerStatuses"};
constexpr std::array kPodConditions = {"PodReadyToStartContainers", "Initialized",
                                       "ContainersReady", "Ready"};
constexpr std::array kNodeFields = {"addresses", "capacity",        "allocatable",
                                    "nodeInfo",  "daemonEndpoints", "images"};
constexpr std::array kNodeConditions = {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"};
// All that a condition has; `$patch` beside them would be a directive to the API server.
constexpr std::array kConditionFields = {"type",          "status",
                                         "reason",        "message",
                                         "lastProbeTime", "lastTransitionTime",
                                         "lastHeartbeatTime", "observedGeneration"};
// Labels a kubelet sets at registration, and KubeEdge's (features users select edge nodes by).
constexpr std::array kOwnLabels = {"kubernetes.io/hostname",       "kubernetes.io/os",
                                   "kubernetes.io/arch",           "beta.kubernetes.io/os",
                                   "beta.kubernetes.io/arch",      "node-role.kubernetes.io/edge",
                                   "node-role.kubernetes.io/agent"};
// Lists with a merge key: without this directive an address that is gone would stay for ever.
const Json kReplaceList = {{"$patch", "replace"}};
constexpr std::array kMergedLists = {"podIPs", "hostIPs", "addresses"};

template <std::size_t N>
bool is_in(const std::array<const char*, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

template <std::size_t N>
Json owned_conditions(const Json& status, const std::array<const char*, N>& types) {
  Json out = Json::array();
  for (const Json& reported : fields::list(status, "conditions")) {
    if (!is_in(types, fields::text(reported, "type"))) continue;
    // Merged by type: a reason that is no longer given would stay beside the new status.
    Json condition = {{"reason", nullptr}, {"message", nullptr}};
    for (const char* field : kConditionFields) {
      if (const auto found = reported.find(field); found != reported.end())
        condition[field] = *found;
    }
    out.push_back(std::move(condition));
  }
  return out;
}

template <std::size_t N>
Json owned_fields(const Json& status, const std::array<const char*, N>& fields) {
  Json out = Json::object();
  for (const char* field : fields) {
    const auto found = status.find(field);
    if (found == status.end()) {
      out[field] = nullptr;
      continue;
    }
    out[field] = *found;
    if (is_in(kMergedLists, field) && found->is_array()) out[field].push_back(kReplaceList);
  }
  return out;
}

Result<Json> parse_object(std::string_view body) {
  Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return fail(Code::kMalformed, "report body is not a JSON object");
  return json;
}

Json registration_labels(const Json& registration,
                         const NodeName& node,
                         const std::map<std::string, std::string>& labels) {
  Json out = Json::object();
  const Json& offered = fields::object(fields::at(registration, "metadata"), "labels");
  for (const char* own : kOwnLabels) {
    if (offered.contains(own) && offered[own].is_string()) out[own] = offered[own];
  }
  out["node-role.kubernetes.io/edge"] = "";
  if (!out.contains("kubernetes.io/hostname")) out["kubernetes.io/hostname"] = node.str();
  for (const auto& [key, value] : labels) {
    if (is_label_allowed(key)) out[key] = value;
  }
  return out;
}

std::string event_name(std::string_view about, std::string_view salt) {
  return std::string(about.substr(0, 200)) + "." + digest(salt).hex().substr(0, 16);
}

}  // namespace

Result<std::string> pod_status_patch(const Uid& uid, std::string_view body) {
  const Result<Json> status = parse_object(body);
  if (!status) return fail(status.error());
  Json patch = {{"metadata", {{"uid", uid.str()}}}, {"status", owned_fields(*status, kPodFields)}};
  // Never null: the API keeps conditions of other owners (PodScheduled, DisruptionTarget) in this
  // list.
  patch["status"]["conditions"] = owned_conditions(*status, kPodConditions);
  return patch.dump();
}

Result<NodeReport> node_report(const NodeName& node,
                               std::string_view body,
                               const std::map<std::string, std::string>& labels,
                               WallTime now) {
  const Result<Json> report = parse_object(body);
  if (!report) return fail(report.error());
  if (!report->contains("status")) return fail(Code::kMalformed, "node report without a status");
  const Json& status = fields::object(*report, "status");

  Json patched = owned_fields(status, kNodeFields);
  patched["conditions"] = owned_conditions(status, kNodeConditions);
  for (Json& condition : patched["conditions"]) {
    condition["lastHeartbeatTime"] = k8s::format_time(now);
  }
  NodeReport out;
  out.status_patch = Json{{"status", patched}}.dump();

  const auto registration = report->find("registration");
  if (registration != report->end() && registration->is_object()) {
    const Json created = {
        {"apiVersion", "v1"},
        {"kind", "Node"},
        {"metadata",
         {{"name", node.str()}, {"labels", registration_labels(*registration, node, labels)}}},
        {"spec", {{"providerID", "skerry://" + node.str()}}}};
    out.registration = created.dump();
  }
  return out;
}

Result<std::string> event_object(const NodeName& node,
                                 const StoreId& store,
                                 const lane::Report& report,
                                 WallTime time) {
  const Result<Json> body = parse_object(report.body);
  if (!body) return fail(body.error());
  const bool about_node = report.key.kind == k8s::Kind::kNode;
  const std::string ns = about_node ? "default" : report.key.ns;
  const std::string now = k8s::format_time(time);
  Json event = {{"apiVersion", "v1"}, {"kind", "Event"}};
  event["metadata"] = {
      {"namespace", ns},
      {"name",
       event_name(report.key.name, store.str() + "/" + std::to_string(report.seq.value()))}};
  event["involvedObject"] = {{"apiVersion", "v1"},
                             {"kind", k8s::info(report.key.kind).kind_name},
                             {"name", report.key.name},
                             {"uid", about_node ? report.key.name : report.uid.str()}};
  if (!about_node) event["involvedObject"]["namespace"] = ns;
  const std::string field_path = fields::text(*body, "fieldPath");
  if (!field_path.empty()) event["involvedObject"]["fieldPath"] = field_path;
  event["type"] = fields::text(*body, "type") == "Warning" ? "Warning" : "Normal";
  event["reason"] = fields::text(*body, "reason", "Unknown").substr(0, 128);
  event["message"] = fields::text(*body, "message").substr(0, 1024);
  event["count"] = std::max<std::int64_t>(1, fields::number(*body, "count").value_or(1));
  event["firstTimestamp"] = fields::text(*body, "firstTimestamp", now);
  event["lastTimestamp"] = fields::text(*body, "lastTimestamp", now);
  event["source"] = {{"component", "edgecore"}, {"host", node.str()}};
  event["reportingComponent"] = "edgecore";
  event["reportingInstance"] = node.str();
  return event.dump();
}

std::string controller_event(const k8s::ObjectKey& about,
                             const Uid& uid,
                             std::string_view reason,
                             std::string_view message,
                             WallTime now) {
  const k8s::KindInfo& kind = k8s::info(about.kind);
  const std::string ns = about.ns.empty() ? "default" : about.ns;
  const std::string salt = uid.str() + std::string(reason) + std::string(message);
  Json event = {{"apiVersion", "v1"}, {"kind", "Event"}};
  event["metadata"] = {{"namespace", ns}, {"name", event_name(about.name, salt)}};
  event["involvedObject"] = {{"apiVersion", kind.api_version},
                             {"kind", kind.kind_name},
                             {"name", about.name},
                             {"uid", uid.str()}};
  if (!about.ns.empty()) event["involvedObject"]["namespace"] = ns;
  event["type"] = "Warning";
  event["reason"] = reason;
  event["message"] = message;
  event["count"] = 1;
  event["firstTimestamp"] = event["lastTimestamp"] = k8s::format_time(now);
  event["source"] = {{"component", "cloudcore"}};
  event["reportingComponent"] = "cloudcore";
  event["reportingInstance"] = "cloudcore";
  return event.dump();
}

bool is_label_allowed(std::string_view label) {
  const auto slash = label.find('/');
  if (slash == std::string_view::npos) return !label.empty();
  const std::string_view domain = label.substr(0, slash);
  const auto within = [&](std::string_view suffix) {
    return domain == suffix || (domain.size() > suffix.size() && domain.ends_with(suffix) &&
                                domain[domain.size() - suffix.size() - 1] == '.');
  };
  if (domain == "node-role.kubernetes.io" || domain == "topology.kubernetes.io") return true;
  return !within("kubernetes.io") && !within("k8s.io");
}

}  // namespace skerry::edgecontroller

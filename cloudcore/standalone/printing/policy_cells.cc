// Everything that neither runs pods nor moves their traffic or data: access, policy, scaling,
// leases.
#include "cloudcore/standalone/printing/cells.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

Cells role_binding_cells(const json& object, WallTime now) {
  std::vector<std::string> users;
  std::vector<std::string> groups;
  std::vector<std::string> accounts;
  for (const json& each : fields::list(object, "subjects")) {
    const std::string kind = fields::text(each, "kind");
    const std::string name = fields::text(each, "name");
    if (kind == "User") users.push_back(name);
    if (kind == "Group") groups.push_back(name);
    if (kind == "ServiceAccount") accounts.push_back(fields::text(each, "namespace") + "/" + name);
  }
  const json& role = fields::object(object, "roleRef");
  return {cell::name(object),         fields::text(role, "kind") + "/" + fields::text(role, "name"),
          cell::age(object, now),     cell::joined(users, ", "),
          cell::joined(groups, ", "), cell::joined(accounts, ", ")};
}

Cells disruption_budget_cells(const json& object, WallTime now) {
  const json& spec = cell::spec(object);
  const auto or_not = [&](const char* key) {
    const std::string text = fields::text_or_number(fields::at(spec, key));
    return text.empty() ? "N/A" : text;
  };
  return {cell::name(object), or_not("minAvailable"), or_not("maxUnavailable"),
          cell::count(cell::status(object), "disruptionsAllowed"), cell::age(object, now)};
}

Cells lease_cells(const json& object, WallTime now) {
  return {cell::name(object), fields::text(cell::spec(object), "holderIdentity"),
          cell::age(object, now)};
}

Cells priority_class_cells(const json& object, WallTime now) {
  return {cell::name(object), cell::count(object, "value"), fields::flag(object, "globalDefault"),
          cell::age(object, now), fields::text(object, "preemptionPolicy")};
}

Cells runtime_class_cells(const json& object, WallTime now) {
  return {cell::name(object), fields::text(object, "handler"), cell::age(object, now)};
}

Cells api_service_cells(const json& object, WallTime now) {
  const json& service = fields::at(cell::spec(object), "service");
  std::string available = "Unknown";
  for (const json& each : fields::list(cell::status(object), "conditions")) {
    if (fields::text(each, "type") != "Available") continue;
    available = fields::text(each, "status");
    if (available != "True") available += " (" + fields::text(each, "reason") + ")";
  }
  return {cell::name(object),
          service.is_object()
              ? fields::text(service, "namespace") + "/" + fields::text(service, "name")
              : "Local",
          available, cell::age(object, now)};
}

std::string request_word(const json& request) {
  const auto has = [&](const char* type) { return !cell::condition(request, type).empty(); };
  std::string out = has("Denied") ? "Denied" : has("Approved") ? "Approved" : "Pending";
  if (has("Failed")) out += ",Failed";
  if (!fields::text(cell::status(request), "certificate").empty()) out += ",Issued";
  return out;
}

Cells certificate_request_cells(const json& object, WallTime now) {
  const json& spec = cell::spec(object);
  const auto seconds = fields::number(spec, "expirationSeconds");
  return {cell::name(object),
          cell::age(object, now),
          cell::or_none(fields::text(spec, "signerName")),
          fields::text(spec, "username"),
          seconds ? human_duration(std::chrono::seconds(*seconds)) : "<none>",
          request_word(object)};
}

}  // namespace

const std::vector<KindPrinter>& policy_printers() {
  constexpr std::string_view kBinding = "Name Role Age | Users Groups ServiceAccounts";
  static const std::vector<KindPrinter> rows = {
      {"rolebindings.rbac.authorization.k8s.io", kBinding, role_binding_cells},
      {"clusterrolebindings.rbac.authorization.k8s.io", kBinding, role_binding_cells},
      {"poddisruptionbudgets.policy",
       "Name Min_Available Max_Unavailable Allowed_Disruptions:integer Age",
       disruption_budget_cells},
      {"leases.coordination.k8s.io", "Name Holder Age", lease_cells},
      {"priorityclasses.scheduling.k8s.io",
       "Name Value:integer Global-Default:boolean Age PreemptionPolicy", priority_class_cells},
      {"runtimeclasses.node.k8s.io", "Name Handler Age", runtime_class_cells},
      {"apiservices.apiregistration.k8s.io", "Name Service Available Age", api_service_cells},
      {"certificatesigningrequests.certificates.k8s.io",
       "Name Age SignerName Requestor RequestedDuration Condition", certificate_request_cells},
  };
  return rows;
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/custom_resources/definition_status.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

struct Condition {
  const char* type;
  bool holds;
  std::string reason;
  std::string message;
};

void set_condition(json& conditions, const Condition& wanted, WallTime now) {
  const char* status = wanted.holds ? "True" : "False";
  auto found = std::ranges::find_if(
      conditions, [&](const json& each) { return fields::text(each, "type") == wanted.type; });
  if (found == conditions.end()) {
    conditions.push_back({{"type", wanted.type}});
    found = conditions.end() - 1;
  }
  if (fields::text(*found, "status") != status) {
    (*found)["lastTransitionTime"] = k8s::format_time(now);
  }
  (*found)["status"] = status;
  (*found)["reason"] = wanted.reason;
  (*found)["message"] = wanted.message;
}

/// What the others of the group have taken already.
struct Taken {
  std::set<std::string> resources;  // plurals, singulars, short names
  std::set<std::string> kinds;      // kinds and list kinds
};

Taken taken_by(const std::vector<json>& others, const std::string& group) {
  Taken out;
  for (const json& each : others) {
    if (fields::text(fields::object(each, "spec"), "group") != group) continue;
    const json& names = fields::object(fields::object(each, "status"), "acceptedNames");
    for (const char* name : {"plural", "singular"}) out.resources.insert(fields::text(names, name));
    for (const std::string& name : fields::texts(names, "shortNames")) out.resources.insert(name);
    for (const char* name : {"kind", "listKind"}) out.kinds.insert(fields::text(names, name));
  }
  out.resources.erase("");
  out.kinds.erase("");
  return out;
}

/// The names that are wished for, as far as they are free; the last conflict is told.
class Naming {
 public:
  Naming(const json& wanted, json accepted, Taken taken)
      : wanted_(wanted), accepted(std::move(accepted)), taken_(std::move(taken)) {}

  void decide() {
    one("plural", taken_.resources, "PluralConflict");
    one("singular", taken_.resources, "SingularConflict");
    short_names();
    one("kind", taken_.kinds, "KindConflict");
    one("listKind", taken_.kinds, "ListKindConflict");
    put("categories");
  }

  Condition condition{"NamesAccepted", true, "NoConflicts", "no conflicts found"};

 private:
  void one(const char* name, const std::set<std::string>& taken, const char* reason) {
    const std::string text = fields::text(wanted_, name);
    if (text == fields::text(accepted, name)) return;
    if (taken.contains(text)) return conflict(reason, in_use(text));
    put(name);
  }

  void short_names() {
    const std::vector<std::string> held = fields::texts(accepted, "shortNames");
    std::string all;
    std::size_t count = 0;
    for (const std::string& each : fields::texts(wanted_, "shortNames")) {
      if (std::ranges::find(held, each) != held.end() || !taken_.resources.contains(each)) continue;
      all += (count++ == 0 ? "" : ", ") + in_use(each);
    }
    if (count > 0) return conflict("ShortNamesConflict", count == 1 ? all : "[" + all + "]");
    put("shortNames");
  }

  static std::string in_use(const std::string& name) {
    return "\"" + name + "\" is already in use";
  }

  void conflict(const char* reason, std::string message) {
    condition.holds = false;
    condition.reason = reason;
    condition.message = std::move(message);
  }

  void put(const char* name) {
    if (wanted_.contains(name)) {
      accepted[name] = wanted_[name];
    } else {
      accepted.erase(name);
    }
  }

  const json& wanted_;

 public:
  json accepted;

 private:
  Taken taken_;
};

/// A group of Kubernetes' own needs somebody's approval; the definition carries it.
void set_approval(json& conditions, const json& definition, WallTime now) {
  const std::string group = fields::text(fields::object(definition, "spec"), "group");
  if (!group.ends_with(".k8s.io") && !group.ends_with(".kubernetes.io")) return;
  const json& annotations = fields::object(fields::object(definition, "metadata"), "annotations");
  const std::string value = fields::text(annotations, "api-approved.kubernetes.io");
  const bool approved = value.starts_with("https://");
  set_condition(conditions,
                {"KubernetesAPIApprovalPolicyConformant", approved,
                 approved ? "ApprovedAnnotation" : "UnapprovedAnnotation",
                 approved ? "approved in " + value : "not approved: \"" + value + "\""},
                now);
}

}  // namespace

bool has_condition(const json& definition, std::string_view type) {
  const json& status = fields::object(definition, "status");
  return std::ranges::any_of(fields::list(status, "conditions"), [&](const json& each) {
    return fields::text(each, "type") == type && fields::text(each, "status") == "True";
  });
}

json next_status(const json& definition, const std::vector<json>& others, WallTime now) {
  const json& spec = fields::object(definition, "spec");
  json status = fields::object(definition, "status");
  Naming naming(fields::object(spec, "names"), fields::object(status, "acceptedNames"),
                taken_by(others, fields::text(spec, "group")));
  naming.decide();
  json conditions = fields::list(status, "conditions");
  set_condition(conditions, naming.condition, now);
  if (!has_condition(definition, "Established")) {
    const bool holds = naming.condition.holds;
    set_condition(conditions,
                  {"Established", holds, holds ? "InitialNamesAccepted" : "NotAccepted",
                   holds ? "the initial names have been accepted" : "not all names are accepted"},
                  now);
  }
  set_approval(conditions, definition, now);
  status["conditions"] = std::move(conditions);
  status["acceptedNames"] = std::move(naming.accepted);
  return status;
}

}  // namespace skerry::standalone

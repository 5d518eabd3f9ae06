#include "cloudcore/standalone/controllers/node_match.h"

#include <algorithm>

#include "common/k8s/json_fields.h"
#include "common/k8s/selector.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

bool term_matches(const json& term, const json& node) {
  const json& expressions = fields::list(term, "matchExpressions");
  const json& by_field = fields::list(term, "matchFields");
  if (expressions.empty() && by_field.empty()) return false;
  const json& metadata = fields::object(node, "metadata");
  const auto labels = k8s::LabelSelector::from_object({{"matchExpressions", expressions}});
  if (!labels || !labels->matches(fields::text_map(metadata, "labels"))) return false;
  const auto named = k8s::LabelSelector::from_object({{"matchExpressions", by_field}});
  return named && named->matches({{"metadata.name", fields::text(metadata, "name")}});
}

}  // namespace

bool tolerates(const json& toleration, const json& taint) {
  const std::string effect = fields::text(toleration, "effect");
  if (!effect.empty() && effect != fields::text(taint, "effect")) return false;
  const std::string key = fields::text(toleration, "key");
  const bool exists = fields::text(toleration, "operator") == "Exists";
  if (key.empty()) return exists;
  if (key != fields::text(taint, "key")) return false;
  return exists || fields::text(toleration, "value") == fields::text(taint, "value");
}

bool tolerated(const json& tolerations, const json& taint) {
  return std::any_of(tolerations.begin(), tolerations.end(),
                     [&](const json& each) { return tolerates(each, taint); });
}

bool node_selected(const json& node, const json& pod_spec) {
  const auto simple =
      k8s::LabelSelector::from_object({{"matchLabels", fields::object(pod_spec, "nodeSelector")}});
  const json& metadata = fields::object(node, "metadata");
  if (!simple || !simple->matches(fields::text_map(metadata, "labels"))) return false;
  const json& affinity = fields::object(fields::object(pod_spec, "affinity"), "nodeAffinity");
  const json& required = fields::at(affinity, "requiredDuringSchedulingIgnoredDuringExecution");
  if (required.is_null()) return true;
  const json& terms = fields::list(required, "nodeSelectorTerms");
  return std::any_of(terms.begin(), terms.end(),
                     [&](const json& term) { return term_matches(term, node); });
}

}  // namespace skerry::standalone

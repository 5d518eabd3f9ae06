#include "cloudcore/standalone/kinds/template_rules.h"

#include "cloudcore/standalone/kinds/pod_template.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/selector.h"

namespace skerry::standalone {

using nlohmann::json;
namespace fields = k8s::fields;

bool check_own_selector(FieldChecks& checks, const json& spec, const std::string& kind) {
  const json& selector = fields::at(spec, "selector");
  if (!selector.is_object()) {
    checks.required("spec.selector");
    return true;
  }
  FieldChecks own;
  own.label_selector("spec.selector", selector);
  const bool usable = !own.any();
  checks.add(own.take());
  const bool empty = fields::object(selector, "matchLabels").empty() &&
                     fields::list(selector, "matchExpressions").empty();
  if (empty) {
    checks.invalid("spec.selector", selector, "empty selector is invalid for " + kind);
  }
  if (!usable) checks.invalid("spec.selector", selector, "invalid label selector");
  return usable;
}

void check_selector_matches(FieldChecks& checks, const json& spec) {
  const json& metadata = fields::object(fields::object(spec, "template"), "metadata");
  const auto selector = k8s::LabelSelector::from_object(fields::at(spec, "selector"));
  if (!selector || selector->everything()) return;
  if (selector->matches(fields::text_map(metadata, "labels"))) return;
  checks.invalid("spec.template.metadata.labels", fields::at(metadata, "labels"),
                 "`selector` does not match template `labels`");
}

void check_endless_template(FieldChecks& checks, const json& spec, const std::string& kind) {
  const json& pod_template = fields::object(spec, "template");
  checks.add(validate_pod_template(pod_template, "spec.template"));
  const json& pod = fields::object(pod_template, "spec");
  const std::string restarts = fields::text(pod, "restartPolicy", "Always");
  if (restarts != "Always") {
    checks.not_supported("spec.template.spec.restartPolicy", restarts, {"Always"});
  }
  if (fields::at(pod, "activeDeadlineSeconds").is_number()) {
    checks.forbidden("spec.template.spec.activeDeadlineSeconds",
                     "activeDeadlineSeconds in " + kind + " is not Supported");
  }
}

}  // namespace skerry::standalone

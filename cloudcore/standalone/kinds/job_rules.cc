#include "cloudcore/standalone/kinds/job_rules.h"

#include "cloudcore/standalone/kinds/path_rules.h"
#include "cloudcore/standalone/kinds/pod_template.h"
#include "cloudcore/standalone/kinds/template_rules.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::int64_t kIndexedMax = 100'000;  // parallelism, failed indexes
constexpr std::int64_t kManyMax = 10'000;      // the same, with more completions than kIndexedMax
constexpr std::size_t kManagedByBytesMax = 63;

std::string at_most(std::int64_t max) {
  return "must be less than or equal to " + std::to_string(max);
}

void check_indexed(FieldChecks& checks, const json& spec, const std::string& path) {
  const auto completions = fields::number(spec, "completions");
  const auto parallelism = fields::number(spec, "parallelism");
  const auto failed = fields::number(spec, "maxFailedIndexes");
  if (!completions) {
    checks.required(path + ".completions", "when completion mode is Indexed");
  }
  if (parallelism && *parallelism > kIndexedMax) {
    checks.invalid(path + ".parallelism", *parallelism,
                   at_most(kIndexedMax) + " when completion mode is Indexed");
  }
  if (completions && failed && *failed > *completions) {
    checks.invalid(path + ".maxFailedIndexes", *failed,
                   "must be less than or equal to completions");
  }
  if (failed && *failed > kIndexedMax) {
    checks.invalid(path + ".maxFailedIndexes", *failed, at_most(kIndexedMax));
  }
  const bool many = completions && *completions > kIndexedMax;
  if (!many || !spec.contains("backoffLimitPerIndex")) return;
  const std::string when = " when completions are above " + std::to_string(kIndexedMax) +
                           " and used with backoff limit per index";
  if (!failed) {
    checks.required(path + ".maxFailedIndexes",
                    "must be specified when completions is above " + std::to_string(kIndexedMax));
  } else if (*failed > kManyMax) {
    checks.invalid(path + ".maxFailedIndexes", *failed, at_most(kManyMax) + when);
  }
  if (parallelism && *parallelism > kManyMax) {
    checks.invalid(path + ".parallelism", *parallelism, at_most(kManyMax) + when);
  }
}

/// What only an Indexed Job may say.
void check_not_indexed(FieldChecks& checks, const json& spec, const std::string& path) {
  constexpr const char* kNeedsIndexed = "requires indexed completion mode";
  for (const char* field : {"backoffLimitPerIndex", "maxFailedIndexes"}) {
    const json& value = fields::at(spec, field);
    if (!value.is_null()) checks.invalid(path + "." + field, value, kNeedsIndexed);
  }
  const json& policy = fields::at(spec, "successPolicy");
  if (policy.is_null()) return;
  FieldError error{FieldError::Kind::kInvalid, path + ".successPolicy", kNeedsIndexed, nullptr, {}};
  std::string rules;
  for (const json& rule : fields::list(policy, "rules")) {
    rules += (rules.empty() ? "" : ",");
    rules += "{\"SucceededIndexes\":" + fields::at(rule, "succeededIndexes").dump() +
             ",\"SucceededCount\":" + fields::at(rule, "succeededCount").dump() + "}";
  }
  error.shown = "{\"Rules\":[" + rules + "]}";  // the API shows its own struct
  checks.add({error});
}

void check_restart_policy(FieldChecks& checks, const json& spec, const std::string& path) {
  const json& pod = fields::object(fields::object(spec, "template"), "spec");
  const std::string policy = fields::text(pod, "restartPolicy");
  const std::string at = path + ".template.spec.restartPolicy";
  if (policy.empty() || policy == "Always") {
    checks.required(at, R"(valid values: "OnFailure", "Never")");
  } else if (policy != "OnFailure" && policy != "Never") {
    checks.not_supported(at, policy, {"OnFailure", "Never"});
  } else if (policy != "Never" && spec.contains("podFailurePolicy")) {
    checks.invalid(at, policy, R"(only "Never" is supported when podFailurePolicy is specified)");
  }
}

void check_replacement(FieldChecks& checks, const json& spec, const std::string& path) {
  const json& policy = fields::at(spec, "podReplacementPolicy");
  if (!policy.is_string()) return;
  const bool only_failed = spec.contains("podFailurePolicy");
  const std::vector<std::string> all = {"Failed", "TerminatingOrFailed"};
  checks.one_of(path + ".podReplacementPolicy", policy.get<std::string>(),
                only_failed ? std::vector<std::string>{"Failed"} : all);
}

void check_managed_by(FieldChecks& checks, const json& spec, const std::string& path) {
  const json& manager = fields::at(spec, "managedBy");
  if (!manager.is_string()) return;
  const std::string at = path + ".managedBy";
  const std::string& text = manager.get_ref<const std::string&>();
  check_domain_path(checks, at, text);
  if (text.size() > kManagedByBytesMax) checks.too_long(at, kManagedByBytesMax);
}

}  // namespace

void check_job_spec(FieldChecks& checks, const json& spec, const std::string& path) {
  for (const char* field :
       {"parallelism", "completions", "activeDeadlineSeconds", "backoffLimit",
        "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes"}) {
    checks.not_negative(spec, field, path);
  }
  if (spec.contains("maxFailedIndexes") && !spec.contains("backoffLimitPerIndex")) {
    checks.required(path + ".backoffLimitPerIndex", "when maxFailedIndexes is specified");
  }
  check_managed_by(checks, spec, path);
  const std::string mode = fields::text(spec, "completionMode");
  if (mode != "Indexed" && mode != "NonIndexed") {
    checks.not_supported(path + ".completionMode", mode, {"NonIndexed", "Indexed"});
  }
  if (mode == "Indexed") {
    check_indexed(checks, spec, path);
    check_success_policy(checks, spec, path);
  } else {
    check_not_indexed(checks, spec, path);
  }
  check_failure_policy(checks, spec, path);
  check_replacement(checks, spec, path);
  checks.add(validate_pod_template(fields::object(spec, "template"), path + ".template"));
  check_restart_policy(checks, spec, path);
}

FieldErrors validate_job(const json& object) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  const json& selector = fields::at(spec, "selector");
  const std::string uid = fields::text(fields::object(object, "metadata"), "uid");
  const json generated = {{"matchLabels", {{"batch.kubernetes.io/controller-uid", uid}}}};
  const bool manual = fields::flag(spec, "manualSelector");
  const bool own = fields::object(selector, "matchLabels").contains("controller-uid");
  if (!manual && selector.is_object() && selector != generated && !own) {
    checks.invalid("spec.selector", selector, "`selector` not auto-generated");
  }
  check_job_spec(checks, spec, "spec");
  if (selector.is_object()) {
    checks.label_selector("spec.selector", selector);
  } else {
    checks.required("spec.selector");
  }
  check_selector_matches(checks, spec);
  return checks.take();
}

FieldErrors validate_job_update(const json& object, const json& old) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  const json& before = fields::object(old, "spec");
  const bool indexed = fields::text(spec, "completionMode") == "Indexed";
  const bool grows_together = indexed &&
                              fields::at(spec, "completions") == fields::at(spec, "parallelism") &&
                              fields::at(before, "completions").is_number();
  if (!grows_together) checks.immutable(spec, before, "completions", "spec");
  checks.immutable(spec, before, "selector", "spec");
  // A Job that is suspended and has not begun may still be placed otherwise: not checked that far.
  const bool waits =
      fields::flag(before, "suspend") && !fields::object(old, "status").contains("startTime");
  if (!waits) checks.immutable(spec, before, "template", "spec");
  for (const char* field : {"completionMode", "podFailurePolicy", "backoffLimitPerIndex",
                            "managedBy", "successPolicy"}) {
    checks.immutable(spec, before, field, "spec");
  }
  return checks.take();
}

}  // namespace skerry::standalone

// podFailurePolicy and successPolicy of a Job.
#include <charconv>

#include "cloudcore/standalone/kinds/job_rules.h"
#include "cloudcore/standalone/kinds/name_rules.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::size_t kRulesMax = 20;
constexpr std::size_t kExitCodesMax = 255;

FieldError without_value(const std::string& path, const std::string& detail) {
  FieldError out{FieldError::Kind::kInvalid, path, detail, nullptr, {}};
  out.shown = "";
  return out;
}

bool has_container(const json& pod, const std::string& name) {
  for (const char* list : {"containers", "initContainers"}) {
    for (const json& each : fields::list(pod, list)) {
      if (fields::text(each, "name") == name) return true;
    }
  }
  return false;
}

void check_action(FieldChecks& checks, const json& spec, const json& rule, const std::string& at) {
  const std::string action = fields::text(rule, "action");
  if (action == "FailIndex" && !spec.contains("backoffLimitPerIndex")) {
    checks.invalid(at + ".action", action, "requires the backoffLimitPerIndex to be set");
  }
  checks.one_of(at + ".action", action, {"Count", "FailIndex", "FailJob", "Ignore"});
}

void check_exit_codes(FieldChecks& checks,
                      const json& codes,
                      const json& pod,
                      const std::string& path) {
  const std::string op = fields::text(codes, "operator");
  checks.one_of(path + ".operator", op, {"In", "NotIn"});
  const json& container = fields::at(codes, "containerName");
  if (container.is_string() && !has_container(pod, container.get<std::string>())) {
    checks.invalid(path + ".containerName", container,
                   "must be one of the container or initContainer names in the pod template");
  }
  const json& values = fields::list(codes, "values");
  if (values.empty())
    return checks.invalid(path + ".values", values, "at least one value is required");
  if (values.size() > kExitCodesMax) {
    return checks.too_many(path + ".values", values.size(), kExitCodesMax);
  }
  bool ordered = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string at = at_index(path + ".values", i);
    if (i > 0 && values[i - 1] == values[i]) checks.duplicate(at, values[i]);
    if (values[i] == 0 && op == "In") checks.invalid(at, 0, "must not be 0 for the In operator");
    ordered = ordered && (i == 0 || values[i - 1] <= values[i]);
  }
  if (!ordered) checks.invalid(path + ".values", values, "must be ordered");
}

void check_conditions(FieldChecks& checks, const json& conditions, const std::string& path) {
  if (conditions.size() > kRulesMax) return checks.too_many(path, conditions.size(), kRulesMax);
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const std::string at = at_index(path, i);
    const std::string type = fields::text(conditions[i], "type");
    checks.rule(at + ".type", type, name_rules::qualified_name(type));
    checks.one_of(at + ".status", fields::text(conditions[i], "status"),
                  {"False", "True", "Unknown"});
  }
}

void check_failure_rule(FieldChecks& checks,
                        const json& spec,
                        const json& rule,
                        const std::string& at) {
  check_action(checks, spec, rule, at);
  const json& pod = fields::object(fields::object(spec, "template"), "spec");
  const json& codes = fields::at(rule, "onExitCodes");
  const json& conditions = fields::list(rule, "onPodConditions");
  if (codes.is_object()) check_exit_codes(checks, codes, pod, at + ".onExitCodes");
  if (!conditions.empty()) check_conditions(checks, conditions, at + ".onPodConditions");
  if (codes.is_object() && !conditions.empty()) {
    checks.add(
        {without_value(at, "specifying both OnExitCodes and OnPodConditions is not supported")});
  }
  if (!codes.is_object() && conditions.empty()) {
    checks.add(
        {without_value(at, "specifying one of OnExitCodes and OnPodConditions is required")});
  }
}

// ---- successPolicy ------------------------------------------------------------------------------

struct Indexes {
  std::int64_t total = 0;
  std::string problem;
};

std::optional<std::int64_t> index_of(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && !text.empty() ? std::optional(out) : std::nullopt;
}

std::string not_increasing(std::int64_t previous, std::int64_t current) {
  return "non-increasing order, previous: " + std::to_string(previous) +
         ", current: " + std::to_string(current);
}

/// "1,3-5": how many they are.
Indexes read_indexes(const std::string& text, std::int64_t completions) {
  Indexes out;
  std::optional<std::int64_t> last;
  const auto read = [&](std::string_view word) -> std::optional<std::int64_t> {
    const auto index = index_of(word);
    const std::string shown = json(std::string(word)).dump();
    if (!index) out.problem = "cannot convert string to integer for index: " + shown;
    if (index && *index >= completions) out.problem = "too large index: " + shown;
    return out.problem.empty() ? index : std::nullopt;
  };
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    const std::size_t dash = part.find('-');
    if (dash != std::string_view::npos && part.find('-', dash + 1) != std::string_view::npos) {
      out.problem = "the fragment " + json(std::string(part)).dump() +
                    " violates the requirement that an index interval can have at most two parts "
                    "separated by '-'";
      return out;
    }
    const auto low = read(part.substr(0, dash));
    if (!low) return out;
    if (last && *last >= *low) return {0, not_increasing(*last, *low)};
    ++out.total;
    last = low;
    if (dash == std::string_view::npos) continue;
    const auto high = read(part.substr(dash + 1));
    if (!high) return out;
    if (*low >= *high) return {0, not_increasing(*low, *high)};
    out.total += *high - *low;
    last = high;
  }
  return out;
}

void check_success_rule(FieldChecks& checks,
                        const json& rule,
                        std::int64_t completions,
                        const std::string& at) {
  const auto count = fields::number(rule, "succeededCount");
  const json& indexes = fields::at(rule, "succeededIndexes");
  if (!count && !indexes.is_string()) {
    return checks.required(at,
                           "at least one of succeededCount or succeededIndexes must be specified");
  }
  Indexes read;
  if (indexes.is_string()) {
    read = read_indexes(indexes.get<std::string>(), completions);
    if (!read.problem.empty()) {
      read.total = 0;
      checks.invalid(at + ".succeededIndexes", indexes,
                     "error parsing succeededIndexes: " + read.problem);
    }
  }
  if (!count) return;
  checks.not_negative(rule, "succeededCount", at);
  const std::string path = at + ".succeededCount";
  if (*count > completions) {
    checks.invalid(path, *count,
                   "must be less than or equal to " + std::to_string(completions) +
                       " (the number of specified completions)");
  }
  if (indexes.is_string() && *count > read.total) {
    checks.invalid(path, *count,
                   "must be less than or equal to " + std::to_string(read.total) +
                       " (the number of indexes in the specified succeededIndexes field)");
  }
}

}  // namespace

void check_failure_policy(FieldChecks& checks, const json& spec, const std::string& path) {
  const json& policy = fields::at(spec, "podFailurePolicy");
  if (!policy.is_object()) return;
  const std::string at = path + ".podFailurePolicy.rules";
  const json& rules = fields::list(policy, "rules");
  if (rules.size() > kRulesMax) checks.too_many(at, rules.size(), kRulesMax);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    check_failure_rule(checks, spec, rules[i], at_index(at, i));
  }
}

void check_success_policy(FieldChecks& checks, const json& spec, const std::string& path) {
  const json& policy = fields::at(spec, "successPolicy");
  if (!policy.is_object()) return;
  const std::string at = path + ".successPolicy.rules";
  const json& rules = fields::list(policy, "rules");
  if (rules.empty()) {
    checks.required(at, "at least one rules must be specified when the successPolicy is specified");
  }
  if (rules.size() > kRulesMax) checks.too_many(at, rules.size(), kRulesMax);
  const std::int64_t completions = fields::number(spec, "completions").value_or(0);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    check_success_rule(checks, rules[i], completions, at_index(at, i));
  }
}

}  // namespace skerry::standalone

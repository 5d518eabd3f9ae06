#include "cloudcore/standalone/controllers/job_pods.h"

#include <algorithm>
#include <charconv>

#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kIndex = "batch.kubernetes.io/job-completion-index";
constexpr const char* kIndexVariable = "JOB_COMPLETION_INDEX";

const json& spec_of(const json& job) { return fields::object(job, "spec"); }

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  if (!whole || out < 0) return std::nullopt;
  return out;
}

void add_index_variable(json& containers) {
  for (json& container : containers) {
    json env = fields::list(container, "env");
    const bool has = std::any_of(env.begin(), env.end(), [](const json& each) {
      return fields::text(each, "name") == kIndexVariable;
    });
    if (has) continue;
    const std::string path = "metadata.labels['" + std::string(kIndex) + "']";
    env.push_back({{"name", kIndexVariable},
                   {"valueFrom", {{"fieldRef", {{"apiVersion", "v1"}, {"fieldPath", path}}}}}});
    container["env"] = std::move(env);
  }
}

struct ExitCode {
  std::string container;
  std::int64_t code = 0;
};

/// The first container whose exit code a rule speaks of.
std::optional<ExitCode> exit_code_by(const json& rule, const json& pod) {
  const std::string only = fields::text(rule, "containerName");
  const bool in = fields::text(rule, "operator") == "In";
  const json& values = fields::list(rule, "values");
  const json& status = fields::object(pod, "status");
  for (const char* list : {"containerStatuses", "initContainerStatuses"}) {
    for (const json& each : fields::list(status, list)) {
      const json& ended = fields::at(fields::object(each, "state"), "terminated");
      const auto code = fields::number(ended, "exitCode");
      if (!code || *code == 0) continue;
      const std::string name = fields::text(each, "name");
      if (!only.empty() && only != name) continue;
      const bool listed = std::find(values.begin(), values.end(), json(*code)) != values.end();
      if (listed == in) return ExitCode{name, *code};
    }
  }
  return std::nullopt;
}

/// The type of the first condition that a rule speaks of.
std::optional<std::string> condition_by(const json& patterns, const json& pod) {
  for (const json& each : fields::list(fields::object(pod, "status"), "conditions")) {
    for (const json& pattern : patterns) {
      const std::string type = fields::text(each, "type");
      const bool same = type == fields::text(pattern, "type") &&
                        fields::text(each, "status") == fields::text(pattern, "status", "True");
      if (same) return type;
    }
  }
  return std::nullopt;
}

/// What a rule says of the Pod; empty: nothing.
std::string matched(const json& rule, const json& pod, std::size_t number) {
  const json& metadata = fields::object(pod, "metadata");
  const std::string where =
      fields::text(metadata, "namespace") + "/" + fields::text(metadata, "name");
  const std::string by =
      " matching " + fields::text(rule, "action") + " rule at index " + std::to_string(number);
  if (const json& codes = fields::at(rule, "onExitCodes"); codes.is_object()) {
    const auto found = exit_code_by(codes, pod);
    if (!found) return {};
    return "Container " + found->container + " for pod " + where + " failed with exit code " +
           std::to_string(found->code) + by;
  }
  const auto found = condition_by(fields::list(rule, "onPodConditions"), pod);
  return found ? "Pod " + where + " has condition " + *found + by : "";
}

}  // namespace

bool is_indexed(const json& job) {
  return fields::text(spec_of(job), "completionMode") == "Indexed";
}

bool is_suspended(const json& job) { return fields::flag(spec_of(job), "suspend"); }

bool replaces_only_failed(const json& job) {
  return fields::text(spec_of(job), "podReplacementPolicy") == "Failed" ||
         spec_of(job).contains("podFailurePolicy");
}

json job_pod(const json& job, std::optional<std::int64_t> index) {
  json out = pod_from_template(job, fields::object(spec_of(job), "template"));
  json& metadata = out["metadata"];
  json finalizers = fields::list(metadata, "finalizers");
  finalizers.push_back(kJobFinalizer);
  metadata["finalizers"] = std::move(finalizers);
  if (!index) return out;
  const std::string number = std::to_string(*index);
  const std::string base = fields::text(fields::object(job, "metadata"), "name") + "-" + number;
  metadata["generateName"] = base + "-";
  metadata["annotations"][kIndex] = number;
  metadata["labels"][kIndex] = number;
  json& spec = out["spec"];
  if (!spec.contains("hostname")) spec["hostname"] = base;
  for (const char* list : {"initContainers", "containers"}) {
    if (spec.contains(list)) add_index_variable(spec[list]);
  }
  return out;
}

std::optional<std::int64_t> index_of(const json& pod) {
  const json& annotations = fields::object(fields::object(pod, "metadata"), "annotations");
  return number_in(fields::text(annotations, kIndex, "-"));
}

bool is_tracked(const json& pod) {
  const json& finalizers = fields::list(fields::object(pod, "metadata"), "finalizers");
  return std::find(finalizers.begin(), finalizers.end(), kJobFinalizer) != finalizers.end();
}

json untracked_patch(const json& pod) {
  const json& metadata = fields::object(pod, "metadata");
  json kept = json::array();
  for (const json& each : fields::list(metadata, "finalizers")) {
    if (each != kJobFinalizer) kept.push_back(each);
  }
  return {{"metadata",
           {{"finalizers", kept.empty() ? json(nullptr) : std::move(kept)},
            {"uid", fields::text(metadata, "uid")}}}};
}

bool counts_as_failed(const json& pod, const json& job) {
  const std::string phase = phase_of(pod);
  if (phase == "Failed") return true;
  if (replaces_only_failed(job)) return false;
  return is_terminating(pod) && phase != "Succeeded";
}

WallTime finish_time(const json& pod) {
  WallTime last{};
  const json& status = fields::object(pod, "status");
  for (const json& each : fields::list(status, "containerStatuses")) {
    const json& ended = fields::object(fields::object(each, "state"), "terminated");
    last = std::max(last, fields::time(ended, "finishedAt"));
  }
  if (last > WallTime{}) return last;
  for (const json& each : fields::list(status, "conditions")) {
    if (fields::text(each, "type") == "Ready" && fields::text(each, "status") == "False") {
      last = fields::time(each, "lastTransitionTime");
    }
  }
  if (last > WallTime{}) return last;
  const json& metadata = fields::object(pod, "metadata");
  if (is_terminating(pod)) {
    return fields::time(metadata, "deletionTimestamp") -
           fields::seconds(metadata, "deletionGracePeriodSeconds", 0);
  }
  return fields::time(metadata, "creationTimestamp");
}

FailureVerdict judge_failure(const json& job, const json& pod) {
  FailureVerdict out;
  if (phase_of(pod) != "Failed") return out;
  const json& rules = fields::list(fields::object(spec_of(job), "podFailurePolicy"), "rules");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    std::string message = matched(rules[i], pod, i);
    if (message.empty()) continue;
    const std::string action = fields::text(rules[i], "action");
    if (action == "Ignore") out.action = FailureVerdict::Action::kIgnore;
    if (action == "FailJob") {
      out.action = FailureVerdict::Action::kFailJob;
      out.message = std::move(message);
    }
    return out;
  }
  return out;
}

std::set<std::int64_t> parse_indexes(const std::string& text, std::int64_t count) {
  std::set<std::int64_t> out;
  std::string_view left = text;
  while (!left.empty()) {
    const std::size_t comma = left.find(',');
    const std::string_view part = left.substr(0, comma);
    left = comma == std::string_view::npos ? std::string_view() : left.substr(comma + 1);
    const std::size_t dash = part.find('-');
    const auto first = number_in(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number_in(part.substr(dash + 1));
    if (!first || !last) continue;
    for (std::int64_t i = *first; i <= std::min(*last, count - 1); ++i) out.insert(out.end(), i);
  }
  return out;
}

std::string format_indexes(const std::set<std::int64_t>& indexes) {
  std::string out;
  for (auto at = indexes.begin(); at != indexes.end();) {
    const std::int64_t first = *at;
    std::int64_t last = first;
    while (++at != indexes.end() && *at == last + 1) last = *at;
    out += (out.empty() ? "" : ",") + std::to_string(first);
    if (last > first) out += (last == first + 1 ? "," : "-") + std::to_string(last);
  }
  return out;
}

}  // namespace skerry::standalone

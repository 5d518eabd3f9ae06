#include "cloudcore/edgecontroller/tolerations.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "common/k8s/json_fields.h"

namespace skerry::edgecontroller {
namespace {

namespace fields = k8s::fields;
using fields::Json;
using std::chrono::seconds;

constexpr const char* kAbsenceTaints[] = {"node.kubernetes.io/not-ready",
                                          "node.kubernetes.io/unreachable"};

/// Whether a toleration matches the NoExecute taint `key` (which has no value).
bool matches(const Json& toleration, std::string_view key) {
  const std::string effect = fields::text(toleration, "effect");
  if (!effect.empty() && effect != "NoExecute") return false;
  const std::string own_key = fields::text(toleration, "key");
  if (own_key.empty()) return fields::text(toleration, "operator") == "Exists";
  if (own_key != key) return false;
  return fields::text(toleration, "operator") == "Exists" ||
         fields::text(toleration, "value").empty();
}

bool matches_absence(const Json& toleration) {
  for (const char* key : kAbsenceTaints) {
    if (matches(toleration, key)) return true;
  }
  return false;
}

bool has_default_limit(const Json& toleration, const OfflinePolicy& policy) {
  const auto found = toleration.find("tolerationSeconds");
  return found != toleration.end() && found->is_number_integer() &&
         found->get<std::int64_t>() == policy.admission_default.count();
}

void set_limit(Json& toleration, const OfflinePolicy& policy) {
  if (policy.evict_after) {
    toleration["tolerationSeconds"] = policy.evict_after->count();
  } else {
    toleration.erase("tolerationSeconds");
  }
}

Json tolerations_for(Json tolerations, const OfflinePolicy& policy) {
  for (Json& toleration : tolerations) {
    const bool added_by_admission =
        matches_absence(toleration) && has_default_limit(toleration, policy);
    if (added_by_admission) set_limit(toleration, policy);
  }
  for (const char* key : kAbsenceTaints) {
    const bool matched = std::any_of(tolerations.begin(), tolerations.end(),
                                     [&](const Json& one) { return matches(one, key); });
    if (matched) continue;
    Json added = {{"key", key}, {"operator", "Exists"}, {"effect", "NoExecute"}};
    set_limit(added, policy);
    tolerations.push_back(std::move(added));
  }
  return tolerations;
}

OfflinePolicy evict_after(seconds delay) {
  OfflinePolicy policy;
  policy.evict_after = delay;
  return policy;
}

}  // namespace

Result<OfflinePolicy> parse_offline_policy(std::string_view annotation) {
  if (annotation.empty() || annotation == "keep") return OfflinePolicy{};
  constexpr std::string_view kPrefix = "evict-after=";
  const auto bad = [&] {
    return fail(Code::kMalformed, std::string(kOfflinePolicyAnnotation) + "=\"" +
                                      std::string(annotation) +
                                      "\": write keep or evict-after=<number>s|m|h");
  };
  if (!annotation.starts_with(kPrefix)) return bad();
  std::string_view value = annotation.substr(kPrefix.size());
  std::int64_t number = 0;
  const auto [end, status] = std::from_chars(value.data(), value.data() + value.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(value.data() + value.size() - end));
  if (status != std::errc{} || number < 0 || number > 1'000'000) return bad();
  if (unit == "s") return evict_after(seconds(number));
  if (unit == "m") return evict_after(seconds(number * 60));
  if (unit == "h") return evict_after(seconds(number * 3600));
  return bad();
}

Result<std::optional<std::string>> toleration_patch(std::string_view pod_json,
                                                    const OfflinePolicy& policy) {
  const Json pod = Json::parse(pod_json, nullptr, false);
  const bool usable = pod.is_object() && pod.contains("spec") && pod["spec"].is_object() &&
                      pod.contains("metadata") && pod["metadata"].is_object();
  if (!usable) return fail(Code::kMalformed, "pod without metadata or spec");
  const Json& have = fields::list(pod["spec"], "tolerations");
  const Json want = tolerations_for(have, policy);
  if (want == have) return std::optional<std::string>();
  Json patch = Json::array();
  patch.push_back(
      {{"op", "test"}, {"path", "/metadata/uid"}, {"value", fields::text(pod["metadata"], "uid")}});
  if (!have.empty())
    patch.push_back({{"op", "test"}, {"path", "/spec/tolerations"}, {"value", have}});
  patch.push_back(
      {{"op", have.empty() ? "add" : "replace"}, {"path", "/spec/tolerations"}, {"value", want}});
  return std::optional<std::string>(patch.dump());
}

std::vector<ExplicitLimit> explicit_limits(std::string_view pod_json, const OfflinePolicy& policy) {
  const Json pod = Json::parse(pod_json, nullptr, false);
  const Json& tolerations = fields::list(fields::at(pod, "spec"), "tolerations");
  std::vector<ExplicitLimit> limits;
  for (const char* taint : kAbsenceTaints) {
    std::optional<seconds> shortest;
    for (const Json& one : tolerations) {
      const std::optional<std::int64_t> limit = fields::number(one, "tolerationSeconds");
      if (!limit || !matches(one, taint) || has_default_limit(one, policy)) continue;
      if (policy.evict_after && policy.evict_after->count() == *limit) continue;
      shortest = std::min(shortest.value_or(seconds(*limit)), seconds(*limit));
    }
    if (shortest) limits.push_back({taint, *shortest});
  }
  return limits;
}

}  // namespace skerry::edgecontroller

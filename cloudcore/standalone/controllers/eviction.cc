#include "cloudcore/standalone/controllers/eviction.h"

#include "cloudcore/standalone/api/decode.h"
#include "cloudcore/standalone/controllers/disruption_plan.h"
#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/selector.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr int kTriesMax = 20;
constexpr std::size_t kDisruptedPodsMax = 2000;
constexpr const char* kViolates =
    "Cannot evict pod as it would violate the pod's disruption budget.";

ApiFailure too_many(const std::string& why, int retry_after) {
  json details = {{"causes", json::array({{{"reason", "DisruptionBudget"}, {"message", why}}})}};
  if (retry_after > 0) details["retryAfterSeconds"] = retry_after;
  return ApiFailure(ApiError{429, "TooManyRequests", kViolates, std::move(details)});
}

/// It does no work that a budget protects.
bool needs_no_budget(const json& pod) {
  const std::string phase = fields::text(fields::object(pod, "status"), "phase");
  return phase == "Succeeded" || phase == "Failed" || phase == "Pending" ||
         fields::object(pod, "metadata").contains("deletionTimestamp");
}

std::int64_t number_of(const json& object, const char* name) {
  return fields::number(object, name).value_or(0);
}

/// A Pod that is not ready may go where enough others are.
bool unhealthy_may_go(const json& budget) {
  const json& status = fields::object(budget, "status");
  const std::string policy =
      fields::text(fields::object(budget, "spec"), "unhealthyPodEvictionPolicy");
  if (policy == "AlwaysAllow") return true;
  return number_of(status, "currentHealthy") >= number_of(status, "desiredHealthy") &&
         number_of(status, "desiredHealthy") > 0;
}

/// Why the budget does not give away one Pod now; nothing: it does.
std::optional<ApiFailure> refusal(const json& budget) {
  const json& metadata = fields::object(budget, "metadata");
  const json& status = fields::object(budget, "status");
  const std::string name = fields::text(metadata, "name");
  if (number_of(status, "observedGeneration") < number_of(metadata, "generation")) {
    return too_many("The disruption budget " + name + " is still being processed by the server.",
                    10);
  }
  if (fields::object(status, "disruptedPods").size() > kDisruptedPodsMax) {
    return ApiFailure(ApiError{403, "Forbidden",
                               "DisruptedPods map too big - too many evictions not confirmed by "
                               "PDB controller",
                               nullptr});
  }
  if (number_of(status, "disruptionsAllowed") > 0) return std::nullopt;
  std::string why = "The disruption budget " + name + " needs " +
                    std::to_string(number_of(status, "desiredHealthy")) + " healthy pods and has " +
                    std::to_string(number_of(status, "currentHealthy")) + " currently";
  for (const json& each : fields::list(status, "conditions")) {
    if (fields::text(each, "reason") != "SyncFailed") continue;
    why = "The disruption budget " + name + " does not allow evicting pods currently because it " +
          "failed sync: " + fields::text(each, "message");
  }
  return too_many(why, 0);
}

json success() {
  return {{"kind", "Status"},
          {"apiVersion", "v1"},
          {"metadata", json::object()},
          {"status", "Success"},
          {"code", 201}};
}

}  // namespace

struct Eviction::Asked {
  std::string ns;
  std::string name;
  json options = json::object();  // DeleteOptions
  bool dry_run = false;
};

Task<RestAnswer> Eviction::handle(ResourceRequestPtr request) {
  if (request->info.verb != "create") co_return method_not_allowed();
  const ApiRequest& sent = *request->request;
  auto body = decode_body(sent.content_type, sent.body, "application/json");
  if (!body) co_return ApiFailure(body.error());
  if (!body->is_object()) co_return bad_request("the body of the request is no object");
  auto asked = std::make_shared<Asked>();
  asked->ns = request->info.ns;
  asked->name = request->info.name;
  asked->options = fields::object(*body, "deleteOptions");
  const std::string named = fields::text(fields::object(*body, "metadata"), "name");
  if (named != asked->name) {
    co_return bad_request("name in URL does not match name in Eviction object");
  }
  asked->dry_run = sent.param("dryRun") == "All" || !fields::list(asked->options, "dryRun").empty();

  const ObjectPlace place{resources::kPods.prefix(), asked->ns, asked->name};
  if (!client_.store().get(place)) co_return not_found(*request->row, asked->name);
  const auto allowed = co_await ask_budgets(asked);
  if (!allowed) co_return ApiFailure(allowed.error());
  const auto ended = co_await end(asked);
  if (!ended) co_return ApiFailure(ended.error());
  const json status = success();
  co_return json_response(201, status.dump());
}

Task<Answer<bool>> Eviction::ask_budgets(std::shared_ptr<const Asked> asked) {
  for (int tries = 1;; ++tries) {
    const auto pod = client_.get(resources::kPods, asked->ns, asked->name);
    if (!pod || needs_no_budget(*pod)) co_return false;
    std::vector<json> budgets;
    const auto labels = fields::text_map((*pod)["metadata"], "labels");
    for (const auto& each : client_.list(resources::kPodDisruptionBudgets, asked->ns)) {
      json budget = parsed(*each);
      const auto selector =
          k8s::LabelSelector::from_object(fields::at(fields::object(budget, "spec"), "selector"));
      if (selector && selector->matches(labels)) budgets.push_back(std::move(budget));
    }
    if (budgets.empty()) co_return false;
    if (budgets.size() > 1) {
      co_return internal(
          "This pod has more than one PodDisruptionBudget, which the eviction subresource does "
          "not support.");
    }
    if (!is_ready(*pod) && unhealthy_may_go(budgets[0])) co_return false;
    if (auto refused = refusal(budgets[0])) co_return std::move(*refused);
    if (asked->dry_run) co_return true;
    const auto taken = co_await take_from(std::move(budgets[0]), asked);
    if (taken) co_return taken;
    if (taken.error().code != 409 || tries == kTriesMax) co_return ApiFailure(taken.error());
  }
}

Task<Answer<bool>> Eviction::take_from(json budget, std::shared_ptr<const Asked> asked) {
  json& status = budget["status"];
  const WallTime now = world_.clock.wall();
  status["disruptionsAllowed"] = number_of(status, "disruptionsAllowed") - 1;
  status["disruptedPods"][asked->name] = k8s::format_time(now);
  set_allowed_condition(status, number_of(budget["metadata"], "generation"), now);
  const auto done =
      co_await client_.update(resources::kPodDisruptionBudgets, std::move(budget), "status");
  if (!done) co_return ApiFailure(done.error());
  co_return true;
}

Task<Answer<bool>> Eviction::end(std::shared_ptr<const Asked> asked) {
  if (asked->dry_run) co_return true;
  const json& wanted = fields::object(asked->options, "preconditions");
  std::string uid = fields::text(wanted, "uid");
  for (int tries = 1;; ++tries) {
    const auto pod = client_.get(resources::kPods, asked->ns, asked->name);
    if (!pod) co_return true;
    const json& metadata = (*pod)["metadata"];
    if (uid.empty()) uid = fields::text(metadata, "uid");
    if (uid != fields::text(metadata, "uid")) break;  // the delete says so
    json conditions = disruption_conditions(*pod, "EvictionByEvictionAPI", "Eviction API: evicting",
                                            world_.clock.wall());
    json change = {{"metadata", {{"uid", uid}, {"resourceVersion", metadata["resourceVersion"]}}},
                   {"status", {{"conditions", std::move(conditions)}}}};
    const auto told = co_await client_.patch(resources::kPods, asked->ns, asked->name,
                                             std::move(change), "status");
    if (told || told.error().code == 404) break;
    if (told.error().code != 409 || tries == kTriesMax) co_return ApiFailure(told.error());
  }
  Removal removal;
  removal.uid = uid;
  removal.propagation = fields::text(asked->options, "propagationPolicy", "Background");
  removal.grace_seconds = fields::number(asked->options, "gracePeriodSeconds");
  const auto done = co_await client_.remove(resources::kPods, asked->ns, asked->name, removal);
  if (!done && done.error().code != 404) co_return ApiFailure(done.error());
  co_return true;
}

}  // namespace skerry::standalone

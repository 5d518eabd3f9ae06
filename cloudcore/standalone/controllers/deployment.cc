#include "cloudcore/standalone/controllers/deployment.h"

#include <algorithm>
#include <set>

#include "cloudcore/standalone/controllers/claims.h"
#include "cloudcore/standalone/controllers/deployment_status.h"
#include "cloudcore/standalone/controllers/event_recorder.h"
#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kName = "deployment-controller";
constexpr std::int64_t kHistoryKept = 10;
constexpr auto kOldPodsCheck = std::chrono::seconds(1);  // Recreate waits for their end

class DeploymentController final : public Controller {
 public:
  DeploymentController(ApiClient& client, seam::World world)
      : client_(client), world_(world), events_(client, world, kName) {}

  std::string name() const override { return kName; }

  std::vector<ControllerSource> sources() override {
    return {{resources::kDeployments, own_key},
            {resources::kReplicaSets, keys_of_owners(client_, resources::kDeployments)}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    const auto found = client_.get(resources::kDeployments, ns, name);
    if (!found) co_return LookAgain();
    json deployment = *found;
    const auto selector = selector_of(deployment);
    if (!selector) co_return co_await tell_selects_all(deployment);
    ClaimRule rule{resources::kReplicaSets, *selector, nullptr};
    const auto claimed = co_await claim(client_, deployment, rule);
    if (!claimed) co_return ApiFailure(claimed.error());
    if (is_terminating(deployment)) co_return co_await report(ns, name, false);

    if (const json paused = pause_condition(deployment, world_.clock.wall()); !paused.is_null()) {
      const auto told = co_await put_progress(deployment, paused);
      if (!told) co_return ApiFailure(told.error());
      deployment = *told;
    }
    const json& spec = deployment["spec"];
    const bool paused = fields::flag(spec, "paused");
    const DeploymentSets sets = sets_of(deployment);
    if (paused || is_scaled(sets, rollout_limits(spec).replicas)) {
      const auto scaled = co_await scale(deployment, sets);
      if (!scaled) co_return ApiFailure(scaled.error());
      if (paused || *scaled) co_return co_await report(ns, name, false);
    }
    const auto rolled = co_await roll(deployment, sets);
    if (!rolled) co_return ApiFailure(rolled.error());
    const auto reported = co_await report(ns, name, true);
    if (!reported || !*rolled) co_return reported;
    co_return LookAgain(kOldPodsCheck);
  }

 private:
  /// The newest state of what it controls.
  DeploymentSets sets_of(const json& deployment) const {
    const std::string ns = fields::text(deployment["metadata"], "namespace");
    const std::string uid = fields::text(deployment["metadata"], "uid");
    return sort_sets(client_.controlled(resources::kReplicaSets, ns, uid),
                     fields::object(deployment["spec"], "template"));
  }

  Task<Answer<LookAgain>> tell_selects_all(json deployment) {
    co_await events_.warning(deployment, "SelectingAll",
                             "This deployment is selecting all pods. A non-empty selector is "
                             "required.");
    co_return LookAgain();
  }

  /// Whether anything was resized.
  Task<Answer<bool>> scale(json deployment, DeploymentSets sets) {
    const RolloutLimits limits = rollout_limits(deployment["spec"]);
    const auto plan = plan_scale(limits, sets.current_count(), sets.old_counts());
    const auto done = co_await resize(deployment, sets, plan);
    if (!done) co_return ApiFailure(done.error());
    if (fields::flag(deployment["spec"], "paused")) {
      const auto forgotten = co_await forget_history(deployment, sets);
      if (!forgotten) co_return ApiFailure(forgotten.error());
    }
    co_return *done;
  }

  /// Whether it waits for the end of old Pods.
  Task<Answer<bool>> roll(json deployment, DeploymentSets sets) {
    const RolloutLimits limits = rollout_limits(deployment["spec"]);
    const std::vector<SetCount> olds = sets.old_counts();
    const bool old_pods = limits.recreate && has_old_pods(deployment, sets);
    const bool ends_olds =
        std::any_of(olds.begin(), olds.end(), [](const SetCount& old) { return old.wanted > 0; });
    const bool first_the_old = limits.recreate && (ends_olds || old_pods);
    if (!sets.current && !first_the_old) {
      const auto made = co_await make_current(deployment, sets);
      if (!made) co_return ApiFailure(made.error());
      co_return false;
    }
    if (sets.current) {
      const auto numbered = co_await number_current(deployment, sets);
      if (!numbered) co_return ApiFailure(numbered.error());
    }
    const SetCount current = sets.current_count().value_or(SetCount{});
    const auto plan = plan_rollout(limits, current, olds, old_pods);
    const auto resized = co_await resize(deployment, sets, plan);
    if (!resized) co_return ApiFailure(resized.error());
    const bool complete = is_complete(deployment, fields::object(deployment, "status"));
    if (complete && !*resized) {
      const auto forgotten = co_await forget_history(deployment, sets);
      if (!forgotten) co_return ApiFailure(forgotten.error());
    }
    co_return first_the_old;
  }

  /// Pods of old sets that have not ended, also those that are on their way out.
  bool has_old_pods(const json& deployment, const DeploymentSets& sets) const {
    std::set<std::string> uids;
    for (const json& old : sets.olds) uids.insert(fields::text(old["metadata"], "uid"));
    const auto runs = [&](const StoredObject& pod) {
      if (!uids.contains(pod.controller)) return false;
      const auto phase = pod.fields.find("status.phase");
      return phase == pod.fields.end() ||
             (phase->second != "Succeeded" && phase->second != "Failed");
    };
    const std::string ns = fields::text(deployment["metadata"], "namespace");
    return !client_.list(resources::kPods, ns, runs).empty();
  }

  /// The set of the template, at the size that the rollout gives it first.
  Task<Answer<bool>> make_current(json deployment, DeploymentSets sets) {
    const RolloutLimits limits = rollout_limits(deployment["spec"]);
    const std::int64_t revision = next_revision(sets);
    json wanted = new_replica_set(deployment, revision);
    const std::string name = fields::text(wanted["metadata"], "name");
    SetCount own;
    own.name = name;
    std::int64_t size = 0;
    for (const Resize& each : plan_rollout(limits, own, sets.old_counts(), false)) {
      if (each.name == name) size = each.replicas;
    }
    set_size(wanted, size, limits);
    const std::string ns = fields::text(deployment["metadata"], "namespace");
    const auto made = co_await client_.create(resources::kReplicaSets, ns, std::move(wanted));
    if (!made && made.error().code == 409) co_return co_await note_collision(deployment);
    if (!made) {
      const std::string why =
          "Failed to create new replica set \"" + name + "\": " + made.error().message;
      const json failed = set_not_made(why, world_.clock.wall());
      const auto told = co_await put_progress(deployment, failed);
      if (!told) co_return ApiFailure(told.error());
      co_await events_.warning(deployment, "ReplicaSetCreateError", why);
      co_return ApiFailure(made.error());
    }
    if (size > 0) {
      co_await events_.normal(
          deployment, "ScalingReplicaSet",
          "Scaled up replica set " + name + " from 0 to " + std::to_string(size));
    }
    const auto numbered = co_await number_deployment(deployment, revision);
    if (!numbered) co_return ApiFailure(numbered.error());
    if (progress_deadline(*numbered)) {
      const json created = made_set(name, world_.clock.wall());
      const auto told = co_await put_progress(*numbered, created);
      if (!told) co_return ApiFailure(told.error());
    }
    co_return true;
  }

  /// Somebody else has that name: the next look makes another one.
  Task<Answer<bool>> note_collision(json deployment) {
    const std::int64_t before =
        fields::number(fields::object(deployment, "status"), "collisionCount").value_or(0);
    deployment["status"]["collisionCount"] = before + 1;
    const auto done =
        co_await client_.update(resources::kDeployments, std::move(deployment), "status");
    if (!done) co_return ApiFailure(done.error());
    co_return true;
  }

  /// The newest revision, and what the Deployment's annotations say, for the current set.
  Task<Answer<bool>> number_current(json deployment, DeploymentSets sets) {
    const json& current = *sets.current;
    const std::int64_t revision = next_revision(sets);
    const std::int64_t own = std::max(revision, revision_of_set(current));
    const std::string name = fields::text(current["metadata"], "name");
    json change = current_set_patch(deployment, current, own);
    if (!change.is_null()) {
      const std::string ns = fields::text(current["metadata"], "namespace");
      const auto done =
          co_await client_.patch(resources::kReplicaSets, ns, name, std::move(change));
      if (!done) co_return ApiFailure(done.error());
    }
    const auto numbered = co_await number_deployment(deployment, own);
    if (!numbered) co_return ApiFailure(numbered.error());
    if (progress_deadline(*numbered) && !has_progress(*numbered)) {
      const json found = found_set(name, world_.clock.wall());
      const auto told = co_await put_progress(*numbered, found);
      if (!told) co_return ApiFailure(told.error());
    }
    co_return true;
  }

  Task<Answer<json>> number_deployment(json deployment, std::int64_t revision) {
    if (revision_of_set(deployment) == revision) co_return deployment;
    json change = {
        {"metadata", {{"annotations", {{kRevisionAnnotation, std::to_string(revision)}}}}}};
    const std::string ns = fields::text(deployment["metadata"], "namespace");
    const std::string name = fields::text(deployment["metadata"], "name");
    co_return co_await client_.patch(resources::kDeployments, ns, name, std::move(change));
  }

  Task<Answer<json>> put_progress(json deployment, json condition) {
    json status = with_progress(deployment, condition);
    if (status == fields::object(deployment, "status")) co_return deployment;
    deployment["status"] = std::move(status);
    co_return co_await client_.update(resources::kDeployments, std::move(deployment), "status");
  }

  /// Whether anything was written.
  Task<Answer<bool>> resize(json deployment, DeploymentSets sets, std::vector<Resize> plan) {
    const RolloutLimits limits = rollout_limits(deployment["spec"]);
    std::vector<json> all = sets.olds;
    if (sets.current) all.push_back(*sets.current);
    bool any = false;
    for (const Resize& each : plan) {
      const auto set = std::find_if(all.begin(), all.end(), [&](const json& candidate) {
        return fields::text(candidate["metadata"], "name") == each.name;
      });
      if (set == all.end()) continue;
      json change = resize_patch(*set, each.replicas, limits);
      if (change.is_null()) continue;
      const std::int64_t before = fields::number((*set)["spec"], "replicas").value_or(1);
      const std::string ns = fields::text((*set)["metadata"], "namespace");
      const auto done =
          co_await client_.patch(resources::kReplicaSets, ns, each.name, std::move(change));
      if (!done) co_return ApiFailure(done.error());
      any = true;
      if (before == each.replicas) continue;
      const std::string way = before < each.replicas ? "Scaled up" : "Scaled down";
      co_await events_.normal(deployment, "ScalingReplicaSet",
                              way + " replica set " + each.name + " from " +
                                  std::to_string(before) + " to " + std::to_string(each.replicas));
    }
    co_return any;
  }

  Task<Answer<bool>> forget_history(json deployment, DeploymentSets sets) {
    const std::int64_t kept =
        fields::number(deployment["spec"], "revisionHistoryLimit").value_or(kHistoryKept);
    const std::string ns = fields::text(deployment["metadata"], "namespace");
    for (const json& old : sets_to_forget(sets, kept)) {
      Removal removal;
      removal.uid = fields::text(old["metadata"], "uid");
      const std::string name = fields::text(old["metadata"], "name");
      const auto done = co_await client_.remove(resources::kReplicaSets, ns, name, removal);
      if (!done && done.error().code != 404) co_return ApiFailure(done.error());
    }
    co_return true;
  }

  Task<Answer<LookAgain>> report(std::string ns, std::string name, bool rolls) {
    auto deployment = client_.get(resources::kDeployments, ns, name);
    if (!deployment) co_return LookAgain();
    const WallTime now = world_.clock.wall();
    json status = deployment_status(*deployment, sets_of(*deployment), rolls, now);
    const LookAgain again = rolls ? until_too_slow(*deployment, status, now) : std::nullopt;
    if (status != fields::object(*deployment, "status")) {
      (*deployment)["status"] = std::move(status);
      const auto done =
          co_await client_.update(resources::kDeployments, std::move(*deployment), "status");
      if (!done) co_return ApiFailure(done.error());
    }
    if (again && *again == Duration(0)) co_return LookAgain();
    co_return again;
  }

  ApiClient& client_;
  seam::World world_;
  EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> make_deployment_controller(ApiClient& client, seam::World world) {
  return std::make_unique<DeploymentController>(client, world);
}

}  // namespace skerry::standalone

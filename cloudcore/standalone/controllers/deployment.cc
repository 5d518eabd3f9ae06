#include "cloudcore/standalone/controllers/deployment.h"

#include <algorithm>

#include "cloudcore/standalone/controllers/deployment_plan.h"
#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kRevision = "deployment.kubernetes.io/revision";
constexpr std::int64_t kHistoryKept = 10;
constexpr auto kProgressCheck = std::chrono::seconds(30);

SetCount count_of(const json& set) {
  const json& status = fields::object(set, "status");
  SetCount out;
  out.name = fields::text(set["metadata"], "name");
  out.wanted = fields::number(set["spec"], "replicas").value_or(1);
  out.replicas = fields::number(status, "replicas").value_or(0);
  out.ready = fields::number(status, "readyReplicas").value_or(0);
  out.available = fields::number(status, "availableReplicas").value_or(0);
  return out;
}

/// Which set is of the template, and the others, oldest first.
struct Sets {
  std::optional<json> current;
  std::vector<json> olds;
};

Sets sort_sets(std::vector<json> sets, const json& pod_template) {
  std::stable_sort(sets.begin(), sets.end(), [](const json& a, const json& b) {
    return fields::time(a["metadata"], "creationTimestamp") <
           fields::time(b["metadata"], "creationTimestamp");
  });
  Sets out;
  for (json& set : sets) {
    const bool same =
        !out.current && same_template(fields::object(set["spec"], "template"), pod_template);
    if (same) {
      out.current = std::move(set);
    } else {
      out.olds.push_back(std::move(set));
    }
  }
  return out;
}

json new_set(const json& deployment, std::int64_t revision) {
  const json& metadata = deployment["metadata"];
  const json& spec = deployment["spec"];
  json pod_template = fields::object(spec, "template");
  const std::string hash = template_hash(
      pod_template,
      fields::number(fields::object(deployment, "status"), "collisionCount").value_or(0));
  pod_template["metadata"]["labels"]["pod-template-hash"] = hash;
  json selector = fields::object(spec, "selector");
  selector["matchLabels"]["pod-template-hash"] = hash;
  json annotations = fields::object(metadata, "annotations");
  annotations.erase("kubectl.kubernetes.io/last-applied-configuration");
  annotations[kRevision] = std::to_string(revision);
  json out = {{"apiVersion", "apps/v1"},
              {"kind", "ReplicaSet"},
              {"metadata",
               {{"name", fields::text(metadata, "name") + "-" + hash},
                {"namespace", fields::text(metadata, "namespace")},
                {"labels", pod_template["metadata"]["labels"]},
                {"annotations", std::move(annotations)},
                {"ownerReferences", json::array({controller_reference(deployment)})}}},
              {"spec", {{"replicas", 0}, {"selector", selector}, {"template", pod_template}}}};
  if (const auto min_ready = fields::number(spec, "minReadySeconds")) {
    out["spec"]["minReadySeconds"] = *min_ready;
  }
  return out;
}

class DeploymentController final : public Controller {
 public:
  DeploymentController(ApiClient& client, seam::World world) : client_(client), world_(world) {}

  std::string name() const override { return "deployment-controller"; }

  std::vector<ControllerSource> sources() override {
    const auto of_set = [this](const StoredObject& set) {
      std::vector<std::string> out;
      const auto owns = [&](const StoredObject& each) { return each.uid == set.controller; };
      for (const auto& each : client_.list(resources::kDeployments, set.ns, owns)) {
        out.push_back(each->ns + "/" + each->name);
      }
      return out;
    };
    return {{resources::kDeployments, own_key}, {resources::kReplicaSets, of_set}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    auto deployment = client_.get(resources::kDeployments, ns, name);
    if (!deployment) co_return LookAgain();
    const bool ends = (*deployment)["metadata"].contains("deletionTimestamp");
    const bool paused = fields::flag((*deployment)["spec"], "paused");
    if (!ends && !paused) {
      const auto rolled = co_await roll(*deployment);
      if (!rolled) co_return ApiFailure(rolled.error());
    }
    co_return co_await report(ns, name);
  }

 private:
  Sets sets_of(const json& deployment) const {
    const std::string ns = fields::text(deployment["metadata"], "namespace");
    const std::string uid = fields::text(deployment["metadata"], "uid");
    return sort_sets(client_.controlled(resources::kReplicaSets, ns, uid),
                     fields::object(deployment["spec"], "template"));
  }

  Task<Answer<bool>> roll(json deployment) {
    Sets sets = sets_of(deployment);
    const auto current = co_await ensure_current(deployment, sets);
    if (!current) co_return ApiFailure(current.error());
    std::vector<SetCount> olds;
    for (const json& old : sets.olds) olds.push_back(count_of(old));
    const RolloutLimits limits = rollout_limits(deployment["spec"]);
    const std::string ns = fields::text(deployment["metadata"], "namespace");
    const SetCount own = count_of(*current);
    for (const Resize& resize : plan_rollout(limits, own, olds)) {
      json change = {{"spec", {{"replicas", resize.replicas}}}};
      const auto done =
          co_await client_.patch(resources::kReplicaSets, ns, resize.name, std::move(change));
      if (!done) co_return ApiFailure(done.error());
    }
    co_return co_await forget_history(deployment, sets);
  }

  /// The set of the template, made when there is none, with the newest revision.
  Task<Answer<json>> ensure_current(json deployment, Sets sets) {
    std::int64_t newest = 0;
    for (const json& old : sets.olds) newest = std::max(newest, revision_of_set(old));
    const std::string ns = fields::text(deployment["metadata"], "namespace");
    Answer<json> current = json();
    if (!sets.current) {
      json wanted = new_set(deployment, newest + 1);
      current = co_await client_.create(resources::kReplicaSets, ns, std::move(wanted));
    } else if (revision_of_set(*sets.current) <= newest) {  // an earlier template came back
      json change = {{"metadata", {{"annotations", {{kRevision, std::to_string(newest + 1)}}}}}};
      const std::string name = fields::text((*sets.current)["metadata"], "name");
      current = co_await client_.patch(resources::kReplicaSets, ns, name, std::move(change));
    } else {
      current = std::move(*sets.current);
    }
    if (!current) co_return current;
    const std::string revision = std::to_string(revision_of_set(*current));
    if (std::to_string(revision_of_set(deployment)) != revision) {
      json change = {{"metadata", {{"annotations", {{kRevision, revision}}}}}};
      const std::string name = fields::text(deployment["metadata"], "name");
      const auto done =
          co_await client_.patch(resources::kDeployments, ns, name, std::move(change));
      if (!done) co_return ApiFailure(done.error());
    }
    co_return current;
  }

  Task<Answer<bool>> forget_history(json deployment, Sets sets) {
    const std::int64_t kept =
        fields::number(deployment["spec"], "revisionHistoryLimit").value_or(kHistoryKept);
    std::vector<json> empty;
    for (json& old : sets.olds) {
      const SetCount count = count_of(old);
      if (count.wanted == 0 && count.replicas == 0) empty.push_back(std::move(old));
    }
    std::stable_sort(empty.begin(), empty.end(), [](const json& a, const json& b) {
      return revision_of_set(a) < revision_of_set(b);
    });
    const std::string ns = fields::text(deployment["metadata"], "namespace");
    for (std::size_t i = 0; i + static_cast<std::size_t>(kept) < empty.size(); ++i) {
      Removal removal;
      removal.uid = fields::text(empty[i]["metadata"], "uid");
      const std::string name = fields::text(empty[i]["metadata"], "name");
      const auto done = co_await client_.remove(resources::kReplicaSets, ns, name, removal);
      if (!done && done.error().code != 404) co_return ApiFailure(done.error());
    }
    co_return true;
  }

  Task<Answer<LookAgain>> report(std::string ns, std::string name) {
    auto deployment = client_.get(resources::kDeployments, ns, name);
    if (!deployment) co_return LookAgain();
    const Sets sets = sets_of(*deployment);
    std::optional<SetCount> current;
    if (sets.current) current = count_of(*sets.current);
    std::vector<SetCount> olds;
    for (const json& old : sets.olds) olds.push_back(count_of(old));
    json status = deployment_status(*deployment, current, olds, world_.clock.wall());
    const bool complete =
        fields::text(status["conditions"].back(), "reason") == "NewReplicaSetAvailable";
    if (status != fields::object(*deployment, "status")) {
      (*deployment)["status"] = std::move(status);
      const auto done =
          co_await client_.update(resources::kDeployments, std::move(*deployment), "status");
      if (!done) co_return ApiFailure(done.error());
    }
    co_return complete ? LookAgain() : LookAgain(kProgressCheck);
  }

  ApiClient& client_;
  seam::World world_;
};

}  // namespace

std::unique_ptr<Controller> make_deployment_controller(ApiClient& client, seam::World world) {
  return std::make_unique<DeploymentController>(client, world);
}

}  // namespace skerry::standalone

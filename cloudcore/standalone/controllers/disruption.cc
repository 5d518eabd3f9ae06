#include "cloudcore/standalone/controllers/disruption.h"

#include <set>

#include "cloudcore/standalone/controllers/disruption_plan.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/selector.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

/// The controller among the owners; null: none.
json controller_of(const json& object) {
  for (const json& each : fields::list(fields::object(object, "metadata"), "ownerReferences")) {
    if (fields::flag(each, "controller")) return each;
  }
  return nullptr;
}

class DisruptionController final : public Controller {
 public:
  DisruptionController(ApiClient& client, seam::World world) : client_(client), world_(world) {}

  std::string name() const override { return "disruption-controller"; }

  std::vector<ControllerSource> sources() override {
    const auto of_pod = [this](const StoredObject& pod) { return budgets_of(pod); };
    const auto of_controller = [this](const StoredObject& object) {
      std::vector<std::string> out;
      for (const auto& each : client_.list(resources::kPodDisruptionBudgets, object.ns)) {
        out.push_back(each->ns + "/" + each->name);
      }
      return out;
    };
    return {{resources::kPodDisruptionBudgets, own_key},
            {resources::kPods, of_pod},
            {resources::kDeployments, of_controller},
            {resources::kReplicaSets, of_controller},
            {resources::kStatefulSets, of_controller}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    auto budget = client_.get(resources::kPodDisruptionBudgets, ns, name);
    if (!budget) co_return LookAgain();
    LookAgain again;
    json status = status_of(*budget, ns, again);
    if (status == fields::object(*budget, "status")) co_return again;
    (*budget)["status"] = std::move(status);
    const auto done =
        co_await client_.update(resources::kPodDisruptionBudgets, std::move(*budget), "status");
    if (!done) co_return ApiFailure(done.error());
    co_return again;
  }

 private:
  std::vector<std::string> budgets_of(const StoredObject& pod) const {
    std::vector<std::string> out;
    for (const auto& each : client_.list(resources::kPodDisruptionBudgets, pod.ns)) {
      const json budget = parsed(*each);
      const auto selector =
          k8s::LabelSelector::from_object(fields::at(fields::object(budget, "spec"), "selector"));
      const bool named =
          fields::object(fields::object(budget, "status"), "disruptedPods").contains(pod.name);
      if (named || (selector && selector->matches(pod.labels))) {
        out.push_back(each->ns + "/" + each->name);
      }
    }
    return out;
  }

  json status_of(const json& budget, const std::string& ns, LookAgain& again) const {
    const auto selector =
        k8s::LabelSelector::from_object(fields::at(fields::object(budget, "spec"), "selector"));
    if (!selector) {
      return failed_budget_status(budget, selector.error().what, world_.clock.wall());
    }
    std::vector<json> pods;
    const auto chosen = [&](const StoredObject& pod) { return selector->matches(pod.labels); };
    for (const auto& each : client_.list(resources::kPods, ns, chosen)) {
      pods.push_back(parsed(*each));
    }
    std::int64_t scales = 0;
    if (needs_scales(budget)) {
      const auto found = scales_of(pods, ns);
      if (!found) return failed_budget_status(budget, found.error(), world_.clock.wall());
      scales = *found;
    }
    const BudgetGoal goal = budget_goal(budget, scales, static_cast<std::int64_t>(pods.size()));
    const BudgetView view{budget, pods, goal, world_.clock.wall()};
    return budget_status(view, again);
  }

  /// What the controllers of these Pods want, each counted once.
  tl::expected<std::int64_t, std::string> scales_of(const std::vector<json>& pods,
                                                    const std::string& ns) const {
    std::set<std::string> seen;
    std::int64_t sum = 0;
    for (const json& pod : pods) {
      json owner = controller_of(pod);
      if (owner.is_null()) continue;  // nobody says how many there should be
      auto object = read_owner(owner, ns);
      if (object && fields::text(owner, "kind") == "ReplicaSet") {
        const json above = controller_of(*object);
        const bool rolled_out = fields::text(above, "kind") == "Deployment";
        if (rolled_out) {
          owner = above;
          object = read_owner(above, ns);
        }
      }
      if (!seen.insert(fields::text(owner, "uid")).second || !object) continue;
      const auto replicas = fields::number(fields::object(*object, "spec"), "replicas");
      if (!replicas) {
        return tl::unexpected(fields::text(owner, "kind") + " " + fields::text(owner, "name") +
                              " does not implement the scale subresource");
      }
      sum += *replicas;
    }
    return sum;
  }

  std::optional<json> read_owner(const json& owner, const std::string& ns) const {
    const std::string version = fields::text(owner, "apiVersion");
    const std::size_t slash = version.find('/');
    const GroupVersion gv = slash == std::string::npos
                                ? GroupVersion{"", version}
                                : GroupVersion{version.substr(0, slash), version.substr(slash + 1)};
    const auto row = client_.kinds().find_kind(gv, fields::text(owner, "kind"));
    if (!row) return std::nullopt;
    auto object = client_.get({row->gv, row->plural}, ns, fields::text(owner, "name"));
    const bool same =
        object && fields::text((*object)["metadata"], "uid") == fields::text(owner, "uid");
    if (!same) return std::nullopt;
    return object;
  }

  ApiClient& client_;
  seam::World world_;
};

}  // namespace

std::unique_ptr<Controller> make_disruption_controller(ApiClient& client, seam::World world) {
  return std::make_unique<DisruptionController>(client, world);
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/controllers/replica_set.h"

#include <set>

#include "cloudcore/standalone/controllers/claims.h"
#include "cloudcore/standalone/controllers/event_recorder.h"
#include "cloudcore/standalone/controllers/replica_set_plan.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kName = "replicaset-controller";

class ReplicaSetController final : public Controller {
 public:
  ReplicaSetController(ApiClient& client, seam::World world)
      : client_(client), world_(world), events_(client, world, kName) {}

  std::string name() const override { return kName; }

  std::vector<ControllerSource> sources() override {
    return {{resources::kReplicaSets, own_key},
            {resources::kPods, keys_of_owners(client_, resources::kReplicaSets)}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    const auto set = client_.get(resources::kReplicaSets, ns, name);
    if (!set) co_return LookAgain();
    const auto selector = selector_of(*set);
    if (!selector) co_return LookAgain();
    ClaimRule rule{resources::kPods, *selector, not_ended};
    auto pods = co_await claim(client_, *set, rule);
    if (!pods) co_return ApiFailure(pods.error());
    Scaled scaled;
    if (!is_terminating(*set)) {
      scaled = co_await scale(*set, *pods);
      const std::string uid = fields::text((*set)["metadata"], "uid");
      pods = client_.controlled(resources::kPods, ns, uid);
    }
    ReplicaStatus now = replica_status(*set, *pods, scaled.failure, world_.clock.wall());
    if (now.status != fields::object(*set, "status")) {
      json changed = *set;
      changed["status"] = std::move(now.status);
      const auto done =
          co_await client_.update(resources::kReplicaSets, std::move(changed), "status");
      if (!done) co_return ApiFailure(done.error());
    }
    if (scaled.error) co_return ApiFailure(*scaled.error);
    co_return now.again;
  }

 private:
  struct Scaled {
    ReplicaFailure failure;
    std::optional<ApiError> error;
  };

  static bool not_ended(const StoredObject& pod) {
    const auto phase = pod.fields.find("status.phase");
    return phase == pod.fields.end() || (phase->second != "Succeeded" && phase->second != "Failed");
  }

  /// Active Pods of the set and of all sets with the same controller.
  PodsOnNodes related(const json& set) const {
    const json& metadata = set["metadata"];
    const std::string ns = fields::text(metadata, "namespace");
    std::string controller;
    for (const json& each : fields::list(metadata, "ownerReferences")) {
      if (fields::flag(each, "controller")) controller = fields::text(each, "uid");
    }
    std::set<std::string> sets = {fields::text(metadata, "uid")};
    if (!controller.empty()) {
      const auto sibling = [&](const StoredObject& each) { return each.controller == controller; };
      for (const auto& each : client_.list(resources::kReplicaSets, ns, sibling)) {
        sets.insert(each->uid);
      }
    }
    PodsOnNodes out;
    const auto counts = [&](const StoredObject& pod) {
      return sets.contains(pod.controller) && not_ended(pod);
    };
    for (const auto& pod : client_.list(resources::kPods, ns, counts)) {
      const auto node = pod->fields.find("spec.nodeName");
      if (node != pod->fields.end() && !node->second.empty()) ++out[node->second];
    }
    return out;
  }

  /// The first Pod that cannot be made or removed ends it: the others would fare alike.
  Task<Scaled> scale(json set, std::vector<json> pods) {
    const WallTime now = world_.clock.wall();
    ReplicaPlan plan = plan_replicas(set, pods, {}, now);
    if (!plan.remove.empty()) plan = plan_replicas(set, std::move(pods), related(set), now);
    const std::string ns = fields::text(set["metadata"], "namespace");
    for (std::size_t i = 0; i < plan.create; ++i) {
      json pod = pod_from_template(set, fields::object(set["spec"], "template"));
      const auto made = co_await client_.create(resources::kPods, ns, std::move(pod));
      if (!made) co_return co_await failed(set, "Create", made.error());
      co_await events_.normal(set, "SuccessfulCreate",
                              "Created pod: " + fields::text((*made)["metadata"], "name"));
    }
    for (const json& pod : plan.remove) {
      Removal removal;
      removal.uid = fields::text(pod["metadata"], "uid");
      const std::string name = fields::text(pod["metadata"], "name");
      const auto done = co_await client_.remove(resources::kPods, ns, name, removal);
      if (!done && done.error().code == 404) continue;
      if (!done) co_return co_await failed(set, "Delete", done.error());
      co_await events_.normal(set, "SuccessfulDelete", "Deleted pod: " + name);
    }
    co_return Scaled();
  }

  Task<Scaled> failed(json set, std::string what, ApiError error) {
    const std::string doing = what == "Create" ? "Error creating: " : "Error deleting: ";
    co_await events_.warning(std::move(set), "Failed" + what, doing + error.message);
    Scaled out;
    out.failure.reason = "Failed" + what;
    out.failure.message = error.message;
    out.error = std::move(error);
    co_return out;
  }

  ApiClient& client_;
  seam::World world_;
  EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> make_replica_set_controller(ApiClient& client, seam::World world) {
  return std::make_unique<ReplicaSetController>(client, world);
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/controllers/node_lifecycle.h"

#include <map>
#include <set>

#include "cloudcore/standalone/controllers/node_health.h"
#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kLeaseNamespace = "kube-node-lease";
constexpr auto kFleetKept = std::chrono::seconds(1);
constexpr auto kAwayCheck = std::chrono::seconds(5);  // while a Node is not ready

class NodeLifecycle final : public Controller {
 public:
  NodeLifecycle(ApiClient& client, seam::World world) : client_(client), world_(world) {}

  std::string name() const override { return "node-controller"; }

  std::vector<ControllerSource> sources() override {
    const auto of_lease = [](const StoredObject& lease) -> std::vector<std::string> {
      if (lease.ns != kLeaseNamespace) return {};
      return {"/" + lease.name};
    };
    return {{resources::kNodes, own_key}, {resources::kLeases, of_lease}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const std::string name = split_key(key).second;
    auto node = client_.get(resources::kNodes, "", name);
    if (!node) {
      heard_.erase(name);
      marked_.erase(name);
      co_return LookAgain();
    }
    const Duration silence = world_.clock.now() - listen(name, *node);
    if (silence >= kNodeGrace && readiness(*node) != "Unknown") {
      json change = {
          {"metadata", {{"uid", fields::text((*node)["metadata"], "uid")}}},
          {"status", {{"conditions", conditions_in_silence(*node, world_.clock.wall())}}}};
      auto done = co_await client_.patch(resources::kNodes, "", name, std::move(change), "status");
      if (!done) co_return ApiFailure(done.error());
      node = std::move(*done);
      heard_[name].signs = signs_of(name, *node);
    }
    const bool away = readiness(*node) != "True";
    const auto tainted = co_await taint(*node);
    if (!tainted) co_return ApiFailure(tainted.error());
    if (!away) marked_.erase(name);
    if (away && !readiness(*node).empty()) {
      if (!marked_.insert(name).second) co_return LookAgain(kAwayCheck);
      const auto marked = co_await mark_pods(name);
      if (!marked) {
        marked_.erase(name);
        co_return ApiFailure(marked.error());
      }
      co_return LookAgain(kAwayCheck);
    }
    co_return LookAgain(std::max<Duration>(kNodeGrace - silence, std::chrono::seconds(1)));
  }

 private:
  struct Heard {
    std::string signs;
    TimePoint at{};
  };

  std::string signs_of(const std::string& name, const json& node) const {
    const ObjectPlace place{resources::kLeases.prefix(), kLeaseNamespace, name};
    const StoredObjectPtr lease = client_.store().get(place);
    return std::to_string(lease ? lease->revision : 0) +
           fields::list(fields::object(node, "status"), "conditions").dump();
  }

  /// When the Node was heard of last.
  TimePoint listen(const std::string& name, const json& node) {
    std::string signs = signs_of(name, node);
    Heard& heard = heard_[name];
    if (heard.signs != signs) heard = {std::move(signs), world_.clock.now()};
    return heard.at;
  }

  /// Read once for all Nodes that are looked at in one second: with many away, each asks.
  const FleetHealth& fleet() {
    const TimePoint now = world_.clock.now();
    if (fleet_.nodes > 0 && now < fleet_read_ + kFleetKept) return fleet_;
    fleet_ = {};
    fleet_read_ = now;
    for (const auto& each : client_.list(resources::kNodes, "")) {
      ++fleet_.nodes;
      if (readiness(parsed(*each)) != "True") ++fleet_.away;
    }
    return fleet_;
  }

  Task<Answer<bool>> taint(json node) {
    TaintWish wish;
    if (readiness(node) != "True") {
      const FleetHealth& all = fleet();
      const auto interval = eviction_interval(all);
      wish.spare = all.away >= all.nodes;
      wish.execute = interval && world_.clock.now() >= last_eviction_ + *interval;
    }
    json wanted = taints_wanted(node, wish, world_.clock.wall());
    const json& current = fields::list(fields::object(node, "spec"), "taints");
    if (wanted == current) co_return false;
    const auto executes = [](const json& taints) {
      std::size_t count = 0;
      for (const json& each : taints) count += fields::text(each, "effect") == "NoExecute" ? 1 : 0;
      return count;
    };
    if (executes(wanted) > executes(current)) last_eviction_ = world_.clock.now();
    if (wanted.empty()) {
      node["spec"].erase("taints");
    } else {
      node["spec"]["taints"] = std::move(wanted);
    }
    const auto done = co_await client_.update(resources::kNodes, std::move(node));
    if (!done) co_return ApiFailure(done.error());
    co_return true;
  }

  /// What runs on a Node that is away may run, but nobody knows: it gets no traffic.
  Task<Answer<bool>> mark_pods(std::string node) {
    const auto here = [&](const StoredObject& pod) {
      const auto found = pod.fields.find("spec.nodeName");
      return found != pod.fields.end() && found->second == node;
    };
    const std::vector<StoredObjectPtr> pods = client_.list(resources::kPods, "", here);
    for (const StoredObjectPtr& object : pods) {
      const json pod = parsed(*object);
      if (!is_ready(pod)) continue;
      json conditions = fields::list(fields::object(pod, "status"), "conditions");
      for (json& each : conditions) {
        if (fields::text(each, "type") != "Ready") continue;
        each["status"] = "False";
        each["lastTransitionTime"] = k8s::format_time(world_.clock.wall());
      }
      json change = {
          {"metadata",
           {{"uid", object->uid}, {"resourceVersion", pod["metadata"]["resourceVersion"]}}},
          {"status", {{"conditions", std::move(conditions)}}}};
      const auto done = co_await client_.patch(resources::kPods, object->ns, object->name,
                                               std::move(change), "status");
      if (!done && done.error().code != 404) co_return ApiFailure(done.error());
    }
    co_return true;
  }

  ApiClient& client_;
  seam::World world_;
  std::map<std::string, Heard> heard_;
  std::set<std::string> marked_;  // Nodes that are away, whose Pods are marked
  FleetHealth fleet_;
  TimePoint fleet_read_{};
  TimePoint last_eviction_{};
};

}  // namespace

std::unique_ptr<Controller> make_node_lifecycle_controller(ApiClient& client, seam::World world) {
  return std::make_unique<NodeLifecycle>(client, world);
}

}  // namespace skerry::standalone

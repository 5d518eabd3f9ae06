#include "cloudcore/standalone/controllers/daemon_set.h"

#include <algorithm>
#include <map>

#include "cloudcore/standalone/controllers/claims.h"
#include "cloudcore/standalone/controllers/daemon_set_plan.h"
#include "cloudcore/standalone/controllers/event_recorder.h"
#include "cloudcore/standalone/controllers/pods.h"
#include "cloudcore/standalone/controllers/revision_history.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kName = "daemonset-controller";
constexpr Duration kEndedDelayFirst = 1s;
constexpr Duration kEndedDelayLast = 15min;

/// When a Pod that ended on a Node is replaced: ever later, so that a Node that refuses it is not
/// asked without end.
class EndedPods {
 public:
  /// Zero: now.
  Duration left(const std::string& place, TimePoint now) {
    const auto found = waits_.find(place);
    if (found == waits_.end()) return Duration(0);
    return std::max(Duration(0), found->second.last + found->second.delay - now);
  }
  void replaced(const std::string& place, TimePoint now) {
    std::erase_if(waits_,
                  [&](const auto& each) { return now - each.second.last > 2 * kEndedDelayLast; });
    Wait& wait = waits_[place];
    wait.delay = std::clamp(wait.delay * 2, kEndedDelayFirst, kEndedDelayLast);
    wait.last = now;
  }

 private:
  struct Wait {
    Duration delay{0};
    TimePoint last;
  };
  std::map<std::string, Wait> waits_;  // one for each Node and set that failed of late
};

class DaemonSetController final : public Controller {
 public:
  DaemonSetController(ApiClient& client, seam::World world)
      : client_(client),
        world_(world),
        events_(client, world, kName),
        history_(client, resources::kDaemonSets, kDaemonHashLabel) {}

  std::string name() const override { return kName; }

  std::vector<ControllerSource> sources() override {
    const auto of_node = [this](const StoredObject& node) { return sets_if_changed(node); };
    return {{resources::kDaemonSets, own_key},
            {resources::kPods, keys_of_owners(client_, resources::kDaemonSets)},
            {resources::kControllerRevisions, keys_of_owners(client_, resources::kDaemonSets)},
            {resources::kNodes, of_node}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    const auto set = client_.get(resources::kDaemonSets, ns, name);
    if (!set) co_return LookAgain();
    const auto selector = selector_of(*set);
    if (!selector) {
      co_await events_.warning(*set, "SelectingAll",
                               "This daemon set is selecting all pods. A non-empty selector is "
                               "required.");
      co_return LookAgain();
    }
    if (is_terminating(*set)) co_return LookAgain();
    const auto revisions = co_await history_.sync(*set);
    if (!revisions) co_return ApiFailure(revisions.error());
    ClaimRule rule{resources::kPods, *selector, nullptr};
    const auto pods = co_await claim(client_, *set, rule);
    if (!pods) co_return ApiFailure(pods.error());
    const std::string hash = hash_of(revisions->update);
    const auto managed = co_await manage(*set, *pods, hash);
    if (!managed) co_return ApiFailure(managed.error());
    const auto reported = co_await report(ns, name, hash);
    if (!reported) co_return reported;
    const auto cleaned = co_await forget_history(*set, revisions->all, hash);
    if (!cleaned) co_return ApiFailure(cleaned.error());
    co_return sooner(*managed, *reported);
  }

 private:
  static LookAgain sooner(LookAgain a, LookAgain b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
  }

  static std::string hash_of(const json& revision) {
    return fields::text(fields::object(revision["metadata"], "labels"), kDaemonHashLabel);
  }

  /// All sets, when what decides who runs on the Node is another than before: its heartbeats do
  /// not count.
  std::vector<std::string> sets_if_changed(const StoredObject& node) {
    const auto now = client_.get(resources::kNodes, "", node.name);
    std::string decides;
    if (now) {
      const json& spec = fields::object(*now, "spec");
      decides =
          fields::object((*now)["metadata"], "labels").dump() + fields::list(spec, "taints").dump();
    }
    std::string& known = nodes_[node.name];
    const bool same = known == decides;
    known = decides;
    if (decides.empty()) nodes_.erase(node.name);
    std::vector<std::string> out;
    if (same) return out;
    for (const StoredObjectPtr& set : client_.list(resources::kDaemonSets, "")) {
      out.push_back(set->ns + "/" + set->name);
    }
    return out;
  }

  std::vector<json> nodes() const {
    std::vector<json> out;
    for (const StoredObjectPtr& node : client_.list(resources::kNodes, "")) {
      out.push_back(parsed(*node));
    }
    return out;
  }

  Task<Answer<LookAgain>> manage(json set, std::vector<json> pods, std::string hash) {
    const std::vector<json> all = nodes();
    const WallTime now = world_.clock.wall();
    const DaemonPlan plan = plan_daemons(set, daemon_nodes(set, all, pods), hash, now);
    const auto done = co_await act(set, plan, hash);
    if (!done) co_return done;
    const std::string ns = fields::text(set["metadata"], "namespace");
    const std::string uid = fields::text(set["metadata"], "uid");
    pods = client_.controlled(resources::kPods, ns, uid);
    const DaemonPlan rollout = plan_daemon_rollout(set, daemon_nodes(set, all, pods), hash, now);
    const auto rolled = co_await act(set, rollout, hash);
    if (!rolled) co_return rolled;
    co_return *done;
  }

  Task<Answer<LookAgain>> act(json set, DaemonPlan plan, std::string hash) {
    LookAgain again;
    const std::string ns = fields::text(set["metadata"], "namespace");
    for (const std::string& node : plan.create_on) {
      json pod = daemon_pod(set, node, hash);
      const auto made = co_await client_.create(resources::kPods, ns, std::move(pod));
      if (!made) {
        co_await events_.warning(set, "FailedCreate", "Error creating: " + made.error().message);
        co_return ApiFailure(made.error());
      }
      co_await events_.normal(set, "SuccessfulCreate",
                              "Created pod: " + fields::text((*made)["metadata"], "name"));
    }
    for (const json& pod : plan.ended) {
      const std::string node = daemon_node_of(pod);
      const std::string place = fields::text(set["metadata"], "uid") + "/" + node;
      const TimePoint now = world_.clock.now();
      if (const Duration left = ended_.left(place, now); left > Duration(0)) {
        again = sooner(again, left);
        continue;
      }
      ended_.replaced(place, now);
      co_await tell_ended(set, pod, node);
      plan.remove.push_back(pod);
    }
    for (const json& pod : plan.remove) {
      Removal removal;
      removal.uid = fields::text(pod["metadata"], "uid");
      const std::string name = fields::text(pod["metadata"], "name");
      const auto done = co_await client_.remove(resources::kPods, ns, name, removal);
      if (!done && done.error().code == 404) continue;
      if (!done) {
        co_await events_.warning(set, "FailedDelete", "Error deleting: " + done.error().message);
        co_return ApiFailure(done.error());
      }
      co_await events_.normal(set, "SuccessfulDelete", "Deleted pod: " + name);
    }
    co_return again;
  }

  Task<void> tell_ended(json set, json pod, std::string node) {
    const std::string where = fields::text(pod["metadata"], "namespace") + "/" +
                              fields::text(pod["metadata"], "name") + " on node " + node;
    if (phase_of(pod) == "Failed") {
      co_await events_.warning(set, "FailedDaemonPod",
                               "Found failed daemon pod " + where + ", will try to kill it");
    } else {
      co_await events_.normal(set, "SucceededDaemonPod",
                              "Found succeeded daemon pod " + where + ", will try to delete it");
    }
  }

  Task<Answer<LookAgain>> report(std::string ns, std::string name, std::string hash) {
    auto set = client_.get(resources::kDaemonSets, ns, name);
    if (!set) co_return LookAgain();
    const std::string uid = fields::text((*set)["metadata"], "uid");
    const auto pods = client_.controlled(resources::kPods, ns, uid);
    DaemonStatus now =
        daemon_status(*set, daemon_nodes(*set, nodes(), pods), hash, world_.clock.wall());
    if (now.status != fields::object(*set, "status")) {
      (*set)["status"] = std::move(now.status);
      const auto done = co_await client_.update(resources::kDaemonSets, std::move(*set), "status");
      if (!done) co_return ApiFailure(done.error());
    }
    co_return now.again;
  }

  Task<Answer<bool>> forget_history(json set, std::vector<json> all, std::string hash) {
    const std::string ns = fields::text(set["metadata"], "namespace");
    const std::string uid = fields::text(set["metadata"], "uid");
    std::set<std::string> hashes = {hash};
    const auto own = [&](const StoredObject& pod) { return pod.controller == uid; };
    for (const StoredObjectPtr& pod : client_.list(resources::kPods, ns, own)) {
      const auto label = pod->labels.find(kDaemonHashLabel);
      if (label != pod->labels.end()) hashes.insert(label->second);
    }
    std::set<std::string> used;
    for (const json& each : all) {
      if (hashes.contains(hash_of(each))) used.insert(fields::text(each["metadata"], "name"));
    }
    co_return co_await history_.forget(set, all, used);
  }

  ApiClient& client_;
  seam::World world_;
  EventRecorder events_;
  RevisionHistory history_;
  EndedPods ended_;
  std::map<std::string, std::string> nodes_;  // what decides who runs there, by name
};

}  // namespace

std::unique_ptr<Controller> make_daemon_set_controller(ApiClient& client, seam::World world) {
  return std::make_unique<DaemonSetController>(client, world);
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/controllers/taint_eviction.h"

#include <algorithm>
#include <map>

#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr auto kAbsenceTolerated = std::chrono::seconds(300);  // as DefaultTolerationSeconds adds

std::vector<Taint> executing(const json& node) {
  std::vector<Taint> out = taints_of(node);
  std::erase_if(out, [](const Taint& taint) { return taint.effect != "NoExecute"; });
  return out;
}

std::string node_of(const StoredObject& pod) {
  const auto found = pod.fields.find("spec.nodeName");
  return found == pod.fields.end() ? std::string() : found->second;
}

class TaintEviction final : public Controller {
 public:
  TaintEviction(ApiClient& client, seam::World world) : client_(client), world_(world) {}

  std::string name() const override { return "taint-eviction-controller"; }

  std::vector<ControllerSource> sources() override {
    const auto of_node = [this](const StoredObject& node) -> std::vector<std::string> {
      // Heartbeats come often; most Nodes have no such taint.
      if (node.json->find("NoExecute") == std::string::npos) return {};
      std::vector<std::string> out;
      const auto here = [&](const StoredObject& pod) { return node_of(pod) == node.name; };
      for (const auto& pod : client_.list(resources::kPods, "", here)) {
        out.push_back(pod->ns + "/" + pod->name);
      }
      return out;
    };
    const auto of_pod = [](const StoredObject& pod) -> std::vector<std::string> {
      if (node_of(pod).empty()) return {};
      return own_key(pod);
    };
    return {{resources::kNodes, of_node}, {resources::kPods, of_pod}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    const ObjectPlace place{resources::kPods.prefix(), ns, name};
    const StoredObjectPtr object = client_.store().get(place);
    const std::vector<Taint> taints = object ? taints_over(*object) : std::vector<Taint>();
    if (taints.empty()) {
      since_.erase(key);
      co_return LookAgain();
    }
    const json pod = parsed(*object);
    const Stay stay = stay_under(taints, tolerations_of(pod));
    if (!stay.limit || pod["metadata"].contains("deletionTimestamp")) {
      since_.erase(key);
      co_return LookAgain();
    }
    auto& since = since_[key];
    if (since.first != object->uid) since = {object->uid, world_.clock.now()};
    const Duration left = since.second + *stay.limit - world_.clock.now();
    if (left > Duration(0)) co_return LookAgain(left);
    const auto gone = co_await evict(pod);
    if (!gone) co_return ApiFailure(gone.error());
    since_.erase(key);
    co_return LookAgain();
  }

 private:
  std::vector<Taint> taints_over(const StoredObject& pod) const {
    const ObjectPlace place{resources::kNodes.prefix(), "", node_of(pod)};
    const StoredObjectPtr node = client_.store().get(place);
    if (!node || node->json->find("NoExecute") == std::string::npos) return {};
    return executing(parsed(*node));
  }

  Task<Answer<bool>> evict(json pod) {
    const json& metadata = pod["metadata"];
    const std::string ns = fields::text(metadata, "namespace");
    const std::string name = fields::text(metadata, "name");
    const std::string uid = fields::text(metadata, "uid");
    json conditions = disruption_conditions(pod, "DeletionByTaintManager",
                                            "Taint manager: deleting due to NoExecute taint",
                                            world_.clock.wall());
    json change = {{"metadata", {{"uid", uid}, {"resourceVersion", metadata["resourceVersion"]}}},
                   {"status", {{"conditions", std::move(conditions)}}}};
    const auto told =
        co_await client_.patch(resources::kPods, ns, name, std::move(change), "status");
    if (!told) co_return ApiFailure(told.error());
    Removal removal;
    removal.uid = uid;
    const auto done = co_await client_.remove(resources::kPods, ns, name, removal);
    if (!done && done.error().code != 404) co_return ApiFailure(done.error());
    co_return true;
  }

  ApiClient& client_;
  seam::World world_;
  std::map<std::string, std::pair<std::string, TimePoint>>
      since_;  // Pod -> its uid, the first look
};

}  // namespace

Stay stay_under(const std::vector<Taint>& taints, const std::vector<Toleration>& tolerations) {
  Stay out;
  const auto at_most = [&](Duration limit) {
    const Duration own = std::max<Duration>(limit, Duration(0));
    out.limit = out.limit ? std::min(*out.limit, own) : own;
  };
  for (const Taint& taint : taints) {
    bool any = false;
    for (const Toleration& each : tolerations) {
      if (!each.tolerates(taint)) continue;
      any = true;
      if (each.seconds) at_most(std::chrono::seconds(*each.seconds));
    }
    if (any) continue;
    const bool absence =
        taint.key == taint_keys::kNotReady || taint.key == taint_keys::kUnreachable;
    at_most(absence ? Duration(kAbsenceTolerated) : Duration(0));
  }
  return out;
}

std::unique_ptr<Controller> make_taint_eviction_controller(ApiClient& client, seam::World world) {
  return std::make_unique<TaintEviction>(client, world);
}

}  // namespace skerry::standalone

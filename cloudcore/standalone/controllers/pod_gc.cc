#include "cloudcore/standalone/controllers/pod_gc.h"

#include <algorithm>

#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

const std::string& field(const StoredObject& pod, const char* name) {
  static const std::string none;
  const auto found = pod.fields.find(name);
  return found == pod.fields.end() ? none : found->second;
}

bool ended(const StoredObject& pod) {
  const std::string& phase = field(pod, "status.phase");
  return phase == "Succeeded" || phase == "Failed";
}

class PodGc final : public Controller {
 public:
  PodGc(ApiClient& client, seam::World world) : client_(client), world_(world) {}

  std::string name() const override { return "pod-garbage-collector"; }

  std::vector<ControllerSource> sources() override {
    const auto all = [](const StoredObject&) { return std::vector<std::string>{"all"}; };
    return {{resources::kNamespaces, all}};  // there is always one: the round begins, and goes on
  }

  Task<Answer<LookAgain>> reconcile(std::string) override {
    const std::vector<StoredObjectPtr> pods = client_.list(resources::kPods, "");
    const PodGcPlan plan = plan_pod_gc(pods, nodes_gone(pods), kEndedPodsMax);
    for (const StoredObjectPtr& pod : plan.orphans) {
      const auto failed = co_await fail_orphan(pod);
      if (!failed) co_return ApiFailure(failed.error());
      const auto done = co_await remove(pod);
      if (!done) co_return ApiFailure(done.error());
    }
    for (const StoredObjectPtr& pod : plan.others) {
      const auto done = co_await remove(pod);
      if (!done) co_return ApiFailure(done.error());
    }
    co_return LookAgain(kPodGcInterval);
  }

 private:
  /// A Node may be made anew: it counts as gone when it is missing for some time.
  std::set<std::string> nodes_gone(const std::vector<StoredObjectPtr>& pods) {
    std::set<std::string> named;
    for (const StoredObjectPtr& pod : pods) {
      if (!field(*pod, "spec.nodeName").empty()) named.insert(field(*pod, "spec.nodeName"));
    }
    std::set<std::string> out;
    std::map<std::string, TimePoint> missing;
    for (const std::string& name : named) {
      const ObjectPlace place{resources::kNodes.prefix(), "", name};
      if (client_.store().get(place)) continue;
      const auto known = missing_.find(name);
      const TimePoint since = known == missing_.end() ? world_.clock.now() : known->second;
      missing[name] = since;
      if (world_.clock.now() - since >= kOrphanPatience) out.insert(name);
    }
    missing_ = std::move(missing);
    return out;
  }

  Task<Answer<bool>> fail_orphan(StoredObjectPtr object) {
    if (ended(*object)) co_return true;
    const json pod = parsed(*object);
    json conditions = disruption_conditions(pod, "DeletionByPodGC", "PodGC: node no longer exists",
                                            world_.clock.wall());
    json change = {
        {"metadata",
         {{"uid", object->uid}, {"resourceVersion", pod["metadata"]["resourceVersion"]}}},
        {"status", {{"phase", "Failed"}, {"conditions", std::move(conditions)}}}};
    const auto done = co_await client_.patch(resources::kPods, object->ns, object->name,
                                             std::move(change), "status");
    if (!done && done.error().code != 404) co_return ApiFailure(done.error());
    co_return true;
  }

  Task<Answer<bool>> remove(StoredObjectPtr pod) {
    Removal removal;
    removal.uid = pod->uid;
    removal.grace_seconds = 0;
    const auto done = co_await client_.remove(resources::kPods, pod->ns, pod->name, removal);
    const bool usual = !done && (done.error().code == 404 || done.error().code == 409);
    if (!done && !usual) co_return ApiFailure(done.error());
    co_return true;
  }

  ApiClient& client_;
  seam::World world_;
  std::map<std::string, TimePoint> missing_;
};

}  // namespace

PodGcPlan plan_pod_gc(const std::vector<StoredObjectPtr>& pods,
                      const std::set<std::string>& nodes_gone,
                      std::size_t ended_max) {
  PodGcPlan out;
  std::vector<std::pair<std::string, StoredObjectPtr>> over;  // by creation
  for (const StoredObjectPtr& pod : pods) {
    const std::string& node = field(*pod, "spec.nodeName");
    const bool may_leave = pod->json->find("\"deletionTimestamp\"") != std::string::npos;
    if (nodes_gone.contains(node)) {
      out.orphans.push_back(pod);
    } else if (node.empty() && may_leave &&
               parsed(*pod)["metadata"].contains("deletionTimestamp")) {
      out.others.push_back(pod);
    } else if (ended(*pod)) {
      over.emplace_back(std::string(), pod);
    }
  }
  if (over.size() <= ended_max) return out;
  for (auto& [created, pod] : over) {
    created = fields::text(parsed(*pod)["metadata"], "creationTimestamp");
  }
  std::sort(over.begin(), over.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first, a.second->name) < std::tie(b.first, b.second->name);
  });
  over.resize(over.size() - ended_max);
  for (auto& [created, pod] : over) out.others.push_back(std::move(pod));
  return out;
}

std::unique_ptr<Controller> make_pod_gc_controller(ApiClient& client, seam::World world) {
  return std::make_unique<PodGc>(client, world);
}

}  // namespace skerry::standalone

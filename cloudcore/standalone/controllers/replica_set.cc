#include "cloudcore/standalone/controllers/replica_set.h"

#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/selector.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::size_t kBurstMax = 500;  // pods made or removed in one look

struct Counts {
  std::size_t active = 0;
  std::int64_t ready = 0;
  std::int64_t available = 0;
  std::int64_t labelled = 0;  // with all labels of the template
  LookAgain again;            // when the next one becomes available
};

Counts count(const std::vector<json>& pods, const json& set, WallTime now) {
  Counts out;
  const json& spec = fields::object(set, "spec");
  const Duration min_ready = fields::seconds(spec, "minReadySeconds", 0);
  const json& labels =
      fields::object(fields::object(fields::object(spec, "template"), "metadata"), "labels");
  for (const json& pod : pods) {
    if (!is_active(pod)) continue;
    ++out.active;
    const json& own = fields::object(fields::object(pod, "metadata"), "labels");
    bool all = true;
    for (const auto& [key, value] : labels.items()) all = all && fields::at(own, key) == value;
    if (all) ++out.labelled;
    const auto left = until_available(pod, min_ready, now);
    if (!left) continue;
    ++out.ready;
    if (*left == Duration(0)) {
      ++out.available;
    } else if (!out.again || *left < *out.again) {
      out.again = *left;
    }
  }
  return out;
}

json status_of(const json& set, const Counts& counts) {
  json status = fields::object(set, "status");
  const auto put = [&](const char* field, std::int64_t value) {
    if (value > 0) {
      status[field] = value;
    } else {
      status.erase(field);
    }
  };
  status["replicas"] = counts.active;
  put("fullyLabeledReplicas", counts.labelled);
  put("readyReplicas", counts.ready);
  put("availableReplicas", counts.available);
  put("observedGeneration",
      fields::number(fields::object(set, "metadata"), "generation").value_or(0));
  return status;
}

class ReplicaSetController final : public Controller {
 public:
  ReplicaSetController(ApiClient& client, seam::World world) : client_(client), world_(world) {}

  std::string name() const override { return "replicaset-controller"; }

  std::vector<ControllerSource> sources() override {
    const auto of_pod = [this](const StoredObject& pod) { return sets_of(pod); };
    return {{resources::kReplicaSets, own_key}, {resources::kPods, of_pod}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    const auto set = client_.get(resources::kReplicaSets, ns, name);
    if (!set) co_return LookAgain();
    const std::string uid = fields::text((*set)["metadata"], "uid");
    std::vector<json> pods = client_.controlled(resources::kPods, ns, uid);
    if (!(*set)["metadata"].contains("deletionTimestamp")) {
      const auto adopted = co_await adopt(*set, pods);
      if (!adopted) co_return ApiFailure(adopted.error());
      const auto scaled = co_await scale(*set, pods);
      if (!scaled) co_return ApiFailure(scaled.error());
      pods = client_.controlled(resources::kPods, ns, uid);
    }
    const Counts counts = count(pods, *set, world_.clock.wall());
    const json status = status_of(*set, counts);
    if (status != fields::object(*set, "status")) {
      json changed = *set;
      changed["status"] = status;
      const auto done =
          co_await client_.update(resources::kReplicaSets, std::move(changed), "status");
      if (!done) co_return ApiFailure(done.error());
    }
    co_return counts.again;
  }

 private:
  std::vector<std::string> sets_of(const StoredObject& pod) const {
    std::vector<std::string> out;
    const auto wanted = [&](const StoredObject& set) {
      return pod.controller.empty() || set.uid == pod.controller;
    };
    for (const StoredObjectPtr& set : client_.list(resources::kReplicaSets, pod.ns, wanted)) {
      out.push_back(set->ns + "/" + set->name);
    }
    return out;
  }

  /// Pods without a controller that the selector chooses become the set's.
  Task<Answer<bool>> adopt(json set, std::vector<json>& pods) {
    const json& metadata = set["metadata"];
    const auto selector =
        k8s::LabelSelector::from_object(fields::at(fields::object(set, "spec"), "selector"));
    if (!selector || selector->everything()) co_return false;
    const std::string ns = fields::text(metadata, "namespace");
    const auto free = [&](const StoredObject& pod) {
      return pod.controller.empty() && selector->matches(pod.labels);
    };
    const std::vector<StoredObjectPtr> found = client_.list(resources::kPods, ns, free);
    for (const StoredObjectPtr& object : found) {
      json pod = parsed(*object);
      if (!is_active(pod)) continue;
      json owners = fields::list(pod["metadata"], "ownerReferences");
      owners.push_back(controller_reference(set));
      json change = {{"metadata", {{"ownerReferences", owners}, {"uid", object->uid}}}};
      const auto done =
          co_await client_.patch(resources::kPods, ns, object->name, std::move(change));
      if (!done) co_return ApiFailure(done.error());
      pods.push_back(*done);
    }
    co_return true;
  }

  Task<Answer<bool>> scale(json set, std::vector<json> pods) {
    std::erase_if(pods, [](const json& pod) { return !is_active(pod); });
    const std::string ns = fields::text(set["metadata"], "namespace");
    const auto wanted = static_cast<std::size_t>(
        std::max<std::int64_t>(0, fields::number(set["spec"], "replicas").value_or(1)));
    const std::size_t missing =
        wanted > pods.size() ? std::min(wanted - pods.size(), kBurstMax) : 0;
    for (std::size_t i = 0; i < missing; ++i) {
      json pod = pod_from_template(set, fields::object(set["spec"], "template"));
      const auto made = co_await client_.create(resources::kPods, ns, std::move(pod));
      if (!made) co_return ApiFailure(made.error());
    }
    if (wanted >= pods.size()) co_return true;
    sort_for_deletion(pods);
    pods.resize(std::min(pods.size() - wanted, kBurstMax));
    for (const json& pod : pods) {
      Removal removal;
      removal.uid = fields::text(pod["metadata"], "uid");
      const auto done = co_await client_.remove(resources::kPods, ns,
                                                fields::text(pod["metadata"], "name"), removal);
      if (!done && done.error().code != 404) co_return ApiFailure(done.error());
    }
    co_return true;
  }

  ApiClient& client_;
  seam::World world_;
};

}  // namespace

std::unique_ptr<Controller> make_replica_set_controller(ApiClient& client, seam::World world) {
  return std::make_unique<ReplicaSetController>(client, world);
}

}  // namespace skerry::standalone

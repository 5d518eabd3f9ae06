#include "cloudcore/edgecontroller/pod_intake.h"

#include <nlohmann/json.hpp>

#include "common/base/assert.h"
#include "common/base/log.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/pod_refs.h"

namespace skerry::edgecontroller {
namespace {

using async::Task;
using k8s::Kind;
namespace fields = k8s::fields;

/// Where a pod goes, read once from its bytes.
struct PodReading {
  NodeName node;
  bool finished = false;  // Succeeded or Failed: nothing to keep alive
};

PodReading read_pod(const k8s::Object& pod) {
  const auto json = nlohmann::json::parse(*pod.json, nullptr, false);
  PodReading out;
  out.node = NodeName(fields::text(fields::at(json, "spec"), "nodeName"));
  const bool deleted = !fields::text(fields::at(json, "metadata"), "deletionTimestamp").empty();
  std::string phase;
  if (pod.status_json) {
    phase = fields::text(nlohmann::json::parse(*pod.status_json, nullptr, false), "phase");
  }
  out.finished = deleted || phase == "Succeeded" || phase == "Failed";
  return out;
}

std::string annotation(const k8s::Object& object, std::string_view name) {
  const auto json = nlohmann::json::parse(*object.json, nullptr, false);
  return fields::text(fields::at(fields::at(json, "metadata"), "annotations"), name);
}

}  // namespace

NodeName node_of(const k8s::Object& pod) { return read_pod(pod).node; }

void PodIntake::put(ObjectPtr pod, Changes& changes) {
  const PodReading reading = read_pod(*pod);
  if (!index_.has_node(reading.node)) return;
  const auto pending = pending_.find(pod->uid);
  if (pending != pending_.end()) {
    if (pending->second->resource_version < pod->resource_version) pending->second = pod;
    return;
  }
  if (reading.finished || looked_at_.contains(pod->uid)) {
    return admit(std::move(pod), reading.node, changes);
  }
  looked_at_.insert(pod->uid);
  const Result<OfflinePolicy> policy =
      parse_offline_policy(annotation(*index_.node(reading.node), kOfflinePolicyAnnotation));
  if (!policy) log::warning("offline policy not understood, pods are kept", {policy.error()});
  OfflinePolicy applied = policy ? *policy : OfflinePolicy{};
  applied.admission_default = admission_default_;
  const auto patch = toleration_patch(*pod->json, applied);
  if (!patch || !*patch) return admit(std::move(pod), reading.node, changes);
  pending_[pod->uid] = pod;
  tasks_.spawn("offline policy", apply_offline_policy(std::move(pod), applied));
}

Task<void> PodIntake::apply_offline_policy(ObjectPtr pod, OfflinePolicy policy) {
  const auto body = toleration_patch(*pod->json, policy);
  SKERRY_ASSERT(body && *body, "only called where the policy changes something");
  kube::Patch patch;
  patch.key = pod->key;
  patch.type = kube::PatchType::kJson;
  patch.body = **body;
  const Result<std::string> patched = co_await client_.patch(std::move(patch));
  const auto pending = pending_.find(pod->uid);
  if (pending == pending_.end()) co_return;  // deleted meanwhile
  ObjectPtr newest = pending->second;
  pending_.erase(pending);
  if (patched) {
    const auto object = k8s::make_object(Kind::kPod, *patched);
    if (object && newest->resource_version < (*object)->resource_version) newest = *object;
  } else if (patched.error().code != Code::kNotFound) {
    log::warning("offline policy not applied", {{"pod", pod->key.text()}, patched.error()});
  }
  Changes changes;
  admit(newest, read_pod(*newest).node, changes);
  changed_(std::move(changes));
}

void PodIntake::admit(ObjectPtr pod, const NodeName& node, Changes& changes) {
  PodEntry entry;
  entry.object = pod;
  entry.node = node;
  const auto references = k8s::referenced_objects(*pod);
  if (references) {
    for (const auto& [key, need] : *references) entry.references.insert(key);
  }
  index_.put_pod(std::move(entry), client_.world().clock.now(), changes);
}

void PodIntake::remove(const ObjectKey& key, const Uid& uid, Changes& changes) {
  pending_.erase(uid);
  looked_at_.erase(uid);
  index_.remove_pod(key, uid, client_.world().clock.now(), changes);
}

}  // namespace skerry::edgecontroller

#include "cloudcore/standalone/scheduler/scheduler.h"

#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr unsigned bits(FitRule rule) { return static_cast<unsigned>(rule); }
constexpr unsigned kNodeChanged = bits(FitRule::kNode) | bits(FitRule::kRoom) |
                                  bits(FitRule::kTopology) | bits(FitRule::kVolumes);
constexpr unsigned kRoomMade =
    bits(FitRule::kRoom) | bits(FitRule::kTopology) | bits(FitRule::kPreemption);

const std::string& field(const StoredObject& object, const char* name) {
  static const std::string none;
  const auto found = object.fields.find(name);
  return found == object.fields.end() ? none : found->second;
}

bool ended(const StoredObject& pod) {
  const std::string& phase = field(pod, "status.phase");
  return phase == "Succeeded" || phase == "Failed";
}

bool ours(const StoredObject& pod) {
  const std::string& wanted = field(pod, "spec.schedulerName");
  return wanted.empty() || wanted == kSchedulerName;
}

std::string key_of(const StoredObject& object) { return object.ns + "/" + object.name; }

}  // namespace

Scheduler::Scheduler(ApiClient& client, seam::World world, async::Executor executor)
    : client_(client),
      world_(world),
      decider_(cluster_, volume_objects(), world),
      wake_(executor),
      tasks_(executor) {}

void Scheduler::start() {
  client_.store().listen([this](const std::string& prefix, const ObjectEvent& event) {
    if (!stopping_) on_event(prefix, event);
  });
  for (const auto& each : client_.list(resources::kNamespaces, "")) {
    cluster_.put_namespace(each->name, each->labels);
  }
  for (const auto& each : client_.list(resources::kNodes, "")) cluster_.put_node(parsed(*each));
  for (const auto& each : client_.list(resources::kPods, "")) take_pod(*each);
  tasks_.spawn("scheduler", work());
}

Task<void> Scheduler::stop() {
  stopping_ = true;
  wake_.notify();
  co_await tasks_.join();
}

// ---- what happens -------------------------------------------------------------------------------

void Scheduler::on_event(const std::string& prefix, const ObjectEvent& event) {
  if (prefix == "pods") return on_pod(event);
  if (prefix == "nodes") return on_node(event);
  if (prefix == "namespaces") return on_namespace(event);
  const bool volumes = prefix == "persistentvolumeclaims" || prefix == "persistentvolumes" ||
                       prefix == "storageclasses.storage.k8s.io";
  if (volumes) wake(FitRule::kVolumes);
}

void Scheduler::on_pod(const ObjectEvent& event) {
  const StoredObject* before = event.before.get();
  if (event.after) take_pod(*event.after);
  const bool over = !event.after || ended(*event.after);
  if (!event.after) {
    queue_.remove(key_of(*before));
    cluster_.remove_pod(key_of(*before));
  }
  const bool was_placed = before != nullptr && !field(*before, "spec.nodeName").empty();
  const bool was_nominated =
      before != nullptr && !field(*before, "status.nominatedNodeName").empty();
  if (over && (was_placed || was_nominated)) return wake(kRoomMade);
  const bool placed = event.after && !field(*event.after, "spec.nodeName").empty();
  const bool moved = placed && (!was_placed || before->labels != event.after->labels);
  if (moved) wake(FitRule::kTopology);
}

void Scheduler::take_pod(const StoredObject& object) {
  const std::string key = key_of(object);
  if (ended(object)) {
    cluster_.remove_pod(key);
    queue_.remove(key);
    return;
  }
  const PodInfoPtr pod = read_pod(parsed(object));
  const PodInfoPtr known = cluster_.pod(key);
  cluster_.put_pod(pod);
  const bool waits = pod->node.empty() && !pod->gated && !pod->leaving && ours(object);
  if (!waits) {
    queue_.remove(key);
    return;
  }
  const bool same = known && known->uid == pod->uid && known->wishes == pod->wishes;
  if (cluster_.assumed(key) || (same && queue_.contains(key))) return;
  queue_.add(key, pod->priority, world_.clock.now());
  wake_.notify();
}

void Scheduler::on_node(const ObjectEvent& event) {
  if (!event.after) {
    cluster_.remove_node(event.before->name);
    return wake(FitRule::kTopology);
  }
  if (cluster_.put_node(parsed(*event.after))) wake(kNodeChanged);
}

void Scheduler::on_namespace(const ObjectEvent& event) {
  if (!event.after) return cluster_.remove_namespace(event.before->name);
  cluster_.put_namespace(event.after->name, event.after->labels);
  const bool relabelled = !event.before || event.before->labels != event.after->labels;
  if (relabelled) wake(FitRule::kTopology);
}

void Scheduler::wake(FitRule rule) { wake(bits(rule)); }

void Scheduler::wake(unsigned rules) {
  queue_.on_event(rules, world_.clock.now());
  wake_.notify();
}

// ---- what is done -------------------------------------------------------------------------------

Task<void> Scheduler::work() {
  while (!stopping_) {
    if (writing_ >= kWritesAtOnce) {
      co_await wake_.wait_until(TimePoint::max());
      continue;
    }
    const auto key = queue_.take(world_.clock.now());
    if (!key) {
      co_await wake_.wait_until(queue_.next_due());
      continue;
    }
    schedule(*key);
  }
}

void Scheduler::schedule(const std::string& key) {
  const PodInfoPtr pod = cluster_.pod(key);
  if (!pod || !pod->node.empty()) return queue_.remove(key);
  Decision decision = decider_.decide(*pod, [this] { return disruption_limits(); });
  ++writing_;
  if (decision.node.empty()) {
    if (decision.preemption) cluster_.nominate(key, decision.preemption->node);
    return tasks_.spawn("scheduler: no node", reject(pod, std::move(decision)));
  }
  if (!decision.volumes.waiting.empty()) {
    return tasks_.spawn("scheduler: volumes", prepare_volumes(pod, std::move(decision)));
  }
  cluster_.assume(*pod, decision.node);
  tasks_.spawn("scheduler: bind", bind(pod, decision.node));
}

void Scheduler::write_failed(const std::string& key, const ApiError& error) {
  cluster_.forget(key);
  queue_.failed_to_write(key, world_.clock.now());
  // Another writer came between, or the Pod has gone: the next try sees it.
  if (error.code == 409 || error.code == 404) return;
  log::warning("a pod was not scheduled", {{"pod", key}, {"error", error.message}});
}

Task<void> Scheduler::bind(PodInfoPtr pod, std::string node) {
  const std::string key = pod->key();
  json binding = {{"apiVersion", "v1"},
                  {"kind", "Binding"},
                  {"metadata", {{"name", pod->name}, {"namespace", pod->ns}, {"uid", pod->uid}}},
                  {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node}}}};
  std::optional<json> object = stored(*pod);
  const auto bound = co_await client_.create_below(resources::kPods, std::move(binding), "binding");
  if (bound) {
    queue_.remove(key);
    const PodEvent event{"Normal", "Scheduled", "Binding",
                         "Successfully assigned " + key + " to " + node};
    if (object) co_await tell(std::move(*object), event);
  } else {
    write_failed(key, bound.error());
  }
  --writing_;
  wake_.notify();
}

/// Reserves volumes, or asks for new ones, on the Node that was chosen; the Pod is tried again when
/// its claims are bound.
Task<void> Scheduler::prepare_volumes(PodInfoPtr pod, Decision decision) {
  struct Change {
    ResourceType type;
    std::string ns;
    std::string name;
    json body;
  };
  std::vector<Change> changes;  // all decided before the first wait: the Node may go meanwhile
  const NodeInfo* node = cluster_.node(decision.node);
  for (const PodVolumes::Waiting& each : decision.volumes.waiting) {
    const json& claim = each.claim["metadata"];
    const std::string name = fields::text(claim, "name");
    const json* volume = nullptr;
    for (const json& candidate : each.candidates) {
      if (volume == nullptr && node != nullptr && reaches(candidate, *node)) volume = &candidate;
    }
    if (volume != nullptr) {
      json reference = {{"apiVersion", "v1"},
                        {"kind", "PersistentVolumeClaim"},
                        {"name", name},
                        {"namespace", pod->ns},
                        {"uid", fields::text(claim, "uid")}};
      json body = {{"spec", {{"claimRef", std::move(reference)}}}};
      const std::string volume_name = fields::text((*volume)["metadata"], "name");
      changes.push_back(Change{resources::kPersistentVolumes, "", volume_name, std::move(body)});
    } else {
      json body = {
          {"metadata", {{"annotations", {{"volume.kubernetes.io/selected-node", decision.node}}}}}};
      changes.push_back(Change{resources::kPersistentVolumeClaims, pod->ns, name, std::move(body)});
    }
  }
  std::optional<ApiError> failure;
  for (const Change& each : changes) {
    const auto done = co_await client_.patch(each.type, each.ns, each.name, each.body);
    if (!done) failure = done.error();
  }
  if (failure) {
    write_failed(pod->key(), *failure);
  } else {
    queue_.failed(pod->key(), bits(FitRule::kVolumes), world_.clock.now());
  }
  --writing_;
  wake_.notify();
}

Task<void> Scheduler::reject(PodInfoPtr pod, Decision decision) {
  const std::string key = pod->key();
  std::optional<json> object = stored(*pod);
  if (object) {
    const json status = fields::object(*object, "status");
    json wanted = {{"type", "PodScheduled"},
                   {"status", "False"},
                   {"reason", "Unschedulable"},
                   {"message", decision.why}};
    std::string before;
    for (const json& each : fields::list(status, "conditions")) {
      if (fields::text(each, "type") == "PodScheduled") before = fields::text(each, "message");
    }
    json change = json::object();
    if (before != decision.why) {
      change["conditions"] = with_condition(*object, std::move(wanted), world_.clock.wall());
    }
    const bool nominated = status.contains("nominatedNodeName");
    if (decision.preemption) {
      change["nominatedNodeName"] = decision.preemption->node;
    } else if (nominated && !decision.keep_nomination) {
      change["nominatedNodeName"] = nullptr;
    }
    if (!change.empty()) {
      json body = {{"metadata", {{"uid", pod->uid}}}, {"status", std::move(change)}};
      const auto done =
          co_await client_.patch(resources::kPods, pod->ns, pod->name, std::move(body), "status");
      if (!done && done.error().code != 404) {
        log::warning("a pod was not told why it waits",
                     {{"pod", key}, {"error", done.error().message}});
      }
    }
    if (decision.preemption) {
      const auto made = co_await preempt(pod, *decision.preemption);
      if (!made) {
        log::warning("no room was made for a pod", {{"pod", key}, {"error", made.error().message}});
      }
    }
    const PodEvent event{"Warning", "FailedScheduling", "Scheduling", decision.why};
    if (before != decision.why) co_await tell(std::move(*object), event);
  }
  const unsigned rules =
      decision.rules |
      (decision.preemption || decision.keep_nomination ? bits(FitRule::kPreemption) : 0U);
  queue_.failed(key, rules, world_.clock.now());
  --writing_;
  wake_.notify();
}

// ---- preemption ---------------------------------------------------------------------------------

Task<Answer<void>> Scheduler::preempt(PodInfoPtr pod, Preemption preemption) {
  for (const PodInfoPtr& victim : preemption.victims) {
    if (victim->leaving) continue;
    const auto done = co_await end_victim(victim, pod, preemption.node);
    if (!done && done.error().code != 404) co_return ApiFailure(done.error());
  }
  // Less important Pods that were to get this room look for another.
  const NodeInfo* node = cluster_.node(preemption.node);
  std::vector<PodInfoPtr> lower;
  for (const PodInfoPtr& each : node == nullptr ? std::vector<PodInfoPtr>() : node->nominated) {
    if (each->priority < pod->priority) lower.push_back(each);
  }
  for (const PodInfoPtr& each : lower) {
    json change = {{"status", {{"nominatedNodeName", nullptr}}}};
    const auto done =
        co_await client_.patch(resources::kPods, each->ns, each->name, std::move(change), "status");
    if (!done && done.error().code != 404) co_return ApiFailure(done.error());
  }
  co_return Answer<void>();
}

Task<Answer<void>> Scheduler::end_victim(PodInfoPtr victim, PodInfoPtr pod, std::string node) {
  std::optional<json> object = stored(*victim);
  if (!object) co_return Answer<void>();
  json why = {{"type", "DisruptionTarget"},
              {"status", "True"},
              {"reason", "PreemptionByScheduler"},
              {"message",
               std::string(kSchedulerName) + ": preempting to accommodate a higher priority pod"}};
  json conditions = with_condition(*object, std::move(why), world_.clock.wall());
  json change = {{"metadata", {{"uid", victim->uid}}},
                 {"status", {{"conditions", std::move(conditions)}}}};
  const auto told = co_await client_.patch(resources::kPods, victim->ns, victim->name,
                                           std::move(change), "status");
  if (!told) co_return ApiFailure(told.error());
  Removal removal;
  removal.uid = victim->uid;
  const auto done = co_await client_.remove(resources::kPods, victim->ns, victim->name, removal);
  if (!done) co_return ApiFailure(done.error());
  const PodEvent event{"Normal", "Preempted", "Preempting",
                       "Preempted by pod " + pod->uid + " on node " + node};
  json related = {{"apiVersion", "v1"},
                  {"kind", "Pod"},
                  {"name", pod->name},
                  {"namespace", pod->ns},
                  {"uid", pod->uid}};
  co_await tell(std::move(*object), event, std::move(related));
  co_return Answer<void>();
}

// ---- what it reads and says ---------------------------------------------------------------------

std::optional<json> Scheduler::stored(const PodInfo& pod) const {
  auto object = client_.get(resources::kPods, pod.ns, pod.name);
  if (object && fields::text((*object)["metadata"], "uid") != pod.uid) return std::nullopt;
  return object;
}

VolumeObjects Scheduler::volume_objects() {
  VolumeObjects out;
  out.claim = [this](const std::string& ns, const std::string& name) {
    return client_.get(resources::kPersistentVolumeClaims, ns, name);
  };
  out.volume = [this](const std::string& name) {
    return client_.get(resources::kPersistentVolumes, "", name);
  };
  out.storage_class = [this](const std::string& name) {
    return client_.get(resources::kStorageClasses, "", name);
  };
  out.volumes = [this] {
    std::vector<json> all;
    for (const auto& each : client_.list(resources::kPersistentVolumes, "")) {
      all.push_back(parsed(*each));
    }
    return all;
  };
  return out;
}

std::vector<DisruptionLimit> Scheduler::disruption_limits() const {
  std::vector<DisruptionLimit> out;
  for (const auto& object : client_.list(resources::kPodDisruptionBudgets, "")) {
    const json budget = parsed(*object);
    auto selector =
        k8s::LabelSelector::from_object(fields::at(fields::object(budget, "spec"), "selector"));
    if (!selector) continue;
    DisruptionLimit one{object->ns, std::move(*selector), 0, {}};
    const json& status = fields::object(budget, "status");
    one.allowed = fields::number(status, "disruptionsAllowed").value_or(0);
    const json& disrupted = fields::object(status, "disruptedPods");
    for (const auto& [name, since] : disrupted.items()) one.disrupted.insert(name);
    out.push_back(std::move(one));
  }
  return out;
}

Task<void> Scheduler::tell(json pod, PodEvent event, json related) {
  const std::string ns = fields::text(pod["metadata"], "namespace");
  json object = make_event(pod, event, world_.clock.wall());
  if (!related.is_null()) object["related"] = std::move(related);
  const auto written = co_await client_.create(resources::kEvents, ns, std::move(object));
  if (written) co_return;
  ++events_lost_;
  log::warning("an event of the scheduler was not written; the pod's conditions say the same",
               {{"pod", ns + "/" + fields::text(pod["metadata"], "name")},
                {"reason", event.reason},
                {"error", written.error().message},
                {"lost", events_lost_}});
}

}  // namespace skerry::standalone

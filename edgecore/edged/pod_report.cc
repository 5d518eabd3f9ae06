// What the worker says of its pod: status, record, events, and the line of `edgecore get pods`.
#include "common/base/assert.h"
#include "edgecore/edged/pod_worker.h"

namespace skerry::edged {

ProbeVerdicts PodWorker::probe_verdicts() const {
  ProbeVerdicts out;
  for (const ActualContainer& container : actual_.containers) {
    if (container.state != ContainerState::kRunning) continue;
    const ContainerHealth health = services_.prober.health(container.id);
    out.emplace(container.name, ProbeVerdict{health.started, health.ready, health.must_restart,
                                             health.reason, health.termination_grace});
  }
  return out;
}

void PodWorker::note_crash_loops(const std::set<std::string>& looping) {
  const std::string full_name = pod_->name + "_" + pod_->ns + "(" + uid_.str() + ")";
  std::erase_if(waiting_, [&](const auto& entry) {
    return entry.second.reason == "CrashLoopBackOff" && looping.count(entry.first) == 0;
  });
  for (const std::string& name : looping) {
    waiting_[name] = {"CrashLoopBackOff",
                      crash_message(record_.containers[name].backoff, name, full_name)};
    event(EventType::kWarning, name, "BackOff",
          "Back-off restarting failed container " + name + " in pod " + full_name);
  }
}

// ---- the report ------------------------------------------------------------------------------

/// Before the long steps of a start begin.
void PodWorker::report_pending() {
  if (phase_.empty()) report();
}

void PodWorker::report() {
  metamanager::Batch batch = status_batch(std::exchange(force_report_, false));
  if (!batch.empty()) commit(std::move(batch));
}

/// The status if its projection changed, and the record if it changed: durable together.
metamanager::Batch PodWorker::status_batch(bool force) {
  const ProbeVerdicts probes = probe_verdicts();
  const PodStatus status = build_pod_status(
      {*pod_, actual_, record_, probes, waiting_, services_.config.node_facts.host_ips,
       to_string(qos_class(*pod_)), services_.world.clock.wall()});
  phase_ = status.phase;
  record_.conditions = status.conditions;
  for (const auto& [name, said] : status.said) {
    const auto found = record_.containers.find(name);
    if (found == record_.containers.end()) continue;
    found->second.probe_started = said.started;
    found->second.probe_ready = said.ready;
  }
  metamanager::Batch batch;
  const Result<k8s::StatusHash> hash = k8s::status_hash(k8s::Kind::kPod, status.json);
  SKERRY_ASSERT(hash.has_value(), "a status that we built has a projection");
  if (force || hash->hex() != record_.status_hash) {
    record_.status_hash = hash->hex();
    batch.reports.push_back({lane::ReportKind::kPodStatus, key_, uid_, status.json, *hash, force});
  }
  std::string record = encode_pod_record(record_);
  if (record != stored_record_) {
    batch.pod_states.push_back({uid_, record});
    stored_record_ = std::move(record);
  }
  return batch;
}

void PodWorker::commit(metamanager::Batch batch) {
  const Self self = shared_from_this();
  services_.meta.commit(std::move(batch), [self](Result<void> done) {
    if (done || self->stopping_ || self->finished_) return;
    metamanager::MetaManager::log_not_stored("a pod's status cannot be stored", done.error());
    self->stored_record_.clear();
    self->record_.status_hash.clear();
    self->tasks_.spawn("report again", wake_later(self));
  });
}

void PodWorker::event(EventType type,
                      std::string container,
                      std::string reason,
                      std::string message) {
  services_.events.record(
      {pod_, std::move(container), type, std::move(reason), std::move(message)});
}

// ---- asked by Edged --------------------------------------------------------------------------

std::vector<PodWorker::RunningLog> PodWorker::running_logs() const {
  std::vector<RunningLog> logs;
  for (const ActualContainer& container : actual_.containers) {
    if (container.state != ContainerState::kRunning || container.log_path.empty()) continue;
    logs.push_back({container.id, container.log_path});
  }
  return logs;
}

const char* PodWorker::state() const {
  if (gone_ || finished_ || record_.finalised) return "gone";
  if (terminate()) return "ending";
  return retry_at_ ? "retrying" : "steady";
}

PodSummary PodWorker::summary() const {
  PodSummary out{
      pod_->ns, pod_->name,        uid_, phase_, record_.reason, pod_->containers.size(), 0, 0,
      "",       record_.start_time};
  const ProbeVerdicts probes = probe_verdicts();
  for (const ContainerSpec& container : pod_->containers) {
    const auto verdict = probes.find(container.name);
    if (verdict != probes.end() && verdict->second.ready) ++out.containers_ready;
    const ContainerRecord* record = record_.container(container.name);
    if (record != nullptr) out.restarts += record->attempt;
    const auto waits = waiting_.find(container.name);
    if (waits != waiting_.end()) out.reason = waits->second.reason;
  }
  if (terminate()) out.reason = "Terminating";
  const PodFacts known = facts();
  if (!known.pod_ips.empty()) out.ip = known.pod_ips.front();
  return out;
}

}  // namespace skerry::edged

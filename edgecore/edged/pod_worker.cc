#include "edgecore/edged/pod_worker.h"

#include <algorithm>

#include "common/base/assert.h"
#include "common/base/log.h"
#include "edgecore/edged/actual_state.h"
#include "edgecore/edged/cri_config.h"
#include "edgecore/edged/pod_files.h"

namespace skerry::edged {
namespace {

constexpr auto kRetryFirst = std::chrono::seconds(1);
constexpr auto kRetryMax = std::chrono::seconds(30);
constexpr auto kExitPollFirst = std::chrono::milliseconds(1);
constexpr auto kExitPollMax = std::chrono::milliseconds(100);
constexpr auto kExitDeadline = std::chrono::seconds(10);

template <class Request>
void select_pod(Request& request, const Uid& uid) {
  (*request.mutable_filter()->mutable_label_selector())[kPodUidLabel] = uid.str();
}

}  // namespace

PodWorker::PodWorker(PodServices& services, PodPtr pod)
    : services_(services),
      pod_(std::move(pod)),
      uid_(pod_->uid),
      key_{k8s::Kind::kPod, pod_->ns, pod_->name},
      wake_(services.executor),
      tasks_(services.executor) {}

// ---- from Edged ------------------------------------------------------------------------------

void PodWorker::set_pod(PodPtr pod) {
  SKERRY_ASSERT(pod->uid == uid_, "a worker keeps its pod's uid");
  pod_ = std::move(pod);
  volumes_stale_ = true;  // labels and annotations may be in a downwardAPI file
  wake_.notify();
}

void PodWorker::set_terminating(PodPtr pod) {
  pod_ = std::move(pod);
  terminating_ = true;
  wake_.notify();
}

void PodWorker::refresh_volumes() {
  volumes_stale_ = true;
  wake_.notify();
}

void PodWorker::look_again() {
  look_needed_ = true;
  wake_.notify();
}

void PodWorker::report_again() {
  force_report_ = true;
  wake_.notify();
}

void PodWorker::stop() {
  stopping_ = true;
  wake_.notify();
}

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

// ---- the loop --------------------------------------------------------------------------------

async::Task<void> PodWorker::run(Self self) {
  co_await load(self);
  while (!self->stopping_ && !self->finished_) co_await step(self);
  for (const ActualContainer& container : self->actual_.containers) {
    self->services_.exits.forget(container.id);
    self->services_.prober.forget(container.id);
  }
  if (self->finished_) self->services_.on_finished(self->uid_);
  co_await self->tasks_.join();  // a pull may go on for a while; its pod's name is free already
}

async::Task<void> PodWorker::load(Self self) {
  const Result<std::optional<metamanager::PodState>> stored =
      co_await self->services_.meta.pod_state(self->uid_);
  Result<PodRecord> record = PodRecord{};
  if (stored && *stored) {
    self->stored_record_ = (*stored)->json;
    record = decode_pod_record((*stored)->json);
  } else {
    const Result<std::optional<std::string>> seed =
        co_await self->services_.meta.status_seed(self->uid_);
    if (seed && *seed) record = record_from_seed(**seed);
  }
  if (record) {
    self->record_ = std::move(*record);
  } else {
    log::warning("pod begins without its history", {{"pod", self->pod_->text()}, record.error()});
  }
  if (!self->record_.start_time) self->record_.start_time = self->services_.world.clock.wall();
}

async::Task<void> PodWorker::step(Self self) {
  self->retry_at_.reset();
  if (self->gone_ || self->record_.finalised) {
    if (self->terminating_) co_await remove_pod(self);
    if (!self->finished_) co_await wait(self, std::nullopt);
    co_return;
  }
  if (self->look_needed_) {
    self->look_needed_ = false;
    if (const Result<void> looked = co_await look(self); !looked) {
      self->look_needed_ = true;
      if (self->stopping_) co_return;
      log::debug("container runtime does not answer for a pod",
                 {{"pod", self->pod_->text()}, looked.error()});
      self->retry_in(kRetryMax);
      co_return co_await wait(self, std::nullopt);
    }
  }
  co_await follow_exits(self);
  if (self->token_lease_ended()) self->volumes_stale_ = true;
  if (self->volumes_need_update()) co_await set_up_volumes(self);
  absorb(self->record_, self->actual_, self->services_.world.clock.wall());
  if (self->terminate()) self->services_.prober.pod_is_ending(self->uid_);
  const ProbeVerdicts probes = self->probe_verdicts();
  const PodPlan plan = plan_pod({*self->pod_, self->actual_, self->record_, probes,
                                 self->terminate(), self->services_.world.clock.wall()});
  self->note_crash_loops(plan.crash_looping);
  bool made_sandbox = false;
  for (const PodAction& action : plan.actions) {
    if (self->stopping_) co_return;
    made_sandbox = std::holds_alternative<CreateSandbox>(action);
    if (!made_sandbox) self->report_pending();
    co_await perform(self, action);
  }
  absorb(self->record_, self->actual_, self->services_.world.clock.wall());
  if (plan.actions.empty()) self->inputs_.reset();  // decoded secrets: only as long as needed
  // Behind a sandbox its containers follow at once: their status says more, and a commit and a
  // write to the API between the two would only slow them down.
  const bool more_follows = made_sandbox && self->actual_.sandbox() && self->actual_.sandbox()->ready;
  if (!self->gone_ && !self->finished_ && !more_follows) self->report();
  if (!self->finished_) co_await wait(self, plan.again_at);
}

async::Task<void> PodWorker::perform(Self self, PodAction action) {
  if (const auto* kill = std::get_if<KillContainer>(&action)) self->begin_kill(*kill);
  if (const auto* finish = std::get_if<FinishPod>(&action)) self->finish(*finish);
  if (const auto* stop = std::get_if<StopSandbox>(&action)) co_await stop_sandbox(self, stop->id);
  if (const auto* create = std::get_if<CreateSandbox>(&action)) {
    co_await create_sandbox(self, create->attempt);
  }
  if (const auto* start = std::get_if<StartContainer>(&action)) {
    co_await start_container(self, start->name, start->attempt);
  }
  if (const auto* remove = std::get_if<RemoveContainer>(&action)) {
    co_await drop_container(self, remove->id);
  }
  if (std::holds_alternative<RemovePod>(action)) co_await remove_pod(self);
}

async::Task<void> PodWorker::drop_container(Self self, std::string id) {
  cri::RemoveContainerRequest request;
  request.set_container_id(id);
  const auto removed = co_await self->services_.runtime.remove_container(request);
  self->look_needed_ = true;
  if (removed || removed.error().code == Code::kNotFound)
    self->wake_.notify();
  else
    self->retry_in(kRetryMax);
}

/// Until something happens, a backoff ends or a failed step is due again.
async::Task<void> PodWorker::wait(Self self, std::optional<WallTime> again_at) {
  const TimePoint now = self->services_.world.clock.now();
  TimePoint until = self->retry_at_.value_or(TimePoint::max());
  if (again_at) {
    const auto left = *again_at - self->services_.world.clock.wall();
    until = std::min(until, now + std::max<Duration>(left, std::chrono::milliseconds(1)));
  }
  if (self->token_lease_end_ && !self->terminate() && !self->record_.terminal()) {
    const auto left = *self->token_lease_end_ - self->services_.world.clock.wall();
    until = std::min(until, now + std::max<Duration>(left, kRetryFirst));
  }
  for (const auto& [name, time] : self->not_before_) {
    if (time > now) until = std::min(until, time);
  }
  co_await self->wake_.wait_until(until);
}

async::Task<void> PodWorker::wake_later(Self self) {
  co_await async::sleep_for(kRetryFirst);
  self->wake_.notify();
}

bool PodWorker::token_lease_ended() const {
  return token_lease_end_ && services_.world.clock.wall() >= *token_lease_end_;
}

/// Mounted files follow their objects, also those that changed while edgecore was down.
bool PodWorker::volumes_need_update() const {
  if (!volumes_stale_ || terminate() || record_.terminal()) return false;
  return volume_set_.has_value() || actual_.anything_runs();
}

void PodWorker::retry_in(Duration delay) {
  retry_delay_ =
      std::clamp<Duration>(retry_delay_ * 2, kRetryFirst, std::min<Duration>(delay, kRetryMax));
  const TimePoint at = services_.world.clock.now() + retry_delay_;
  if (!retry_at_ || at < *retry_at_) retry_at_ = at;
}

// ---- what the runtime has --------------------------------------------------------------------

async::Task<Result<void>> PodWorker::look(Self self) {
  cri::ListPodSandboxRequest sandboxes;
  select_pod(sandboxes, self->uid_);
  const auto sandbox_list = co_await self->services_.runtime.list_sandboxes(sandboxes);
  if (!sandbox_list) co_return fail(sandbox_list.error());
  cri::ListContainersRequest containers;
  select_pod(containers, self->uid_);
  const auto container_list = co_await self->services_.runtime.list_containers(containers);
  if (!container_list) co_return fail(container_list.error());

  auto pods = group_by_pod(*sandbox_list, *container_list);
  ActualPod seen = std::move(pods[self->uid_].pod);
  if (!seen.sandboxes.empty()) {
    cri::PodSandboxStatusRequest request;
    request.set_pod_sandbox_id(seen.sandboxes.front().id);
    const auto status = co_await self->services_.runtime.sandbox_status(request);
    if (!status) co_return fail(status.error());
    apply_status(seen.sandboxes.front(), *status);
  }
  for (ActualContainer& container : seen.containers) {
    const ActualContainer* before = self->actual_.find(container.id);
    const bool settled = before != nullptr && before->known && before->state == container.state;
    if (settled) container = *before;
  }
  for (const ActualContainer& before : self->actual_.containers) {
    if (seen.find(before.id) == nullptr) self->drop_watches(before.id);
  }
  self->actual_ = std::move(seen);
  std::vector<std::string> unknown;
  for (const ActualContainer& container : self->actual_.containers) {
    if (!container.known) unknown.push_back(container.id);
  }
  for (const std::string& id : unknown) {
    const Result<void> looked = co_await look_at_container(self, id);
    if (!looked) co_return looked;
  }
  co_return Result<void>{};
}

async::Task<Result<void>> PodWorker::look_at_container(Self self, std::string id) {
  cri::ContainerStatusRequest request;
  request.set_container_id(id);
  request.set_verbose(true);
  const auto status = co_await self->services_.runtime.container_status(request);
  ActualContainer* container = self->actual_.find(id);
  if (container == nullptr) co_return Result<void>{};
  if (!status && status.error().code == Code::kNotFound) {
    self->drop_watches(id);
    std::erase_if(self->actual_.containers, [&](const ActualContainer& c) { return c.id == id; });
    co_return Result<void>{};
  }
  if (!status) co_return fail(status.error());
  apply_status(*container, *status);
  self->take_over(*container);
  co_return Result<void>{};
}

/// Begins to watch a running container; reads the message of one that ended.
void PodWorker::take_over(ActualContainer& container) {
  if (container.state == ContainerState::kExited) {
    drop_watches(container.id);
    if (container.message.empty() && !container.message_path.empty()) {
      container.message = read_message_file(container.message_path);
    }
    return;
  }
  if (container.state != ContainerState::kRunning) return;
  const std::string id = container.id;
  if (container.pid > 0 && !services_.exits.watches(id) && unwatchable_.count(id) == 0) {
    const std::weak_ptr<PodWorker> weak = weak_from_this();
    const auto ended = [weak, id] {
      const Self worker = weak.lock();
      if (!worker) return;
      worker->ended_.insert(id);
      worker->wake_.notify();
    };
    const Result<void> watched = services_.exits.watch(id, container.pid, ended);
    // The pid may have been reused between the status and the open: look once more. No such
    // process: it just ended. Where there is no pidfd at all, relists notice the end.
    if (watched)
      to_verify_.insert(id);
    else
      unwatchable_.insert(id);
    if (!watched && watched.error().code == Code::kNotFound) ended_.insert(id);
  }
  ProbeTarget target{pod_, container.name, id, "", container.started, std::nullopt};
  const PodFacts known = facts();
  if (!known.pod_ips.empty()) target.pod_ip = known.pod_ips.front();
  const ContainerRecord* record = record_.container(container.name);
  if (ours_.count(id) == 0 && record != nullptr && record->id == id) {
    target.adopted = ProbeTarget::Adopted{record->probe_started, record->probe_ready};
  }
  services_.prober.watch(std::move(target));
}

void PodWorker::drop_watches(const std::string& container_id) {
  services_.exits.forget(container_id);
  services_.prober.forget(container_id);
}

/// A watch that was just opened is verified by one more look. Where the process ended, the runtime
/// is asked until it says so too.
async::Task<void> PodWorker::follow_exits(Self self) {
  for (const std::string& id : std::exchange(self->to_verify_, {})) {
    if (const Result<void> looked = co_await look_at_container(self, id); !looked) {
      self->look_needed_ = true;
    }
  }
  for (const std::string& id : std::exchange(self->ended_, {})) {
    const TimePoint deadline = self->services_.world.clock.now() + kExitDeadline;
    Duration delay = kExitPollFirst;
    while (self->services_.world.clock.now() < deadline && !self->stopping_) {
      const Result<void> looked = co_await look_at_container(self, id);
      if (!looked) self->look_needed_ = true;
      const ActualContainer* container = self->actual_.find(id);
      if (!looked || container == nullptr || container->state != ContainerState::kRunning) break;
      co_await async::sleep_for(delay);
      delay = std::min<Duration>(delay * 2, kExitPollMax);
    }
  }
}

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

}  // namespace skerry::edged

#include "edgecore/edged/pod_worker.h"

#include <algorithm>

#include "common/base/assert.h"
#include "common/base/log.h"

namespace skerry::edged {
namespace {

constexpr auto kRetryFirst = std::chrono::seconds(1);
constexpr auto kRetryMax = std::chrono::seconds(30);

}  // namespace

PodWorker::PodWorker(PodServices& services, PodPtr pod)
    : services_(services),
      pod_(std::move(pod)),
      uid_(pod_->uid),
      key_{k8s::Kind::kPod, pod_->ns, pod_->name},
      wake_(services.executor),
      stopped_(services.executor),
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
  stopped_.notify();
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
    if (self->terminating_ || !self->record_.finalised) co_await remove_pod(self);
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
  if (!self->retry_at_) self->retry_delay_ = {};  // nothing of this step failed
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
  co_await pause(self, kRetryFirst);
  self->wake_.notify();
}

/// As long as edgecore runs.
async::Task<void> PodWorker::pause(Self self, Duration duration) {
  const TimePoint until = self->services_.world.clock.now() + duration;
  while (!self->stopping_ && self->services_.world.clock.now() < until)
    co_await self->stopped_.wait_until(until);
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

}  // namespace skerry::edged

// Ending: kills with their hooks and grace, the terminal phase, the removal of everything.
#include <algorithm>

#include "common/base/log.h"
#include "edgecore/edged/pod_worker.h"
#include "edgecore/edged/volume_mounts.h"

namespace skerry::edged {
namespace {

constexpr Seconds kGraceAfterHook{2};  // kubelet's minimumGracePeriodInSeconds
constexpr auto kKillRetry = std::chrono::seconds(1);
constexpr auto kCgroupPoll = std::chrono::milliseconds(20);
constexpr int kCgroupPolls = 50;
constexpr std::size_t kFilesAtOnce = 2000;

bool gone(const Error& error) { return error.code == Code::kNotFound; }

}  // namespace

// ---- kills: each is a task; a shorter grace overtakes a longer one ---------------------------

void PodWorker::begin_kill(const KillContainer& kill_action) {
  const auto running = kills_.find(kill_action.id);
  const bool first = running == kills_.end();
  if (!first && running->second <= kill_action.grace) return;
  kills_[kill_action.id] = kill_action.grace;
  if (first) event(EventType::kNormal, kill_action.name, "Killing", kill_action.message);
  tasks_.spawn("kill " + kill_action.name, kill(shared_from_this(), kill_action, first));
}

async::Task<void> PodWorker::kill(Self self, KillContainer kill, bool with_hook) {
  const TimePoint began = self->services_.world.clock.now();
  Seconds grace = kill.grace;
  if (with_hook && grace.count() > 0) {
    co_await run_pre_stop(self, kill);
    const auto spent = self->services_.world.clock.now() - began;
    const Seconds left = grace - std::chrono::duration_cast<Seconds>(spent);
    grace = std::max(left, std::min(grace, kGraceAfterHook));
  }
  cri::StopContainerRequest request;
  request.set_container_id(kill.id);
  request.set_timeout(grace.count());
  const auto stopped = co_await self->services_.runtime.stop_container(request);
  if (!stopped && !gone(stopped.error()) && !self->stopping_) {
    log::warning("container cannot be stopped yet",
                 {{"pod", self->pod_->text()}, {"container", kill.name}, stopped.error()});
    co_await pause(self, kKillRetry);
  }
  const auto running = self->kills_.find(kill.id);
  if (running != self->kills_.end() && running->second == kill.grace) self->kills_.erase(running);
  self->ended_.insert(kill.id);
  self->wake_.notify();
}

async::Task<void> PodWorker::run_pre_stop(Self self, KillContainer kill) {
  const PodPtr pod = self->pod_;
  const ContainerSpec* spec = pod->container(kill.name);
  if (spec == nullptr || !spec->pre_stop) co_return;
  if (const auto* sleep = std::get_if<SleepAction>(&*spec->pre_stop)) {
    co_await pause(self, std::min(sleep->duration, kill.grace));
    co_return;
  }
  const auto* exec = std::get_if<ExecAction>(&*spec->pre_stop);
  if (exec == nullptr) co_return;  // refused by admit()
  cri::ExecSyncRequest request;
  request.set_container_id(kill.id);
  request.set_timeout(kill.grace.count());
  for (const std::string& word : exec->command) request.add_cmd(word);
  const auto done = co_await self->services_.runtime.exec(request);
  if (done && done->exit_code() == 0) co_return;
  const std::string why =
      done ? "exit code " + std::to_string(done->exit_code()) : done.error().what;
  self->event(EventType::kWarning, kill.name, "FailedPreStopHook", "PreStopHook failed: " + why);
}

// ---- sandbox and phase -----------------------------------------------------------------------

async::Task<void> PodWorker::stop_sandbox(Self self, std::string id) {
  cri::StopPodSandboxRequest request;
  request.set_pod_sandbox_id(id);
  const auto stopped = co_await self->services_.runtime.stop_sandbox(request);
  if (!stopped && !gone(stopped.error())) {
    self->event(EventType::kWarning, "", "FailedKillPod",
                "error killing pod: failed to \"KillPodSandbox\": " + stopped.error().what);
    self->retry_in(kCriListDeadline);
    self->look_needed_ = true;
    co_return;
  }
  for (ActualSandbox& sandbox : self->actual_.sandboxes) {
    if (sandbox.id != id) continue;
    sandbox.ready = false;
    sandbox.released = true;
  }
  self->wake_.notify();
}

void PodWorker::finish(const FinishPod& end) {
  if (record_.terminal()) return;
  record_.terminal_phase = end.phase;
  record_.reason = end.reason;
  record_.message = end.message;
  waiting_.clear();
  if (end.reason == "DeadlineExceeded") {
    event(EventType::kNormal, "", end.reason, end.message);
  }
}

// ---- removal ---------------------------------------------------------------------------------

async::Task<void> PodWorker::remove_pod(Self self) {
  if (!self->gone_ && !self->record_.finalised) {
    Result<void> removed = co_await remove_from_runtime(self);
    if (removed) removed = co_await remove_files(self);
    if (!removed) {
      if (self->stopping_) co_return;
      log::warning("pod cannot be removed yet", {{"pod", self->pod_->text()}, removed.error()});
      self->retry_in(kCriListDeadline);
      self->look_needed_ = true;
      co_return;
    }
    self->gone_ = true;
  }
  if (const Result<void> committed = co_await commit_end(self); !committed) {
    metamanager::MetaManager::log_not_stored("a pod's end cannot be stored", committed.error());
    self->tasks_.spawn("end again", wake_later(self));
  }
}

async::Task<Result<void>> PodWorker::remove_from_runtime(Self self) {
  std::vector<std::string> sandboxes;
  for (const ActualSandbox& sandbox : self->actual_.sandboxes) sandboxes.push_back(sandbox.id);
  for (const std::string& id : sandboxes) {
    if (const Result<void> removed = co_await remove_sandbox(self, id); !removed) co_return removed;
  }
  std::vector<std::string> strays;
  for (const ActualContainer& container : self->actual_.containers) {
    const bool in_removed =
        std::find(sandboxes.begin(), sandboxes.end(), container.sandbox_id) != sandboxes.end();
    if (!in_removed) strays.push_back(container.id);
    self->drop_watches(container.id);
  }
  for (const std::string& id : strays) {
    cri::RemoveContainerRequest remove;
    remove.set_container_id(id);
    const auto removed = co_await self->services_.runtime.remove_container(remove);
    if (!removed && !gone(removed.error())) co_return fail(removed.error());
  }
  co_return Result<void>{};
}

/// Stopped first: only that releases the network of a sandbox that died by itself.
async::Task<Result<void>> PodWorker::remove_sandbox(Self self, std::string id) {
  cri::StopPodSandboxRequest stop;
  stop.set_pod_sandbox_id(id);
  const auto stopped = co_await self->services_.runtime.stop_sandbox(stop);
  if (!stopped && !gone(stopped.error())) co_return fail(stopped.error());
  cri::RemovePodSandboxRequest remove;
  remove.set_pod_sandbox_id(id);
  const auto removed = co_await self->services_.runtime.remove_sandbox(remove);
  if (!removed && !gone(removed.error())) co_return fail(removed.error());
  co_return Result<void>{};
}

async::Task<Result<void>> PodWorker::remove_files(Self self) {
  const Uid uid = self->uid_;
  for (;;) {
    const Result<bool> done = self->services_.volumes.tear_down(uid);
    if (!done) co_return fail(done.error());
    if (*done) break;
    co_await async::sleep_for(std::chrono::milliseconds(1));  // let others run
  }
  for (int polls = 0;; ++polls) {
    const Result<bool> done = self->services_.cgroups.remove_pod(uid);
    if (!done) co_return fail(done.error());
    if (*done) break;
    if (polls == kCgroupPolls)
      co_return fail(Code::kUnavailable, "processes are still in the pod's cgroup");
    co_await async::sleep_for(kCgroupPoll);
  }
  const std::string logs =
      pod_log_dir(self->services_.config.pod_log_root, self->pod_->ns, self->pod_->name, uid.str());
  for (;;) {
    const Result<bool> done = remove_tree(logs, kFilesAtOnce);
    if (!done) co_return fail(done.error());
    if (*done) break;
    co_await async::sleep_for(std::chrono::milliseconds(1));
  }
  self->services_.images.forget(uid);
  co_return Result<void>{};
}

/// The last status, the end and, for a terminating row, its removal become durable together. A pod
/// that is still desired (deletionTimestamp) keeps its row until the cloud removes it.
async::Task<Result<void>> PodWorker::commit_end(Self self) {
  metamanager::Batch batch;
  if (!self->record_.finalised) {
    const bool ran = std::any_of(self->record_.containers.begin(), self->record_.containers.end(),
                                 [](const auto& entry) { return entry.second.end.has_value(); });
    const bool failed = std::any_of(self->pod_->containers.begin(), self->pod_->containers.end(),
                                    [&](const ContainerSpec& c) {
                                      const ContainerEnd* end = current_end(self->record_, c.name);
                                      return end == nullptr || end->exit_code != 0;
                                    });
    if (ran && !self->record_.terminal()) {
      self->record_.terminal_phase = failed ? "Failed" : "Succeeded";
    }
    self->record_.finalised = true;
    for (ActualSandbox& sandbox : self->actual_.sandboxes) sandbox.ready = false;
    batch = self->status_batch(false);
    batch.reports.push_back({lane::ReportKind::kFinalised, self->key_, self->uid_, "", {}});
  }
  const bool last = self->terminating_;
  if (last) {
    batch.pod_states.clear();
    batch.finalised.push_back(self->uid_);
  }
  if (batch.empty()) co_return Result<void>{};
  const Result<void> done = co_await self->services_.meta.commit(std::move(batch));
  if (!done) {
    self->record_.finalised = false;
    self->record_.status_hash.clear();
    self->stored_record_.clear();
    co_return fail(done.error());
  }
  self->finished_ = last;
  co_return Result<void>{};
}

}  // namespace skerry::edged

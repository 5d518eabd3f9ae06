// What the runtime has of the pod: looked at in full when there is a reason, one container at a time
// when a process ends.
#include <algorithm>

#include "edgecore/edged/actual_state.h"
#include "edgecore/edged/container_log.h"
#include "edgecore/edged/cri_config.h"
#include "edgecore/edged/pod_files.h"
#include "edgecore/edged/pod_worker.h"

namespace skerry::edged {
namespace {

constexpr auto kExitPollFirst = std::chrono::milliseconds(1);
constexpr auto kExitPollMax = std::chrono::milliseconds(100);
constexpr auto kExitDeadline = std::chrono::seconds(10);
// Of a log that stands in for a termination message, as in a kubelet.
constexpr std::size_t kMessageLogLines = 80;
constexpr std::size_t kMessageLogBytes = 2 * kKiB;

template <class Request>
void select_pod(Request& request, const Uid& uid) {
  (*request.mutable_filter()->mutable_label_selector())[kPodUidLabel] = uid.str();
}

}  // namespace

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
  for (ActualSandbox& sandbox : seen.sandboxes) {
    for (const ActualSandbox& before : self->actual_.sandboxes) {
      if (before.id == sandbox.id) sandbox.released = before.released && !sandbox.ready;
    }
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

/// Begins to watch a running container; reads the last words of one that ended.
void PodWorker::take_over(ActualContainer& container) {
  if (container.state == ContainerState::kExited) {
    drop_watches(container.id);
    const std::string words = last_words(container);
    if (!words.empty()) container.message += (container.message.empty() ? "" : ": ") + words;
    return;
  }
  if (container.state != ContainerState::kRunning) return;
  watch_exit(container);
  watch_probes(container);
}

/// The termination message; of a failed container that wants it so and wrote none, its log's end.
std::string PodWorker::last_words(const ActualContainer& container) const {
  const std::string message =
      container.message_path.empty() ? "" : read_message_file(container.message_path);
  const ContainerSpec* spec = pod_->container(container.name);
  const bool from_logs = spec != nullptr && spec->message_from_logs_on_error;
  if (!message.empty() || !from_logs || container.exit_code == 0) return message;
  LogOptions end;
  end.tail_lines = kMessageLogLines;
  end.limit_bytes = kMessageLogBytes;
  return read_container_log(container.log_path, end).value_or("");
}

void PodWorker::watch_exit(const ActualContainer& container) {
  const std::string id = container.id;
  if (container.pid <= 0 || services_.exits.watches(id) || unwatchable_.count(id) > 0) return;
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

void PodWorker::watch_probes(const ActualContainer& container) {
  if (pod_->container(container.name) == nullptr) return;  // of a pod that nobody knows any more
  ProbeTarget target{pod_, container.name, container.id, "", container.started, std::nullopt};
  const PodFacts known = facts();
  if (!known.pod_ips.empty()) target.pod_ip = known.pod_ips.front();
  const ContainerRecord* record = record_.container(container.name);
  if (ours_.count(container.id) == 0 && record != nullptr && record->id == container.id) {
    target.adopted = ProbeTarget::Adopted{record->probe_started, record->probe_ready};
  }
  services_.prober.watch(std::move(target));
}

void PodWorker::drop_watches(const std::string& container_id) {
  services_.exits.forget(container_id);
  services_.prober.forget(container_id);
  unwatchable_.erase(container_id);
  ours_.erase(container_id);
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

}  // namespace skerry::edged

#include "edgecore/edged/edged.h"

#include "common/base/log.h"
#include "edgecore/edged/edged_impl.h"

namespace skerry::edged {
namespace {

constexpr auto kLogRotationInterval = std::chrono::seconds(10);
constexpr auto kEventDelay = std::chrono::milliseconds(200);

}  // namespace

Edged::Edged(async::Executor executor,
             seam::World world,
             metamanager::MetaManager& meta,
             CriClient& runtime,
             EdgedConfig config)
    : impl_(std::make_shared<Impl>(std::move(executor), world, meta, runtime, std::move(config))) {
  impl_->services.on_finished = [impl = impl_.get()](const Uid& uid) { impl->on_finished(uid); };
}

Edged::~Edged() = default;

void Edged::start() {
  impl_->tasks.spawn("edged store", Impl::follow_store(impl_));
  impl_->tasks.spawn("edged relist", Impl::relist_forever(impl_));
  impl_->tasks.spawn("edged events", Impl::flush_events(impl_));
  impl_->tasks.spawn("edged logs", Impl::rotate_logs(impl_));
}

async::Task<void> Edged::stop() {
  const std::shared_ptr<Impl> impl = impl_;
  impl->stopping = true;
  impl->runtime.close();
  for (auto& [uid, entry] : impl->workers) entry.worker->stop();
  impl->changed.notify();
  impl->relist_now.notify();
  impl->stopped.notify();
  impl->events.wakeup().notify();
  co_await impl->tasks.join();
  co_await impl->prober.stop();
  impl->workers.clear();
}

void Edged::on_objects_changed(const std::vector<k8s::ObjectKey>& keys) {
  impl_->dirty.insert(keys.begin(), keys.end());
  impl_->changed.notify();
}

void Edged::on_tokens_changed(const std::vector<lane::TokenSlot>& slots) {
  for (const lane::TokenSlot& slot : slots) {
    if (const auto worker = impl_->find(slot.pod)) worker->refresh_volumes();
  }
}

void Edged::on_clock_jump() {
  for (auto& [uid, entry] : impl_->workers) entry.worker->clock_jumped();
}

void Edged::report_again(const k8s::ObjectKey& pod, const Uid& uid) {
  const auto worker = impl_->find(uid);
  if (worker)
    worker->report_again();
  else
    log::warning("cloud asks again for an unknown pod", {{"pod", pod.text()}, {"uid", uid.str()}});
}

void Edged::desired_set_is_known() {
  impl_->desired_known = true;
  impl_->relist_now.notify();
}

std::vector<PodSummary> Edged::pods() const {
  std::vector<PodSummary> out;
  for (const auto& [uid, entry] : impl_->workers) out.push_back(entry.worker->summary());
  return out;
}

EdgedFigures Edged::figures() const {
  EdgedFigures out;
  for (const auto& [uid, entry] : impl_->workers) {
    const PodSummary pod = entry.worker->summary();
    ++out.pods[pod.phase.empty() ? "Unknown" : pod.phase];
    ++out.workers[entry.worker->state()];
    const bool should_run = pod.phase == "Running" || pod.phase == "Pending";
    if (should_run) out.containers_not_ready += pod.containers - pod.containers_ready;
  }
  out.runtime_up = impl_->runtime_ok;
  out.probes = impl_->prober.counts();
  return out;
}

bool Edged::runtime_answers() const { return impl_->runtime_ok; }

std::string Edged::log_dir(const std::string& ns, const std::string& name, const Uid& uid) const {
  return pod_log_dir(impl_->config.pod_log_root, ns, name, uid.str());
}

// ---- events, logs ----------------------------------------------------------------------------

async::Task<void> Edged::Impl::flush_events(Self self) {
  while (!self->stopping) {
    co_await self->events.wakeup().wait_until(TimePoint::max());
    if (!self->stopping) co_await async::sleep_for(kEventDelay);  // those of one start together
    metamanager::Batch batch;
    batch.reports = self->events.take();
    if (batch.reports.empty()) continue;
    const Result<void> done = co_await self->meta.commit(std::move(batch));
    if (!done) metamanager::MetaManager::log_not_stored("events are lost", done.error());
  }
}

async::Task<Result<void>> Edged::Impl::reopen(Self self, std::string container_id) {
  cri::ReopenContainerLogRequest request;
  request.set_container_id(std::move(container_id));
  const auto done = co_await self->runtime.reopen_log(request);
  if (!done) co_return fail(done.error());
  co_return Result<void>{};
}

async::Task<void> Edged::Impl::rotate_logs(Self self) {
  while (!self->stopping) {
    co_await self->stopped.wait_until(self->world.clock.now() + kLogRotationInterval);
    std::vector<PodWorker::RunningLog> logs;
    for (const auto& [uid, entry] : self->workers) {
      const auto more = entry.worker->running_logs();
      logs.insert(logs.end(), more.begin(), more.end());
    }
    for (const PodWorker::RunningLog& log_file : logs) {
      if (self->stopping) break;
      const ReopenLog reopen_it = [self, id = log_file.container_id] { return reopen(self, id); };
      const Result<bool> rotated = co_await rotate_container_log(
          log_file.path, self->config.logs, self->world.clock.wall(), reopen_it);
      if (!rotated) log::warning("log file cannot be rotated", {rotated.error()});
    }
  }
}

}  // namespace skerry::edged

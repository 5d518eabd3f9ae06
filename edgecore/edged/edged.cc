#include "edgecore/edged/edged.h"

#include <algorithm>

#include "common/base/log.h"
#include "edgecore/edged/actual_state.h"
#include "edgecore/edged/pod_worker.h"

namespace skerry::edged {
namespace {

constexpr auto kRelistInterval = std::chrono::seconds(60);
constexpr auto kRelistRetry = std::chrono::seconds(2);
constexpr auto kLogRotationInterval = std::chrono::seconds(10);
constexpr auto kEventDelay = std::chrono::milliseconds(200);
constexpr std::size_t kOrphanFilesAtOnce = 2000;

class CriExecProbe final : public ExecProbe {
 public:
  explicit CriExecProbe(CriClient& runtime) : runtime_(runtime) {}
  async::Task<Result<Outcome>> run(std::string container_id,
                                   std::vector<std::string> command,
                                   Duration timeout) override {
    cri::ExecSyncRequest request;
    request.set_container_id(std::move(container_id));
    request.set_timeout(
        std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(timeout).count()));
    for (const std::string& word : command) request.add_cmd(word);
    const auto reply = co_await runtime_.exec(request);
    if (!reply) co_return fail(reply.error());
    co_return Outcome{reply->exit_code(), reply->stdout() + reply->stderr()};
  }

 private:
  CriClient& runtime_;
};

}  // namespace

struct Edged::Impl : std::enable_shared_from_this<Impl> {
  using Self = std::shared_ptr<Impl>;
  using WorkerPtr = std::shared_ptr<PodWorker>;

  struct Entry {
    WorkerPtr worker;
    k8s::ContentVersion version;
  };

  Impl(async::Executor e, seam::World w, metamanager::MetaManager& m, CriClient& r, EdgedConfig c)
      : executor(e),
        world(w),
        meta(m),
        runtime(r),
        config(std::move(c)),
        volumes({config.pods_dir}),
        cgroups(config.cgroups),
        exec(runtime),
        events(e, w, config.node),
        prober(e, w, exec, listener()),
        exits(e),
        images(w, runtime, events),
        services{executor, world, meta,   runtime, volumes, cgroups,
                 prober,   exits, events, images,  config,  {}},
        changed(e),
        relist_now(e),
        stopped(e),
        tasks(e) {}

  ProbeListener listener() {
    ProbeListener out;
    out.on_health = [this](const Uid& pod, const std::string&) {
      if (const WorkerPtr worker = find(pod)) worker->probe_changed();
    };
    out.on_event = [this](const PodPtr& pod, const std::string& container,
                          const std::string& reason, const std::string& message) {
      events.record({pod, container, EventType::kWarning, reason, message});
    };
    return out;
  }

  WorkerPtr find(const Uid& uid) const {
    const auto found = workers.find(uid);
    return found == workers.end() ? nullptr : found->second.worker;
  }

  // ---- desired state -------------------------------------------------------------------------

  static async::Task<void> follow_store(Self self) {
    while (!self->stopping) {
      const bool all = std::exchange(self->all_dirty, false);
      const std::set<k8s::ObjectKey> keys = std::exchange(self->dirty, {});
      Result<void> synced;
      if (all)
        synced = co_await sync_all(self);
      else
        synced = co_await sync_keys(self, keys);
      if (!synced) {
        log::error("the store cannot be read; pods stay as they are", {synced.error()});
        self->all_dirty = true;
        co_await async::sleep_for(kRelistRetry);
        continue;
      }
      if (!self->all_dirty && self->dirty.empty())
        co_await self->changed.wait_until(TimePoint::max());
    }
  }

  static async::Task<Result<void>> sync_all(Self self) {
    const auto ended = co_await self->meta.terminating();
    if (!ended) co_return fail(ended.error());
    const auto stored = co_await self->meta.list(k8s::Kind::kPod);
    if (!stored) co_return fail(stored.error());
    if (self->stopping) co_return Result<void>{};
    for (const metamanager::TerminatingPod& row : *ended) self->apply_terminating(row.pod);
    for (const metamanager::StoredObject& pod : *stored) self->apply(pod);
    for (auto& [uid, entry] : self->workers) entry.worker->refresh_volumes();
    self->update_burstable();
    self->first_sync_done = true;
    self->relist_now.notify();
    co_return Result<void>{};
  }

  static async::Task<Result<void>> sync_keys(Self self, std::set<k8s::ObjectKey> keys) {
    bool pods = false;
    for (const k8s::ObjectKey& key : keys) pods = pods || key.kind == k8s::Kind::kPod;
    if (pods) {
      const auto ended = co_await self->meta.terminating();
      if (!ended) co_return fail(ended.error());
      for (const metamanager::TerminatingPod& row : *ended) self->apply_terminating(row.pod);
    }
    for (const k8s::ObjectKey& key : keys) {
      if (key.kind != k8s::Kind::kPod) {
        self->refresh_users(key);
        continue;
      }
      const auto stored = co_await self->meta.get(key);
      if (!stored) co_return fail(stored.error());
      if (*stored && !self->stopping) self->apply(**stored);
    }
    self->update_burstable();
    co_return Result<void>{};
  }

  void refresh_users(const k8s::ObjectKey& key) {
    for (auto& [uid, entry] : workers) {
      const std::vector<k8s::ObjectKey> used = referenced_objects(*entry.worker->pod());
      if (std::find(used.begin(), used.end(), key) != used.end()) entry.worker->refresh_volumes();
    }
  }

  void apply(const metamanager::StoredObject& stored) {
    if (!stored.refused_code.empty()) {
      refused.insert(stored.object->uid);
      return;
    }
    const auto found = workers.find(stored.object->uid);
    if (found != workers.end() && found->second.version == stored.object->version) return;
    const Result<PodPtr> pod = parse_pod(*stored.object);
    if (!pod) {
      log::error("stored pod cannot be read", {{"pod", stored.object->key.text()}, pod.error()});
      return;
    }
    if (found != workers.end()) {
      found->second.version = stored.object->version;
      found->second.worker->set_pod(*pod);
      return;
    }
    if (predecessor_lives(**pod)) {
      held.insert(stored.object->key);  // on_finished() comes back to it
      return;
    }
    add_worker(*pod, false).version = stored.object->version;
  }

  bool predecessor_lives(const PodSpec& pod) const {
    return std::any_of(workers.begin(), workers.end(), [&](const auto& entry) {
      const PodSpec& other = *entry.second.worker->pod();
      return other.ns == pod.ns && other.name == pod.name && other.uid != pod.uid;
    });
  }

  void apply_terminating(const k8s::ObjectPtr& object) {
    const Result<PodPtr> pod = parse_pod(*object);
    if (!pod) {
      log::error("terminating pod cannot be read", {{"pod", object->key.text()}, pod.error()});
      return;
    }
    if (const WorkerPtr worker = find(object->uid))
      worker->set_terminating(*pod);
    else
      add_worker(*pod, true);
  }

  Entry& add_worker(const PodPtr& pod, bool terminating) {
    auto worker = std::make_shared<PodWorker>(services, pod);
    if (terminating) worker->set_terminating(pod);
    Entry& entry = workers[pod->uid];
    entry.worker = worker;
    tasks.spawn("pod " + pod->text(), PodWorker::run(worker));
    return entry;
  }

  void on_finished(const Uid& uid) {
    const auto found = workers.find(uid);
    if (found == workers.end()) return;
    const PodPtr pod = found->second.worker->pod();
    workers.erase(found);
    log::info("pod is gone", {{"pod", pod->text()}, {"uid", uid.str()}});
    const k8s::ObjectKey key{k8s::Kind::kPod, pod->ns, pod->name};
    if (held.erase(key) > 0) {
      dirty.insert(key);
      changed.notify();
    }
  }

  /// All burstable pods together get the CPU shares of their requests.
  void update_burstable() {
    std::int64_t requests = 0;
    for (const auto& [uid, entry] : workers) {
      const PodSpec& pod = *entry.worker->pod();
      if (qos_class(pod) == QosClass::kBurstable) requests += pod_totals(pod).cpu_request_milli;
    }
    if (requests == burstable_milli) return;
    burstable_milli = requests;
    if (const Result<void> set = cgroups.set_burstable_cpu(requests); !set) {
      log::warning("burstable pods keep their old CPU shares", {set.error()});
    }
  }

  // ---- actual state: the slow relist is the safety net ----------------------------------------

  static async::Task<void> relist_forever(Self self) {
    while (!self->stopping) {
      const Result<void> listed = co_await relist(self);
      if (self->stopping) break;
      // That it is away is told by the node's reporter, once.
      const bool away = !listed && listed.error().code == Code::kUnavailable;
      if (!listed && !away && self->runtime_ok) {
        log::warning("container runtime does not answer; pods go on, changes wait",
                     {listed.error()});
      }
      if (listed && !self->runtime_ok) {
        log::debug("container runtime answers");
        for (auto& [uid, entry] : self->workers) entry.worker->look_again();
      }
      self->runtime_ok = listed.has_value();
      co_await self->relist_now.wait_until(self->world.clock.now() +
                                           (listed ? kRelistInterval : Duration(kRelistRetry)));
    }
  }

  static async::Task<Result<void>> relist(Self self) {
    const auto sandboxes = co_await self->runtime.list_sandboxes({});
    if (!sandboxes) co_return fail(sandboxes.error());
    const auto containers = co_await self->runtime.list_containers({});
    if (!containers) co_return fail(containers.error());
    const std::map<Uid, ListedPod> listed = group_by_pod(*sandboxes, *containers);
    const ActualPod nothing;
    for (auto& [uid, entry] : self->workers) {
      const auto found = listed.find(uid);
      const ActualPod& have = found == listed.end() ? nothing : found->second.pod;
      if (!same_shape(have, entry.worker->actual())) entry.worker->look_again();
    }
    if (self->desired_known && self->first_sync_done) self->remove_orphans(listed);
    co_return Result<void>{};
  }

  /// What is left in the runtime and on disk of pods that neither the store nor the cloud knows.
  void remove_orphans(const std::map<Uid, ListedPod>& listed) {
    const auto is_known = [this](const Uid& uid) {
      return workers.count(uid) > 0 || refused.count(uid) > 0;
    };
    for (const auto& [uid, pod] : listed) {
      if (pod.node != config.node.str() || is_known(uid) || !held.empty()) continue;
      log::warning("pod in the container runtime that nobody wants: removing it",
                   {{"pod", pod.ns + "/" + pod.name}, {"uid", uid.str()}});
      auto spec = std::make_shared<PodSpec>();
      spec->ns = pod.ns;
      spec->name = pod.name;
      spec->uid = uid;
      add_worker(spec, true);
    }
    for (const Uid& uid : volumes.pods()) {
      if (is_known(uid) || listed.count(uid) > 0 || !held.empty()) continue;
      (void)volumes.tear_down(uid, kOrphanFilesAtOnce);  // the rest at the next relist
    }
  }

  // ---- events, logs --------------------------------------------------------------------------

  static async::Task<void> flush_events(Self self) {
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

  static async::Task<Result<void>> reopen(Self self, std::string container_id) {
    cri::ReopenContainerLogRequest request;
    request.set_container_id(std::move(container_id));
    const auto done = co_await self->runtime.reopen_log(request);
    if (!done) co_return fail(done.error());
    co_return Result<void>{};
  }

  static async::Task<void> rotate_logs(Self self) {
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

  async::Executor executor;
  seam::World world;
  metamanager::MetaManager& meta;
  CriClient& runtime;
  EdgedConfig config;
  Volumes volumes;
  CgroupDirs cgroups;
  CriExecProbe exec;
  EventRecorder events;
  Prober prober;
  ExitWatch exits;
  PodImages images;
  PodServices services;

  std::map<Uid, Entry> workers;
  std::set<k8s::ObjectKey> dirty;
  std::set<k8s::ObjectKey> held;  // wait for their predecessor's end
  std::set<Uid> refused;
  bool all_dirty = true;
  bool first_sync_done = false;
  bool desired_known = false;
  bool runtime_ok = true;
  bool stopping = false;
  std::int64_t burstable_milli = -1;
  async::Wakeup changed;
  async::Wakeup relist_now;
  async::Wakeup stopped;
  async::TaskGroup tasks;
};

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

}  // namespace skerry::edged

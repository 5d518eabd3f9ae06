// Inside of Edged: what its loops share.
//   edged.cc          what App calls; events and log files
//   edged_desired.cc  from the store to the workers
//   edged_actual.cc   the slow relist, what nobody wants any more
#pragma once

#include <map>
#include <set>

#include "edgecore/edged/actual_state.h"
#include "edgecore/edged/edged.h"
#include "edgecore/edged/pod_worker.h"

namespace skerry::edged {

/// ExecSync as the prober asks it.
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

/// Owner: Edged and its tasks. Thread: the loop.
struct Edged::Impl {
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
        events(e, w),
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

  // Desired state (edged_desired.cc).
  static async::Task<void> follow_store(Self self);
  static async::Task<Result<void>> sync_all(Self self);
  static async::Task<Result<void>> sync_keys(Self self, std::set<k8s::ObjectKey> keys);
  void refresh_users(const k8s::ObjectKey& key);
  void apply(const metamanager::StoredObject& stored);
  bool predecessor_lives(const PodSpec& pod) const;
  void apply_terminating(const k8s::ObjectPtr& object);
  Entry& add_worker(const PodPtr& pod, bool terminating);
  void on_finished(const Uid& uid);
  void update_burstable();

  // Actual state (edged_actual.cc).
  static async::Task<void> relist_forever(Self self);
  static async::Task<Result<void>> relist(Self self);
  void remove_orphans(const std::map<Uid, ListedPod>& listed);

  // Events and logs (edged.cc).
  static async::Task<void> flush_events(Self self);
  static async::Task<Result<void>> reopen(Self self, std::string container_id);
  static async::Task<void> rotate_logs(Self self);

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

}  // namespace skerry::edged

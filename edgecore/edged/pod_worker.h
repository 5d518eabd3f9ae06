// One coroutine per pod: looks at what the runtime has, plans, acts, reports, waits for a reason to
// look again. The start path makes no remote call: everything comes from MetaManager.
//   pod_worker.cc  the loop
//   pod_look.cc    what the runtime has
//   pod_start.cc   sandbox, images, volumes, containers
//   pod_stop.cc    kills, the end of the pod
//   pod_report.cc  status, record, events
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/async/task_group.h"
#include "common/async/wakeup.h"
#include "edgecore/edged/actual_pod.h"
#include "edgecore/edged/cgroup_dirs.h"
#include "edgecore/edged/credential_lease.h"
#include "edgecore/edged/cri_config.h"
#include "edgecore/edged/edged_config.h"
#include "edgecore/edged/events.h"
#include "edgecore/edged/exit_watch.h"
#include "edgecore/edged/plan_pod.h"
#include "edgecore/edged/pod_images.h"
#include "edgecore/edged/pod_state.h"
#include "edgecore/edged/pod_status.h"
#include "edgecore/edged/pod_summary.h"
#include "edgecore/edged/prober.h"
#include "edgecore/edged/volumes.h"
#include "edgecore/metamanager/metamanager.h"

namespace skerry::edged {

/// What all workers share. Owned by Edged; outlives them.
struct PodServices {
  async::Executor executor;
  seam::World world;
  metamanager::MetaManager& meta;
  CriClient& runtime;
  Volumes& volumes;
  CgroupDirs& cgroups;
  Prober& prober;
  ExitWatch& exits;
  EventRecorder& events;
  PodImages& images;
  const EdgedConfig& config;
  std::function<void(const Uid&)> on_finished;
};

/// Owner: Edged, by shared_ptr. Thread: the loop.
class PodWorker : public std::enable_shared_from_this<PodWorker> {
 public:
  PodWorker(PodServices& services, PodPtr pod);

  /// Runs until the pod's row is gone from the store or stop() was called.
  static async::Task<void> run(std::shared_ptr<PodWorker> self);

  /// A newer version of the same uid.
  void set_pod(PodPtr pod);
  /// The row left the desired set: end the pod, then its terminating row.
  void set_terminating(PodPtr pod);
  /// An object, token or secret it refers to has changed.
  void refresh_volumes();
  /// Backoffs, probes and the tokens' leases are judged again.
  void clock_jumped() { refresh_volumes(); }
  void look_again();
  void report_again();
  void probe_changed() { wake_.notify(); }
  void stop();

  const PodPtr& pod() const { return pod_; }
  const ActualPod& actual() const { return actual_; }
  const PodRecord& record() const { return record_; }
  bool finished() const { return finished_; }
  PodSummary summary() const;
  /// "steady", "retrying", "ending" or "gone" (metrics: skerry_edged_pod_workers).
  const char* state() const;
  /// Containers that run, with their log files, for rotation.
  struct RunningLog {
    std::string container_id;
    std::string path;
  };
  std::vector<RunningLog> running_logs() const;

 private:
  using Self = std::shared_ptr<PodWorker>;
  struct Inputs {
    std::map<k8s::ObjectKey, ObjectDataPtr> objects;
    ServedTokens tokens;
  };

  // The loop (pod_worker.cc).
  static async::Task<void> load(Self self);
  static async::Task<void> step(Self self);
  static async::Task<void> perform(Self self, PodAction action);
  static async::Task<void> drop_container(Self self, std::string id);
  static async::Task<void> wait(Self self, std::optional<WallTime> again_at);
  static async::Task<void> wake_later(Self self);
  static async::Task<void> pause(Self self, Duration duration);
  void retry_in(Duration delay);
  bool volumes_need_update() const;
  bool token_lease_ended() const;
  bool terminate() const { return terminating_ || pod_->deletion.has_value(); }

  // Looking (pod_look.cc).
  static async::Task<Result<void>> look(Self self);
  static async::Task<Result<void>> look_at_container(Self self, std::string id);
  static async::Task<void> follow_exits(Self self);
  void take_over(ActualContainer& container);
  std::string last_words(const ActualContainer& container) const;
  void watch_exit(const ActualContainer& container);
  void watch_probes(const ActualContainer& container);
  void drop_watches(const std::string& container_id);

  // Starting (pod_start.cc).
  static async::Task<void> create_sandbox(Self self, std::uint32_t attempt);
  static async::Task<bool> set_up_volumes(Self self);
  void tell_ended_tokens(const ServedTokens& tokens);
  static async::Task<Inputs> load_inputs(Self self);
  static async::Task<void> start_container(Self self, std::string name, std::uint32_t attempt);
  static async::Task<void> ensure_image(Self self, std::string name);
  static async::Task<void> create_and_start(Self self, std::string name, std::uint32_t attempt);
  static async::Task<void> run_post_start(Self self, std::string name, std::string id);
  static async::Task<void> collect_garbage(Self self, std::string name);
  Result<std::vector<BindMount>> bind_mounts(const ContainerSpec& container,
                                             const EnvList& env,
                                             std::uint32_t attempt);
  PodFacts facts() const;
  VolumeInputs volume_inputs() const;
  cri::PodSandboxConfig sandbox_message(std::uint32_t attempt) const;
  void start_failed(const std::string& name, Waiting waiting, Duration retry_after);
  void prefetch_images();
  static async::Task<void> beside_sandbox(Self self);

  // Ending (pod_stop.cc).
  void begin_kill(const KillContainer& kill);
  static async::Task<void> kill(Self self, KillContainer kill, bool with_hook);
  static async::Task<void> run_pre_stop(Self self, KillContainer kill);
  static async::Task<void> stop_sandbox(Self self, std::string id);
  void finish(const FinishPod& end);
  static async::Task<void> remove_pod(Self self);
  static async::Task<Result<void>> remove_from_runtime(Self self);
  static async::Task<Result<void>> remove_sandbox(Self self, std::string id);
  static async::Task<Result<void>> remove_files(Self self);
  static async::Task<Result<void>> commit_end(Self self);

  // Reporting (pod_report.cc).
  ProbeVerdicts probe_verdicts() const;
  void note_crash_loops(const std::set<std::string>& looping);
  void report_pending();
  void report();
  metamanager::Batch status_batch(bool force);
  void commit(metamanager::Batch batch);
  void event(EventType type, std::string container, std::string reason, std::string message);

  PodServices& services_;
  PodPtr pod_;
  const Uid uid_;
  const k8s::ObjectKey key_;
  async::Wakeup wake_;
  async::Wakeup stopped_;  // notified by stop()
  async::TaskGroup tasks_;

  ActualPod actual_;
  PodRecord record_;
  std::string stored_record_;  // as last committed
  std::map<std::string, Waiting> waiting_;
  std::map<std::string, TimePoint> not_before_;  // containers that may not be tried yet
  std::map<std::string, ImageOutcome> images_;   // for the next start of each
  std::set<std::string> image_tasks_;
  std::map<std::string, Seconds> kills_;  // container id -> grace of the kill that runs
  std::set<std::string> ended_;           // ids whose process ended
  std::set<std::string> unwatchable_;     // ids without a process to watch
  std::set<std::string> to_verify_;       // ids whose watch was just opened
  std::set<std::string> ours_;            // ids that this process started
  std::optional<Inputs> inputs_;
  std::optional<VolumeSet> volume_set_;
  std::optional<WallTime> token_lease_end_;      // of the first token that is served
  std::vector<ServedTokens::Place> tokens_ended_;  // told as events
  std::optional<TimePoint> retry_at_;
  Duration retry_delay_{};

  std::string phase_;
  bool look_needed_ = true;
  bool volumes_stale_ = true;
  bool force_report_ = false;
  bool terminating_ = false;
  bool gone_ = false;  // nothing is left of it here
  bool finished_ = false;
  bool stopping_ = false;
};

}  // namespace skerry::edged

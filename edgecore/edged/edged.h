// The pods of this node: one worker per pod, fed from MetaManager alone. A push from the cloud and
// a reboot without a network enter at the same function, on_objects_changed().
//   Edged edged(executor, world, meta, *runtime, config);
//   meta.on_objects_changed([&](const auto& keys) { edged.on_objects_changed(keys); });
//   meta.on_tokens_changed([&](const auto& slots) { edged.on_tokens_changed(slots); });
//   edged.start();  ...  co_await edged.stop();
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/async/task.h"
#include "common/lane/message.h"
#include "common/seam/world.h"
#include "edgecore/edged/cri_client.h"
#include "edgecore/edged/edged_config.h"
#include "edgecore/edged/pod_metrics.h"
#include "edgecore/edged/pod_summary.h"
#include "edgecore/metamanager/metamanager.h"

namespace skerry::edged {

/// Owner: App. Thread: the executor's loop. Errors are logged with what to do; nothing stops it but
/// stop().
class Edged {
 public:
  Edged(async::Executor executor,
        seam::World world,
        metamanager::MetaManager& meta,
        CriClient& runtime,
        EdgedConfig config);
  ~Edged();  // stop() has ended before

  /// Begins with everything that the store holds.
  void start();
  /// Closes `runtime`; containers go on. Ends within seconds.
  async::Task<void> stop();

  void on_objects_changed(const std::vector<k8s::ObjectKey>& keys);
  void on_tokens_changed(const std::vector<lane::TokenSlot>& slots);
  /// What depends on the wall clock is judged again.
  void on_clock_jump();
  /// The cloud's ReportAgain.
  void report_again(const k8s::ObjectKey& pod, const Uid& uid);
  /// The store holds what the cloud wants (after a Welcome and what it brought): pods of this node
  /// in the runtime that the store does not know may be removed. Before that they are left alone,
  /// because a damaged store must not cost what runs.
  void desired_set_is_known();

  std::vector<PodSummary> pods() const;
  EdgedFigures figures() const;
  /// False while the container runtime does not answer.
  bool runtime_answers() const;
  /// Directory of a container's log files, for `edgecore logs`.
  std::string log_dir(const std::string& ns, const std::string& name, const Uid& uid) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace skerry::edged

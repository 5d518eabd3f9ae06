// Looks at the machine and the runtime, and reports the Node's status when it changed.
// The Node itself is made by node_status.h, the facts come from node_info.h.
#pragma once

#include <string>

#include "common/async/task.h"
#include "common/async/wakeup.h"
#include "common/seam/world.h"
#include "edgecore/edged/cri_client.h"
#include "edgecore/edged/node_status.h"
#include "edgecore/metamanager/metamanager.h"

namespace skerry::edged {

/// Owner: App. Thread: the loop. Writes nothing while nothing changes: heartbeats are the cloud's
/// leases.
class NodeReporter {
 public:
  static constexpr auto kLookInterval = 10s;  // nodeStatusUpdateFrequency
  static constexpr auto kImagesInterval = 5min;

  NodeReporter(async::Executor executor,
               seam::World world,
               metamanager::MetaManager& meta,
               CriClient& runtime,
               NodeFacts facts,
               std::string data_dir);

  /// Runs until stop().
  async::Task<void> run();
  void stop();
  /// The API's status is not what was said last: say it again now.
  void report_again();
  /// The stored Node changed: a new one wants its status.
  void look_now() { wakeup_.notify(); }

 private:
  async::Task<void> look();
  async::Task<std::string> ask_runtime();
  async::Task<void> list_images();

  seam::World world_;
  metamanager::MetaManager& meta_;
  CriClient& runtime_;
  async::Wakeup wakeup_;
  NodeFacts facts_;
  std::string data_dir_;
  NodeConditions conditions_;
  k8s::StatusHash reported_;
  Uid reported_for_;  // empty: for a Node that did not exist yet
  TimePoint images_due_{};
  std::string told_problem_;
  bool again_ = false;
  bool stopping_ = false;
};

}  // namespace skerry::edged

// Follows the network and says when the link must dial at once. The decisions are in uplinks.h.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/async/task.h"
#include "common/async/wakeup.h"
#include "common/seam/network.h"
#include "common/seam/world.h"

namespace skerry::edgehub {

/// What NetworkWatch asks of the link.
struct NetworkListener {
  /// The connection's own address; empty: not connected.
  std::function<std::string()> local_address;
  /// A way to the cloud came, went or changed.
  std::function<void()> uplinks_changed;
  /// The connection's address is gone.
  std::function<void()> address_gone;
};

/// Owner: App. Thread: the loop. Limits: looks at most once in kPause, however much changes.
class NetworkWatch {
 public:
  static constexpr auto kPause = 200ms;

  NetworkWatch(async::Executor executor,
               seam::World world,
               std::unique_ptr<seam::Network> network,
               NetworkListener listener);

  /// Runs until stop().
  async::Task<void> run();
  void stop();

 private:
  void judge(const seam::NetworkState& before, const seam::NetworkState& now);

  seam::World world_;
  std::unique_ptr<seam::Network> network_;
  NetworkListener listener_;
  async::Wakeup stop_asked_;
  bool stopping_ = false;
};

}  // namespace skerry::edgehub

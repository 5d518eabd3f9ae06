// Carries a new CA to every edge and then uses it: the shell around ca_set.h.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "cloudcore/cloudhub/ca_set.h"
#include "cloudcore/cloudhub/deny_list.h"
#include "common/async/wakeup.h"
#include "common/base/hash.h"
#include "common/metrics/registry.h"
#include "common/seam/world.h"

namespace skerry::cloudhub {

inline constexpr auto kCaPoll = std::chrono::seconds(5);

/// Reads the CA set every kCaPoll and tells each change; remembers which nodes hold the next CA,
/// and takes the steps of next_step() by compare-and-set, so that of several cloudcores one does.
/// While the API is away the last set counts. Owner: App. Thread: the control loop.
class CaRollout {
 public:
  struct Parts {
    std::shared_ptr<IdentityStore> store;
    seam::World world;
    Duration patience;  // see next_step()
    /// A set to be used from now on, and again when its edge_bundle() has changed by time.
    std::function<void(const CaSet&)> use;
    std::function<std::shared_ptr<const DenySet>()> denied;  // null: not known yet
    metrics::Registry& registry;
  };
  /// `set`: what is in use already.
  CaRollout(async::Executor executor, CaSet set, Parts parts);

  /// Runs until stop(). `self` keeps it.
  static async::Task<void> run(std::shared_ptr<CaRollout> self);
  void stop();
  /// One round of run().
  static async::Task<void> look(std::shared_ptr<CaRollout> self);

  /// A node's session says that it holds this bundle. The digest of the bundle that is wanted is
  /// all that counts.
  void holds(const NodeName& node, const Digest& bundle);

 private:
  void take(CaSet set);
  async::Task<void> remember_holders();
  async::Task<Result<void>> remember(NodeName node, std::string hash);
  async::Task<void> step_forward();

  Parts parts_;
  async::Wakeup wakeup_;
  CaSet set_;
  std::string bundle_;                // of set_, as told last
  std::set<NodeName> holders_;        // of the next CA, to be remembered
  std::set<NodeName> remembered_;     // of the next CA
  std::set<NodeName> lacking_;        // as counted last, without who was remembered since
  std::optional<TimePoint> counted_;  // when that was
  std::string last_error_;            // told once
  bool stopping_ = false;
};

}  // namespace skerry::cloudhub

// Keeps the pods' service-account tokens fresh: asks the cloud by the kubelet's rule and stores
// what is worth a write. A token that cannot be renewed stays in use up to the offline lease.
// Source: design.md 4.10 and section 5; kubelet pkg/kubelet/token.
#pragma once

#include <functional>
#include <map>

#include "common/async/task.h"
#include "common/async/wakeup.h"
#include "common/lane/message.h"
#include "common/seam/world.h"
#include "edgecore/edged/credential_lease.h"
#include "edgecore/metamanager/metamanager.h"

namespace skerry::edged {

/// The kubelet's rule, at 80 % of the reported life or after 24 h, but not before half the real
/// life is used: an earlier one would cost the link and the flash, and gain nothing. Pure.
WallTime renewal_due(const lane::TokenGrant& grant);

/// For `edgecore status` and metrics. As of the last look.
struct TokenFigures {
  std::size_t stored = 0;
  std::size_t leased = 0;  // of them: expired, and served under the offline lease
  std::size_t ended = 0;   // of them: past the lease, no longer served
};

/// Owner: App. Thread: the loop. Limits: one question per token slot.
class TokenKeeper {
 public:
  using Ask = std::function<bool(k8s::ObjectKey pod, lane::TokenSlot slot)>;
  static constexpr auto kLookInterval = 1min;
  static constexpr auto kAskAgain = 1min;

  /// `lease`: how long a token is served after its end.
  TokenKeeper(async::Executor executor,
              seam::World world,
              metamanager::MetaManager& meta,
              Duration lease,
              Ask ask);

  /// Runs until stop().
  async::Task<void> run();
  void stop();
  const TokenFigures& figures() const { return figures_; }
  /// Pods changed, the link came up or the clock jumped: look now.
  void look_now() { wakeup_.notify(); }
  void on_grant(lane::TokenGrant grant);

 private:
  struct Look {
    std::map<lane::TokenSlot, TimePoint> asked;
    TokenFigures figures;
  };
  async::Task<void> look();
  async::Task<void> look_at(k8s::ObjectPtr pod, Look& look);
  void tell(const TokenFigures& now);
  async::Task<void> store(lane::TokenGrant grant);

  seam::World world_;
  metamanager::MetaManager& meta_;
  Duration lease_;
  TokenFigures figures_;
  Ask ask_;
  async::Wakeup wakeup_;
  std::map<lane::TokenSlot, TimePoint> asked_;  // when last
  std::vector<lane::TokenGrant> arrived_;
  bool stopping_ = false;
};

}  // namespace skerry::edged

// Keeps the pods' service-account tokens fresh: asks the cloud by the kubelet's rule and stores
// what is worth a write. A token that cannot be renewed stays in use up to the offline lease.
// Source: design.md 4.10 and section 5; kubelet pkg/kubelet/token.
#pragma once

#include <functional>
#include <map>
#include <string_view>

#include "common/async/task.h"
#include "common/async/wakeup.h"
#include "common/lane/message.h"
#include "common/seam/world.h"
#include "edgecore/metamanager/metamanager.h"

namespace skerry::edged {

/// When a token's life really ends: the exp claim of the JWT, else `grant.expires`. The API server
/// signs default tokens for up to a year while it reports about an hour.
WallTime real_expiry(const lane::TokenGrant& grant);
/// The kubelet's rule, at 80 % of the reported life or after 24 h, but not before half the real
/// life is used: an earlier one would cost the link and the flash, and gain nothing. Pure.
WallTime renewal_due(const lane::TokenGrant& grant);

/// Owner: App. Thread: the loop. Limits: one question per token slot.
class TokenKeeper {
 public:
  using Ask = std::function<bool(k8s::ObjectKey pod, lane::TokenSlot slot)>;
  static constexpr auto kLookInterval = 1min;
  static constexpr auto kAskAgain = 1min;

  TokenKeeper(async::Executor executor, seam::World world, metamanager::MetaManager& meta, Ask ask);

  /// Runs until stop().
  async::Task<void> run();
  void stop();
  /// Pods changed, or the link came up: look now.
  void look_now() { wakeup_.notify(); }
  void on_grant(lane::TokenGrant grant);

 private:
  async::Task<void> look();
  async::Task<void> look_at(k8s::ObjectPtr pod, std::map<lane::TokenSlot, TimePoint>& still);
  async::Task<void> store(lane::TokenGrant grant);

  async::Executor executor_;
  seam::World world_;
  metamanager::MetaManager& meta_;
  Ask ask_;
  async::Wakeup wakeup_;
  std::map<lane::TokenSlot, TimePoint> asked_;  // when last
  std::vector<lane::TokenGrant> arrived_;
  bool stopping_ = false;
};

}  // namespace skerry::edged

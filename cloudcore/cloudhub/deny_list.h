// Which certificates are refused although they are valid. Kept in one record, so that a command in
// another process reaches every cloudcore in seconds. Source: design.md section 6.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "cloudcore/cloudhub/identity_store.h"
#include "common/async/wakeup.h"
#include "common/base/ids.h"
#include "common/base/units.h"
#include "common/seam/world.h"

namespace skerry::cloudhub {

inline constexpr auto kDenyListPoll = std::chrono::seconds(2);
/// A certificate of 30 days that may still be renewed 365 days after its expiry.
inline constexpr auto kDenyEntryLife =
    kNodeCertificateLife + kRenewAfterExpiryMax + std::chrono::hours(24);

struct DenyEntry {
  WallTime issued_until{};  // certificates issued up to this second are refused; zero: none by time
  std::set<std::string> serials;
  WallTime at{};  // when the entry was last changed
  std::string reason;
};

/// Immutable once published; shared between shards.
class DenySet {
 public:
  /// `not_before` is the certificate's: issued kCertificateBackdate later.
  bool is_denied(const NodeName& node, std::string_view serial, WallTime not_before) const;
  const DenyEntry* find(const NodeName& node) const;
  std::size_t size() const { return entries_.size(); }

  void deny_issued_until(const NodeName& node, WallTime now, std::string reason);
  void deny_serial(const NodeName& node, std::string serial, WallTime now, std::string reason);
  /// Drops what nobody can use any more.
  void prune(WallTime now);

  std::string encode() const;
  /// Errors: kMalformed: then nobody is let in, rather than everybody.
  static Result<DenySet> decode(std::string_view json);

 private:
  std::map<NodeName, DenyEntry> entries_;
};

/// Changes the stored list by compare-and-set. Answers when it is stored.
async::Task<Result<void>> change_deny_list(std::shared_ptr<IdentityStore> store,
                                           std::function<void(DenySet&)> change);
/// The stored list; an empty one when there is none yet.
async::Task<Result<DenySet>> read_deny_list(std::shared_ptr<IdentityStore> store);

/// Reads the list every kDenyListPoll and tells each change. While the API is away the last list
/// counts. Owner: App. Thread: the control loop.
class DenyListWatch {
 public:
  /// On the control loop, first with the first list that could be read. The hub posts it to its
  /// shards, which then close the live sessions it denies.
  using Listener = std::function<void(std::shared_ptr<const DenySet>)>;

  DenyListWatch(async::Executor executor,
                std::shared_ptr<IdentityStore> store,
                seam::World world,
                Listener listener,
                Duration poll = kDenyListPoll);

  /// Runs until stop(). `self` keeps it.
  static async::Task<void> run(std::shared_ptr<DenyListWatch> self);
  void stop();
  /// Null until the first list could be read: nobody is let in before.
  std::shared_ptr<const DenySet> current() const { return current_; }

 private:
  void take(Result<DenySet> read);

  std::shared_ptr<IdentityStore> store_;
  seam::World world_;
  Listener listener_;
  Duration poll_;
  async::Wakeup wakeup_;
  std::shared_ptr<const DenySet> current_;
  std::string last_;        // encoded, to see a change
  std::string last_error_;  // told once
  bool stopping_ = false;
};

}  // namespace skerry::cloudhub

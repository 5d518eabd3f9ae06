// An edge may have seen more of a kind than this cache has: from another cloudcore, or before a
// restart. No session opens before the cache is as far, or is known to follow a cluster that was
// restored to an older state. Source: design.md 4.2.
#pragma once

#include <functional>
#include <optional>

#include "cloudcore/kube/client.h"
#include "common/async/task.h"
#include "common/base/ids.h"
#include "common/base/units.h"

namespace skerry::edgecontroller {

/// How what feeds a node stands to what its edge has seen. In the order in which the worse counts.
enum class CatchUp : std::uint8_t {
  kLevel,   // as far as the edge, or further
  kOlder,   // a consistent read tells that the whole cluster is older: it was restored
  kBehind,  // a watch lags
};

/// How far a watch has come.
struct Progress {
  bool synced = false;      // a whole list was delivered
  ResourceVersion version;  // highest delivered
};

enum class CatchUpStep : std::uint8_t {
  kThere,
  kAsk,       // what version the cluster has, by a consistent read
  kRestored,  // the cluster is older than what the edge has seen: content decides
  kWait,      // the watch will get there, or a new list will
};
/// `current`: the answer to kAsk. Pure.
CatchUpStep catch_up_step(const Progress& progress,
                          ResourceVersion seen,
                          std::optional<ResourceVersion> current);

struct CatchUpCall {
  kube::Selection selection;  // of the watch
  ResourceVersion seen;
  TimePoint until{};
  std::function<std::optional<Progress>()> progress;  // nothing: not watched any more
  /// Optional, at most once: list anew. For watches that may be quiet for long.
  std::function<void()> relist;
};

/// kBehind: the watch still lags at `until`, or is no longer there. Thread: the control shard.
async::Task<CatchUp> catch_up(kube::Client& client, CatchUpCall call);

}  // namespace skerry::edgecontroller

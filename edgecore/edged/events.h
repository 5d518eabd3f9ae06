// Kubernetes Events about pods, as reports. Equal events are counted and said again at most every
// five minutes, so that a crash loop costs the store and the link next to nothing. Source:
// kubelet 1.34, pkg/kubelet/events/event.go; client-go tools/record/events_cache.go.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/async/wakeup.h"
#include "common/base/ids.h"
#include "common/seam/world.h"
#include "edgecore/edged/pod_spec.h"
#include "edgecore/metamanager/store.h"

namespace skerry::edged {

enum class EventType : std::uint8_t { kNormal, kWarning };

struct PodEvent {
  PodPtr pod;
  std::string container;  // empty: about the pod; else in the fieldPath
  EventType type = EventType::kNormal;
  std::string reason;
  std::string message;
};

/// Owner: Edged, which takes what waits and commits it. Thread: the loop. Limits: kWaitingMax
/// events wait, the oldest are dropped; kCountersMax kinds of events are counted, the oldest are
/// forgotten.
class EventRecorder {
 public:
  EventRecorder(async::Executor executor, seam::World world);

  static constexpr std::size_t kWaitingMax = 200;
  static constexpr std::size_t kCountersMax = 500;
  static constexpr std::size_t kMessageBytesMax = 1 * kKiB;
  static constexpr auto kRepeatAfter = std::chrono::minutes(5);

  void record(PodEvent event);
  /// What is to be committed.
  std::vector<metamanager::NewReport> take();
  /// Notified when something waits.
  async::Wakeup& wakeup() { return wakeup_; }

 private:
  struct Counter {
    int count = 0;
    WallTime first{};
    TimePoint said{};
  };

  seam::World world_;
  async::Wakeup wakeup_;
  std::map<std::string, Counter> counters_;
  std::vector<metamanager::NewReport> waiting_;
};

}  // namespace skerry::edged

#include "edgecore/edged/events.h"

#include <algorithm>

#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::edged {
namespace {

using k8s::fields::Json;

/// fieldPath as a kubelet writes it: spec.initContainers{setup}.
std::string field_path(const PodEvent& event) {
  if (event.container.empty()) return "";
  const ContainerSpec* container = event.pod->container(event.container);
  const bool init = container != nullptr && container->init;
  return (init ? "spec.initContainers{" : "spec.containers{") + event.container + "}";
}

struct Occurrence {
  int count = 1;
  WallTime first{};
  WallTime last{};
};

/// What cloudcore does not know by itself (report_patches.cc): the rest of the Event is the key, the
/// uid and the node of the report.
std::string event_json(const PodEvent& event, const Occurrence& seen) {
  Json json = {{"type", event.type == EventType::kWarning ? "Warning" : "Normal"},
               {"reason", event.reason},
               {"message", event.message},
               {"count", seen.count},
               {"firstTimestamp", k8s::format_time(seen.first)},
               {"lastTimestamp", k8s::format_time(seen.last)}};
  if (const std::string path = field_path(event); !path.empty()) json["fieldPath"] = path;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

EventRecorder::EventRecorder(async::Executor executor, seam::World world)
    : world_(world), wakeup_(std::move(executor)) {}

void EventRecorder::record(PodEvent event) {
  if (event.message.size() > kMessageBytesMax) event.message.resize(kMessageBytesMax);
  const TimePoint now = world_.clock.now();
  const WallTime wall = world_.clock.wall();
  const std::string key =
      event.pod->uid.str() + '\n' + event.container + '\n' + event.reason + '\n' + event.message;
  if (counters_.size() >= kCountersMax && counters_.count(key) == 0) {
    const auto oldest = std::min_element(
        counters_.begin(), counters_.end(),
        [](const auto& a, const auto& b) { return a.second.said < b.second.said; });
    counters_.erase(oldest);
  }
  Counter& counter = counters_[key];
  if (counter.count++ == 0) {
    counter.first = wall;
  } else if (now - counter.said < kRepeatAfter) {
    return;
  }
  counter.said = now;
  if (waiting_.size() >= kWaitingMax) waiting_.erase(waiting_.begin());
  metamanager::NewReport report;
  report.kind = lane::ReportKind::kEvent;
  report.key = {k8s::Kind::kPod, event.pod->ns, event.pod->name};
  report.uid = event.pod->uid;
  report.body = event_json(event, {counter.count, counter.first, wall});
  waiting_.push_back(std::move(report));
  wakeup_.notify();
}

std::vector<metamanager::NewReport> EventRecorder::take() { return std::exchange(waiting_, {}); }

}  // namespace skerry::edged

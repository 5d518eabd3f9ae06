#include "cloudcore/standalone/scheduler/scheduler_events.h"

#include <nlohmann/json.hpp>

#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::size_t kMessageBytesMax = 1024;

std::string hexadecimal(std::uint64_t number) {
  std::string out;
  for (; number > 0; number /= 16) out.insert(out.begin(), "0123456789abcdef"[number % 16]);
  return out;
}

}  // namespace

json make_event(const json& pod, const PodEvent& event, WallTime now) {
  const json& metadata = fields::object(pod, "metadata");
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch());
  const std::string name = fields::text(metadata, "name");
  json about = {{"apiVersion", "v1"}, {"kind", "Pod"}, {"name", name}};
  for (const char* field : {"namespace", "uid", "resourceVersion"}) {
    if (metadata.contains(field)) about[field] = metadata[field];
  }
  return {{"metadata",
           {{"name", name + "." + hexadecimal(static_cast<std::uint64_t>(since.count()))},
            {"namespace", fields::text(metadata, "namespace")}}},
          {"involvedObject", std::move(about)},
          {"type", event.type},
          {"reason", event.reason},
          {"action", event.action},
          {"message", event.message.substr(0, kMessageBytesMax)},
          {"eventTime", k8s::format_micro_time(now)},
          {"firstTimestamp", nullptr},
          {"lastTimestamp", nullptr},
          {"source", json::object()},
          {"reportingComponent", kSchedulerName},
          {"reportingInstance", std::string(kSchedulerName) + "-standalone"}};
}

json with_condition(const json& pod, json change, WallTime now) {
  json out = json::array();
  json transition = k8s::format_time(now);
  for (const json& each : fields::list(fields::object(pod, "status"), "conditions")) {
    if (fields::text(each, "type") != fields::text(change, "type")) {
      out.push_back(each);
    } else if (fields::text(each, "status") == fields::text(change, "status")) {
      transition = fields::at(each, "lastTransitionTime");
    }
  }
  change["lastProbeTime"] = nullptr;
  change["lastTransitionTime"] = std::move(transition);
  const auto generation = fields::number(fields::object(pod, "metadata"), "generation");
  if (generation) change["observedGeneration"] = *generation;
  out.push_back(std::move(change));
  return out;
}

}  // namespace skerry::standalone

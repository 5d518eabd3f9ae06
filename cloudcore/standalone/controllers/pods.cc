#include "cloudcore/standalone/controllers/pods.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>
#include <tuple>

#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

const json* ready_condition(const json& pod) {
  for (const json& each : fields::list(fields::object(pod, "status"), "conditions")) {
    if (fields::text(each, "type") == "Ready" && fields::text(each, "status") == "True") {
      return &each;
    }
  }
  return nullptr;
}

std::int64_t deletion_cost(const json& pod) {
  const std::string text =
      fields::text(fields::object(fields::object(pod, "metadata"), "annotations"),
                   "controller.kubernetes.io/pod-deletion-cost");
  std::int32_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? out : 0;
}

std::int64_t restarts(const json& pod) {
  std::int64_t most = 0;
  for (const json& each : fields::list(fields::object(pod, "status"), "containerStatuses")) {
    most = std::max(most, fields::number(each, "restartCount").value_or(0));
  }
  return most;
}

/// The power of two of the time since.
int age_rank(WallTime since, WallTime now) {
  const auto age = std::chrono::nanoseconds(now - since).count();
  return age <= 0 ? -1 : std::bit_width(static_cast<std::uint64_t>(age)) - 1;
}

}  // namespace

std::string phase_of(const json& pod) {
  return fields::text(fields::object(pod, "status"), "phase");
}

bool is_terminating(const json& object) {
  return fields::object(object, "metadata").contains("deletionTimestamp");
}

bool is_active(const json& pod) {
  const std::string phase = phase_of(pod);
  return phase != "Succeeded" && phase != "Failed" &&
         !fields::object(pod, "metadata").contains("deletionTimestamp");
}

bool is_ready(const json& pod) { return ready_condition(pod) != nullptr; }

std::optional<Duration> until_available(const json& pod, Duration min_ready, WallTime now) {
  const json* ready = ready_condition(pod);
  if (ready == nullptr) return std::nullopt;
  const WallTime since = fields::time(*ready, "lastTransitionTime");
  const auto left = since + min_ready - now;
  return left > Duration(0) ? std::chrono::duration_cast<Duration>(left) : Duration(0);
}

bool is_available(const json& pod, Duration min_ready, WallTime now) {
  return until_available(pod, min_ready, now) == Duration(0);
}

json controller_reference(const json& owner) {
  return {{"apiVersion", fields::text(owner, "apiVersion")},
          {"kind", fields::text(owner, "kind")},
          {"name", fields::text(fields::object(owner, "metadata"), "name")},
          {"uid", fields::text(fields::object(owner, "metadata"), "uid")},
          {"controller", true},
          {"blockOwnerDeletion", true}};
}

json pod_from_template(const json& owner, const json& pod_template) {
  const json& wanted = fields::object(pod_template, "metadata");
  json metadata = {{"generateName", fields::text(fields::object(owner, "metadata"), "name") + "-"},
                   {"namespace", fields::text(fields::object(owner, "metadata"), "namespace")},
                   {"ownerReferences", json::array({controller_reference(owner)})}};
  for (const char* field : {"labels", "annotations", "finalizers"}) {
    if (wanted.contains(field)) metadata[field] = wanted[field];
  }
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", std::move(metadata)},
          {"spec", fields::object(pod_template, "spec")}};
}

void sort_for_deletion(std::vector<json>& pods, const PodsOnNodes& on_nodes, WallTime now) {
  struct Rank {
    std::tuple<bool, int, bool, std::int64_t, int> first;
    int ready_since = 0;
    std::int64_t calm = 0;  // fewer restarts stay
    int age = 0;
    std::string uid;
  };
  const auto rank_of = [&](const json& pod) {
    Rank out;
    const std::string node = fields::text(fields::object(pod, "spec"), "nodeName");
    const auto neighbours = on_nodes.find(node);
    const std::string phase = phase_of(pod);
    const int progress = phase == "Pending" || phase.empty() ? 0 : phase == "Running" ? 2 : 1;
    const json* ready = ready_condition(pod);
    out.first = {!node.empty(), progress, ready != nullptr, deletion_cost(pod),
                 neighbours == on_nodes.end() ? 0 : -neighbours->second};
    if (ready != nullptr)
      out.ready_since = age_rank(fields::time(*ready, "lastTransitionTime"), now);
    out.calm = -restarts(pod);
    const json& metadata = fields::object(pod, "metadata");
    out.age = age_rank(fields::time(metadata, "creationTimestamp"), now);
    out.uid = fields::text(metadata, "uid");
    return out;
  };
  std::vector<std::pair<Rank, json>> ranked;
  for (json& pod : pods) ranked.emplace_back(rank_of(pod), std::move(pod));
  std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
    const auto key = [](const Rank& rank) {
      return std::tie(rank.first, rank.ready_since, rank.calm, rank.age, rank.uid);
    };
    return key(a.first) < key(b.first);
  });
  pods.clear();
  for (auto& [rank, pod] : ranked) pods.push_back(std::move(pod));
}

json disruption_conditions(const json& pod,
                           const std::string& reason,
                           const std::string& message,
                           WallTime now) {
  json out = json::array();
  json since = k8s::format_time(now);
  for (const json& each : fields::list(fields::object(pod, "status"), "conditions")) {
    if (fields::text(each, "type") != "DisruptionTarget") {
      out.push_back(each);
    } else if (fields::text(each, "status") == "True") {
      since = fields::at(each, "lastTransitionTime");
    }
  }
  out.push_back({{"type", "DisruptionTarget"},
                 {"status", "True"},
                 {"reason", reason},
                 {"message", message},
                 {"lastProbeTime", nullptr},
                 {"lastTransitionTime", std::move(since)}});
  return out;
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/controllers/stateful_set_plan.h"

#include <algorithm>
#include <map>

#include "cloudcore/standalone/controllers/pods.h"
#include "cloudcore/standalone/controllers/stateful_pods.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;
using Kind = StatefulStep::Kind;

const json& spec_of(const json& set) { return fields::object(set, "spec"); }

std::string name_of(const json& object) {
  return fields::text(fields::object(object, "metadata"), "name");
}

std::string revision_of(const json& pod) {
  return fields::text(fields::object(fields::object(pod, "metadata"), "labels"),
                      kStatefulRevisionLabel);
}

bool is_up(const json& pod) { return phase_of(pod) == "Running" && is_ready(pod); }

/// The state of one planning: what was decided stops the ordinals behind it, when they are ordered.
class Planner {
 public:
  Planner(const json& set,
          const std::vector<json>& pods,
          const StatefulRevisions& revisions,
          WallTime now)
      : set_(set), revisions_(revisions), now_(now) {
    const json& strategy = fields::object(spec_of(set), "updateStrategy");
    rolls_ = fields::text(strategy, "type") != "OnDelete";
    const json& rolling = fields::object(strategy, "rollingUpdate");
    partition_ = fields::number(rolling, "partition").value_or(0);
    ordered_ = fields::text(spec_of(set), "podManagementPolicy") != "Parallel";
    min_ready_ = fields::seconds(spec_of(set), "minReadySeconds", 0);
    for (const json& pod : pods) {
      const auto ordinal = ordinal_of(name_of(set), name_of(pod));
      if (!ordinal) continue;
      (is_in_range(set, *ordinal) ? replicas_ : condemned_)[*ordinal] = &pod;
    }
  }

  std::vector<StatefulStep> plan() {
    const std::int64_t first = first_ordinal(set_);
    const std::int64_t count = fields::number(spec_of(set_), "replicas").value_or(1);
    for (std::int64_t i = first; i < first + count; ++i) {
      if (plan_replica(i)) return std::move(steps_);
    }
    for (const auto& [ordinal, pod] : condemned_) {
      steps_.push_back({Kind::kClaims, ordinal, "", *pod});
    }
    for (auto each = condemned_.rbegin(); each != condemned_.rend(); ++each) {
      if (plan_condemned(each->first, *each->second)) return std::move(steps_);
    }
    if (rolls_) plan_update(first, count);
    return std::move(steps_);
  }

 private:
  /// Answers whether nothing behind this ordinal may be looked at yet.
  bool plan_replica(std::int64_t ordinal) {
    const auto there = replicas_.find(ordinal);
    if (there == replicas_.end()) {
      if (made_++ >= kStatefulBurstMax) return true;
      steps_.push_back({Kind::kCreate, ordinal, revision_for(ordinal), nullptr});
      return ordered_;
    }
    const json& pod = *there->second;
    const std::string phase = phase_of(pod);
    if (phase == "Failed" || phase == "Succeeded") {
      if (!is_terminating(pod)) steps_.push_back({Kind::kRecreate, ordinal, "", pod});
      return true;
    }
    steps_.push_back({Kind::kClaims, ordinal, "", pod});
    if (!ordered_) return false;
    return is_terminating(pod) || !is_up(pod) || !is_available(pod, min_ready_, now_);
  }

  bool plan_condemned(std::int64_t ordinal, const json& pod) {
    if (is_terminating(pod)) return ordered_;
    // A Pod that is not well goes only if it is the first that is not: else that one is waited for.
    const bool well = is_up(pod) && is_available(pod, min_ready_, now_);
    if (ordered_ && !well && &pod != first_unhealthy()) return true;
    steps_.push_back({Kind::kRemove, ordinal, "", pod});
    return ordered_;
  }

  const json* first_unhealthy() const {
    for (const auto* pods : {&replicas_, &condemned_}) {
      for (const auto& [ordinal, pod] : *pods) {
        if (!is_up(*pod) || is_terminating(*pod)) return pod;
      }
    }
    return nullptr;
  }

  /// The last Pod of another revision goes, when all behind it are well.
  void plan_update(std::int64_t first, std::int64_t count) {
    for (std::int64_t i = first + count - 1; i >= first + partition_; --i) {
      const auto there = replicas_.find(i);
      if (there == replicas_.end()) return;
      const json& pod = *there->second;
      if (is_terminating(pod)) return;
      if (revision_of(pod) != revisions_.update) {
        steps_.push_back({Kind::kRemove, i, "", pod});
        return;
      }
      if (!is_up(pod) || !is_available(pod, min_ready_, now_)) return;
    }
  }

  std::string revision_for(std::int64_t ordinal) const {
    const bool held_back = rolls_ && ordinal < first_ordinal(set_) + partition_;
    return held_back ? revisions_.current : revisions_.update;
  }

  const json& set_;
  const StatefulRevisions& revisions_;
  WallTime now_;
  std::map<std::int64_t, const json*> replicas_;
  std::map<std::int64_t, const json*> condemned_;
  std::vector<StatefulStep> steps_;
  std::int64_t made_ = 0;
  std::int64_t partition_ = 0;
  Duration min_ready_{0};
  bool rolls_ = true;
  bool ordered_ = true;
};

}  // namespace

std::vector<StatefulStep> plan_stateful(const json& set,
                                        const std::vector<json>& pods,
                                        const StatefulRevisions& revisions,
                                        WallTime now) {
  if (is_terminating(set)) return {};
  return Planner(set, pods, revisions, now).plan();
}

StatefulStatus stateful_status(const json& set,
                               const std::vector<json>& pods,
                               const StatefulRevisions& revisions,
                               WallTime now) {
  StatefulStatus out;
  std::int64_t ready = 0, available = 0, current = 0, updated = 0;
  const Duration min_ready = fields::seconds(spec_of(set), "minReadySeconds", 0);
  for (const json& pod : pods) {
    if (phase_of(pod) == "Running") {
      const auto left = until_available(pod, min_ready, now);
      if (left) ++ready;
      if (left == Duration(0)) ++available;
      if (left && *left > Duration(0) && (!out.again || *left < *out.again)) out.again = *left;
    }
    if (is_terminating(pod)) continue;
    const std::string revision = revision_of(pod);
    if (revision == revisions.current) ++current;
    if (revision == revisions.update) ++updated;
  }
  const auto replicas = static_cast<std::int64_t>(pods.size());
  const std::int64_t wanted = fields::number(spec_of(set), "replicas").value_or(1);
  std::string current_name = revisions.current;
  const json& strategy = fields::object(spec_of(set), "updateStrategy");
  const bool rolls = fields::text(strategy, "type") != "OnDelete";
  if (rolls && updated == wanted && ready == wanted && replicas == wanted) {
    current = updated;  // the rollout is complete
    current_name = revisions.update;
  }
  out.status = fields::object(set, "status");
  json& status = out.status;
  status["observedGeneration"] =
      fields::number(fields::object(set, "metadata"), "generation").value_or(0);
  status["replicas"] = replicas;
  status["availableReplicas"] = available;
  status["currentRevision"] = current_name;
  status["updateRevision"] = revisions.update;
  if (!status.contains("collisionCount")) status["collisionCount"] = 0;
  const auto put = [&](const char* field, std::int64_t value) {
    if (value > 0) {
      status[field] = value;
    } else {
      status.erase(field);
    }
  };
  put("readyReplicas", ready);
  put("currentReplicas", current);
  put("updatedReplicas", updated);
  return out;
}

}  // namespace skerry::standalone

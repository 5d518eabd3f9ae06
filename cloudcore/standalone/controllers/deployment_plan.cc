#include "cloudcore/standalone/controllers/deployment_plan.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

std::int64_t sum(const std::vector<SetCount>& sets, std::int64_t SetCount::* number) {
  std::int64_t out = 0;
  for (const SetCount& set : sets) out += set.*number;
  return out;
}

/// Pods of old sets that are not even available go first, then as many as may be missing.
std::vector<Resize> shrink_olds(const RolloutLimits& limits,
                                const SetCount& current,
                                const std::vector<SetCount>& olds) {
  const std::int64_t all = sum(olds, &SetCount::wanted) + current.wanted;
  const std::int64_t least = limits.replicas - limits.max_unavailable;
  const std::int64_t new_unavailable = current.wanted - current.available;
  std::int64_t may_go = all - least - new_unavailable;
  std::vector<SetCount> left = olds;
  if (may_go > 0) {
    for (SetCount& set : left) {
      const std::int64_t broken = std::min(set.wanted - set.available, may_go);
      if (broken <= 0) continue;
      set.wanted -= broken;
      may_go -= broken;
    }
  }
  std::int64_t spare = sum(left, &SetCount::available) + current.available - least;
  spare = std::min(spare, may_go);
  for (SetCount& set : left) {
    const std::int64_t gone = std::min(set.wanted, std::max<std::int64_t>(0, spare));
    set.wanted -= gone;
    spare -= gone;
  }
  std::vector<Resize> out;
  for (std::size_t i = 0; i < olds.size(); ++i) {
    if (left[i].wanted != olds[i].wanted) out.push_back({left[i].name, left[i].wanted});
  }
  return out;
}

/// How many a set gets more (or less, negative) when the Deployment grew: as its share was.
std::int64_t share(const RolloutLimits& limits,
                   const SetCount& set,
                   std::int64_t deployment_has,
                   std::int64_t left) {
  if (set.wanted == 0 || left == 0) return 0;
  std::int64_t change = -set.wanted;
  if (limits.replicas > 0) {
    const std::int64_t most = limits.replicas + limits.max_surge;
    const std::int64_t before = set.sized_for > 0 ? set.sized_for : deployment_has;
    if (before == 0) return 0;
    const double grown =
        static_cast<double>(set.wanted) * static_cast<double>(most) / static_cast<double>(before);
    change = std::llround(grown) - set.wanted;
  }
  return left > 0 ? std::min(change, left) : std::max(change, left);
}

std::vector<Resize> scale_in_proportion(const RolloutLimits& limits, std::vector<SetCount> sets) {
  std::erase_if(sets, [](const SetCount& set) { return set.wanted == 0; });
  const std::int64_t allowed = limits.replicas > 0 ? limits.replicas + limits.max_surge : 0;
  const std::int64_t change = allowed - sum(sets, &SetCount::wanted);
  // The largest first; of equal ones the newest grows, the oldest shrinks (`sets`: oldest first).
  if (change > 0) std::reverse(sets.begin(), sets.end());
  std::stable_sort(sets.begin(), sets.end(),
                   [](const SetCount& a, const SetCount& b) { return a.wanted > b.wanted; });
  const std::int64_t has = sum(sets, &SetCount::replicas);
  std::vector<Resize> out;
  std::int64_t done = 0;
  for (const SetCount& set : sets) {
    const std::int64_t own = share(limits, set, has, change - done);
    out.push_back({set.name, set.wanted + own});
    done += own;
  }
  // What rounding left goes to the first.
  if (!out.empty()) out[0].replicas = std::max<std::int64_t>(0, out[0].replicas + change - done);
  return out;
}

}  // namespace

std::int64_t int_or_percent(const json& value, std::int64_t total, bool up, const char* otherwise) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  const std::string text = value.is_string() ? value.get<std::string>() : otherwise;
  std::int64_t percent = 0;
  std::from_chars(text.data(), text.data() + text.size(), percent);
  return up ? (percent * total + 99) / 100 : percent * total / 100;
}

RolloutLimits rollout_limits(const json& spec) {
  RolloutLimits out;
  out.replicas = std::max<std::int64_t>(0, fields::number(spec, "replicas").value_or(1));
  const json& strategy = fields::object(spec, "strategy");
  out.recreate = fields::text(strategy, "type") == "Recreate";
  if (out.recreate) {
    out.max_surge = 0;
    return out;
  }
  const json& rolling = fields::object(strategy, "rollingUpdate");
  out.max_surge = int_or_percent(fields::at(rolling, "maxSurge"), out.replicas, true, "25%");
  out.max_unavailable =
      int_or_percent(fields::at(rolling, "maxUnavailable"), out.replicas, false, "25%");
  if (out.max_surge == 0 && out.max_unavailable == 0) out.max_unavailable = 1;
  out.max_unavailable = std::min(out.max_unavailable, out.replicas);
  return out;
}

std::vector<Resize> plan_rollout(const RolloutLimits& limits,
                                 const SetCount& current,
                                 const std::vector<SetCount>& olds,
                                 bool old_pods) {
  std::vector<Resize> out;
  if (limits.recreate) {
    for (const SetCount& old : olds) {
      if (old.wanted > 0) out.push_back({old.name, 0});
    }
    if (out.empty() && !old_pods && current.wanted != limits.replicas) {
      out.push_back({current.name, limits.replicas});
    }
    return out;
  }
  if (current.wanted > limits.replicas) return {{current.name, limits.replicas}};
  if (current.wanted < limits.replicas) {
    const std::int64_t room =
        limits.replicas + limits.max_surge - sum(olds, &SetCount::wanted) - current.wanted;
    const std::int64_t more = std::min(room, limits.replicas - current.wanted);
    if (more > 0) return {{current.name, current.wanted + more}};
  }
  return shrink_olds(limits, current, olds);
}

std::vector<Resize> plan_scale(const RolloutLimits& limits,
                               const std::optional<SetCount>& current,
                               const std::vector<SetCount>& olds) {
  std::vector<SetCount> all = olds;
  if (current) all.push_back(*current);
  std::vector<SetCount> active;
  for (const SetCount& set : all) {
    if (set.wanted > 0) active.push_back(set);
  }
  if (active.size() <= 1) {
    if (all.empty()) return {};
    const SetCount& only = active.empty() ? all.back() : active.front();
    return {{only.name, limits.replicas}};
  }
  const bool rolled =
      current && current->wanted == limits.replicas && current->available == limits.replicas;
  if (rolled) {
    std::vector<Resize> out = {{current->name, limits.replicas}};
    for (const SetCount& old : olds) {
      if (old.wanted > 0) out.push_back({old.name, 0});
    }
    return out;
  }
  if (limits.recreate) return {};
  return scale_in_proportion(limits, std::move(all));
}

}  // namespace skerry::standalone

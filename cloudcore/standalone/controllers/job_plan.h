// What should happen next to a Job's Pods, and what its status says. Pure.
//
// Every finished Pod is counted exactly once, whatever ends in between: a Pod keeps the finalizer
// job-tracking until status.uncountedTerminatedPods (or completedIndexes) names it in a stored
// status; only when the finalizer has gone does the next status move it into the counts.
// Source: pkg/controller/job/job_controller.go; KEP-2307, as behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/base/units.h"

namespace skerry::standalone {

inline constexpr std::size_t kJobUncountedMax = 500;  // named in one status
inline constexpr std::size_t kJobBurstMax = 500;      // Pods made in one look
inline constexpr auto kJobBackoffFirst = 10s;         // after the first failure; doubles
inline constexpr auto kJobBackoffLast = 10min;

struct JobEvent {
  std::string type;
  std::string reason;
  std::string message;
};

struct JobPlan {
  // The Pods that should be.
  std::vector<nlohmann::json> remove;               // the Job has ended: they count as failed
  std::vector<nlohmann::json> cut;                  // too many: they do not count
  std::vector<std::optional<std::int64_t>> create;  // each with its index
  // What is known.
  nlohmann::json status;                // to be stored first
  std::vector<nlohmann::json> release;  // then these lose their finalizer
  std::vector<JobEvent> events;         // and these are told
  std::optional<Duration> again;        // when time alone changes something
};
JobPlan plan_job(const nlohmann::json& job, const std::vector<nlohmann::json>& pods, WallTime now);

/// The condition Complete or Failed that ended it; null: it goes on.
nlohmann::json job_end(const nlohmann::json& job);

}  // namespace skerry::standalone

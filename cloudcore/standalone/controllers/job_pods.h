// A Job's Pods: what they look like, which of them count as failed, and what a rule of its
// podFailurePolicy says of one. Pure.
// Source: pkg/controller/job (indexed_job_utils.go, pod_failure_policy.go, backoff_utils.go), as
// behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "common/base/units.h"

namespace skerry::standalone {

inline constexpr const char* kJobFinalizer = "batch.kubernetes.io/job-tracking";

bool is_indexed(const nlohmann::json& job);
bool is_suspended(const nlohmann::json& job);
/// A new Pod may only be made for one that has failed, not for one that is still on its way out.
bool replaces_only_failed(const nlohmann::json& job);

/// The Pod of an index; nothing: of a Job without indexes.
nlohmann::json job_pod(const nlohmann::json& job, std::optional<std::int64_t> index);
/// The index of a Pod; nothing: none that is valid.
std::optional<std::int64_t> index_of(const nlohmann::json& pod);
bool is_tracked(const nlohmann::json& pod);  // has kJobFinalizer
/// metadata.finalizers without kJobFinalizer, as a merge patch.
nlohmann::json untracked_patch(const nlohmann::json& pod);

/// Failed, or on its way out before it succeeded.
bool counts_as_failed(const nlohmann::json& pod, const nlohmann::json& job);
/// When its containers ended, as well as it is known.
WallTime finish_time(const nlohmann::json& pod);

struct FailureVerdict {
  enum class Action { kCount, kIgnore, kFailJob };
  Action action = Action::kCount;
  std::string message;  // kFailJob
};
FailureVerdict judge_failure(const nlohmann::json& job, const nlohmann::json& pod);

/// "0-2,5", as status.completedIndexes says it.
std::set<std::int64_t> parse_indexes(const std::string& text, std::int64_t count);
std::string format_indexes(const std::set<std::int64_t>& indexes);

}  // namespace skerry::standalone

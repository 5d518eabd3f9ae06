#include "cloudcore/standalone/controllers/job_plan.h"

#include <algorithm>
#include <map>

#include "cloudcore/standalone/controllers/job_pods.h"
#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::int64_t kBackoffLimit = 6;

std::string uid_of(const json& pod) { return fields::text(fields::object(pod, "metadata"), "uid"); }

const json* find_condition(const json& status, const char* type) {
  for (const json& each : fields::list(status, "conditions")) {
    if (fields::text(each, "type") == type) return &each;
  }
  return nullptr;
}

bool holds(const json& status, const char* type) {
  const json* found = find_condition(status, type);
  return found != nullptr && fields::text(*found, "status") == "True";
}

void put_number(json& status, const char* field, std::int64_t value) {
  if (value > 0) {
    status[field] = value;
  } else {
    status.erase(field);
  }
}

struct Why {
  std::string reason;
  std::string message;
};

class Planner {
 public:
  Planner(const json& job, const std::vector<json>& pods, WallTime now)
      : job_(job), spec_(fields::object(job, "spec")), pods_(pods), now_(now) {
    plan_.status = fields::object(job, "status");
    indexed_ = is_indexed(job);
    completions_ = fields::number(spec_, "completions");
    for (const json& pod : pods) {
      const std::string phase = phase_of(pod);
      if (is_active(pod)) {
        active_.push_back(pod);
        if (is_ready(pod)) ++ready_;
      } else if (phase != "Succeeded" && phase != "Failed") {
        ++terminating_;
      }
    }
  }

  JobPlan plan() {
    count_finished();
    start();
    const auto failure = failure_reason();
    if (failure) {
      end("FailureTarget", "Failed", *failure);
    } else if (is_complete()) {
      end("SuccessCriteriaMet", "Complete",
          {"CompletionsReached", "Reached expected number of succeeded pods"});
    } else {
      manage();
    }
    write_counts();
    return std::move(plan_);
  }

 private:
  // ---- counting ---------------------------------------------------------------------------------

  void count_finished() {
    const json& uncounted = fields::object(plan_.status, "uncountedTerminatedPods");
    for (const std::string& uid : fields::texts(uncounted, "succeeded")) succeeded_.insert(uid);
    for (const std::string& uid : fields::texts(uncounted, "failed")) failed_.insert(uid);
    counted_succeeded_ = fields::number(plan_.status, "succeeded").value_or(0);
    counted_failed_ = fields::number(plan_.status, "failed").value_or(0);
    if (indexed_) {
      done_ =
          parse_indexes(fields::text(plan_.status, "completedIndexes"), completions_.value_or(0));
    }
    move_into_counts();
    for (const json& pod : pods_) {
      if (is_tracked(pod)) count_pod(pod);
    }
  }

  /// Those that no longer have the finalizer are counted.
  void move_into_counts() {
    std::set<std::string> tracked;
    for (const json& pod : pods_) {
      if (is_tracked(pod)) tracked.insert(uid_of(pod));
    }
    const auto gone = [&](const std::string& uid) { return !tracked.contains(uid); };
    counted_succeeded_ += static_cast<std::int64_t>(std::erase_if(succeeded_, gone));
    counted_failed_ += static_cast<std::int64_t>(std::erase_if(failed_, gone));
  }

  void count_pod(const json& pod) {
    const std::string uid = uid_of(pod);
    const bool named = succeeded_.contains(uid) || failed_.contains(uid);
    if (!named && succeeded_.size() + failed_.size() >= kJobUncountedMax) {
      ++left_over_;
      return;
    }
    if (named) {
      plan_.release.push_back(pod);
    } else if (phase_of(pod) == "Succeeded") {
      count_success(pod);
      plan_.release.push_back(pod);
    } else if (counts_as_failed(pod, job_)) {
      count_failure(pod);
      plan_.release.push_back(pod);
    }
  }

  void count_success(const json& pod) {
    if (!indexed_) {
      succeeded_.insert(uid_of(pod));
      return;
    }
    const auto index = index_of(pod);
    if (index && *index < completions_.value_or(0)) done_.insert(*index);
  }

  void count_failure(const json& pod) {
    const FailureVerdict verdict = judge_failure(job_, pod);
    if (verdict.action == FailureVerdict::Action::kIgnore) return;
    if (verdict.action == FailureVerdict::Action::kFailJob && policy_.empty()) {
      policy_ = verdict.message;
    }
    failed_.insert(uid_of(pod));
  }

  std::int64_t succeeded() const {
    if (indexed_) return static_cast<std::int64_t>(done_.size());
    return counted_succeeded_ + static_cast<std::int64_t>(succeeded_.size());
  }
  std::int64_t failed() const {
    return counted_failed_ + static_cast<std::int64_t>(failed_.size());
  }
  bool all_counted() const {
    return succeeded_.empty() && failed_.empty() && plan_.release.empty() && left_over_ == 0;
  }

  // ---- the end ----------------------------------------------------------------------------------

  void start() {
    if (is_suspended(job_) || plan_.status.contains("startTime")) return;
    plan_.status["startTime"] = k8s::format_time(now_);
  }

  /// Restarts of containers that restart in their Pod.
  bool restarted_too_often(std::int64_t limit) const {
    const json& pod_spec = fields::object(fields::object(spec_, "template"), "spec");
    if (fields::text(pod_spec, "restartPolicy") != "OnFailure") return false;
    std::int64_t restarts = 0;
    for (const json& pod : active_) {
      const json& status = fields::object(pod, "status");
      for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
        for (const json& each : fields::list(status, list)) {
          restarts += fields::number(each, "restartCount").value_or(0);
        }
      }
    }
    return limit == 0 ? restarts > 0 : restarts >= limit;
  }

  std::optional<Why> failure_reason() {
    if (const json* target = find_condition(plan_.status, "FailureTarget")) {
      return Why{fields::text(*target, "reason"), fields::text(*target, "message")};
    }
    if (holds(plan_.status, "SuccessCriteriaMet")) return std::nullopt;
    if (!policy_.empty()) return Why{"PodFailurePolicy", policy_};
    const std::int64_t limit = fields::number(spec_, "backoffLimit").value_or(kBackoffLimit);
    if (failed() > limit || restarted_too_often(limit)) {
      return Why{"BackoffLimitExceeded", "Job has reached the specified backoff limit"};
    }
    const auto deadline = fields::number(spec_, "activeDeadlineSeconds");
    if (!deadline || is_suspended(job_)) return std::nullopt;
    const auto left =
        fields::time(plan_.status, "startTime") + std::chrono::seconds(*deadline) - now_;
    if (left <= Duration(0)) {
      return Why{"DeadlineExceeded", "Job was active longer than specified deadline"};
    }
    look_again(std::chrono::duration_cast<Duration>(left));
    return std::nullopt;
  }

  bool is_complete() const {
    if (holds(plan_.status, "SuccessCriteriaMet")) return true;
    if (completions_) return succeeded() >= *completions_;
    return succeeded() > 0 && active_.empty();
  }

  /// First it is said that it will end, and its Pods go; when all are counted it has ended.
  void end(const char* announced, const char* ended, const Why& why) {
    if (!holds(plan_.status, announced)) set_condition(announced, "True", why);
    plan_.remove = active_;
    if (!active_.empty() || terminating_ > 0 || !all_counted()) return;
    set_condition(ended, "True", why);
    if (std::string(ended) == "Complete") {
      plan_.status["completionTime"] = k8s::format_time(now_);
      plan_.events.push_back({"Normal", "Completed", "Job completed"});
    } else {
      plan_.events.push_back({"Warning", why.reason, why.message});
    }
  }

  void set_condition(const char* type, const char* status, const Why& why) {
    json kept = json::array();
    for (const json& each : fields::list(plan_.status, "conditions")) {
      if (fields::text(each, "type") != type) kept.push_back(each);
    }
    const std::string time = k8s::format_time(now_);
    kept.push_back({{"type", type},
                    {"status", status},
                    {"lastProbeTime", time},
                    {"lastTransitionTime", time},
                    {"reason", why.reason},
                    {"message", why.message}});
    plan_.status["conditions"] = std::move(kept);
  }

  // ---- Pods -------------------------------------------------------------------------------------

  void manage() {
    if (is_suspended(job_)) {
      plan_.cut = active_;
      if (holds(plan_.status, "Suspended")) return;
      set_condition("Suspended", "True", {"JobSuspended", "Job suspended"});
      plan_.events.push_back({"Normal", "Suspended", "Job suspended"});
      return;
    }
    if (holds(plan_.status, "Suspended")) {
      set_condition("Suspended", "False", {"JobResumed", "Job resumed"});
      plan_.events.push_back({"Normal", "Resumed", "Job resumed"});
      plan_.status["startTime"] = k8s::format_time(now_);
    }
    const auto have = static_cast<std::int64_t>(active_.size());
    const std::int64_t parallelism = fields::number(spec_, "parallelism").value_or(1);
    std::int64_t want = parallelism;
    if (completions_) {
      want = std::clamp<std::int64_t>(*completions_ - succeeded(), 0, parallelism);
    } else if (succeeded() > 0) {
      want = std::min(have, parallelism);
    }
    plan_.cut = surplus(want);
    if (!plan_.cut.empty()) return;
    const std::int64_t leaving = replaces_only_failed(job_) ? terminating_ : 0;
    const std::int64_t missing = want - have - leaving;
    if (missing <= 0) return;
    if (const Duration left = backoff_left(); left > Duration(0)) {
      look_again(left);
      return;
    }
    choose_new(std::min<std::int64_t>(missing, kJobBurstMax));
  }

  /// Pods of no valid index and second ones of an index, then as many as there are too many.
  std::vector<json> surplus(std::int64_t want) const {
    std::vector<json> out;
    std::vector<json> left = active_;
    sort_for_deletion(left, {}, now_);
    if (indexed_) {
      std::vector<json> valid;
      std::set<std::int64_t> seen;
      for (auto pod = left.rbegin(); pod != left.rend(); ++pod) {  // the best one stays
        const auto index = index_of(*pod);
        const bool fine = index && *index < completions_.value_or(0) && seen.insert(*index).second;
        (fine ? valid : out).push_back(*pod);
      }
      std::reverse(valid.begin(), valid.end());
      left = std::move(valid);
    }
    while (static_cast<std::int64_t>(left.size()) > want) {
      out.push_back(std::move(left.front()));
      left.erase(left.begin());
    }
    return out;
  }

  /// The time until the next Pod may be made: it doubles with each failure after the last success.
  Duration backoff_left() const {
    WallTime last_success{};
    for (const json& pod : pods_) {
      if (phase_of(pod) == "Succeeded") last_success = std::max(last_success, finish_time(pod));
    }
    WallTime last_failure{};
    int failures = 0;
    for (const json& pod : pods_) {
      const WallTime at = finish_time(pod);
      if (!counts_as_failed(pod, job_) || at <= last_success) continue;
      ++failures;
      last_failure = std::max(last_failure, at);
    }
    if (failures == 0) return Duration(0);
    const Duration delay =
        std::min<Duration>(kJobBackoffFirst * (1 << std::min(failures - 1, 10)), kJobBackoffLast);
    const auto left = last_failure + delay - now_;
    return std::max(Duration(0), std::chrono::duration_cast<Duration>(left));
  }

  void choose_new(std::int64_t count) {
    if (!indexed_) {
      plan_.create.resize(static_cast<std::size_t>(count));
      return;
    }
    std::set<std::int64_t> taken = done_;
    for (const json& pod : pods_) {
      const bool runs = is_active(pod) || (replaces_only_failed(job_) && !has_ended(pod));
      const auto index = index_of(pod);
      if (runs && index) taken.insert(*index);
    }
    for (std::int64_t i = 0; i < completions_.value_or(0) && count > 0; ++i) {
      if (taken.contains(i)) continue;
      plan_.create.emplace_back(i);
      --count;
    }
  }

  static bool has_ended(const json& pod) {
    const std::string phase = phase_of(pod);
    return phase == "Failed" || phase == "Succeeded";
  }

  // ---- the status -------------------------------------------------------------------------------

  void write_counts() {
    json& status = plan_.status;
    put_number(status, "active", static_cast<std::int64_t>(active_.size()));
    put_number(status, "failed", counted_failed_);
    put_number(status, "succeeded",
               indexed_ ? static_cast<std::int64_t>(done_.size()) : counted_succeeded_);
    status["ready"] = ready_;
    status["terminating"] = terminating_;
    if (indexed_ && !done_.empty()) status["completedIndexes"] = format_indexes(done_);
    json uncounted = json::object();
    if (!succeeded_.empty()) uncounted["succeeded"] = succeeded_;
    if (!failed_.empty()) uncounted["failed"] = failed_;
    status["uncountedTerminatedPods"] = std::move(uncounted);
  }

  void look_again(Duration after) {
    if (!plan_.again || after < *plan_.again) plan_.again = after;
  }

  const json& job_;
  const json& spec_;
  const std::vector<json>& pods_;
  WallTime now_;
  JobPlan plan_;
  bool indexed_ = false;
  std::optional<std::int64_t> completions_;
  std::vector<json> active_;
  std::int64_t ready_ = 0;
  std::int64_t terminating_ = 0;
  std::set<std::string> succeeded_;  // uids that the status names or will name
  std::set<std::string> failed_;
  std::int64_t counted_succeeded_ = 0;
  std::int64_t counted_failed_ = 0;
  std::size_t left_over_ = 0;    // finished, but one status names no more
  std::set<std::int64_t> done_;  // indexes
  std::string policy_;           // why the podFailurePolicy ends the Job
};

}  // namespace

json job_end(const json& job) {
  const json& status = fields::object(job, "status");
  for (const char* type : {"Complete", "Failed"}) {
    if (holds(status, type)) return *find_condition(status, type);
  }
  return nullptr;
}

JobPlan plan_job(const json& job, const std::vector<json>& pods, WallTime now) {
  if (!job_end(job).is_null()) {
    JobPlan out;
    out.status = fields::object(job, "status");
    for (const json& pod : pods) {
      if (is_tracked(pod)) out.release.push_back(pod);
    }
    return out;
  }
  return Planner(job, pods, now).plan();
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/controllers/job.h"

#include "cloudcore/standalone/controllers/claims.h"
#include "cloudcore/standalone/controllers/event_recorder.h"
#include "cloudcore/standalone/controllers/job_plan.h"
#include "cloudcore/standalone/controllers/job_pods.h"
#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kName = "job-controller";

class JobController final : public Controller {
 public:
  JobController(ApiClient& client, seam::World world)
      : client_(client), world_(world), events_(client, world, kName) {}

  std::string name() const override { return kName; }

  std::vector<ControllerSource> sources() override {
    const auto of_pod = [this](const StoredObject& pod) { return keys_of_pod(pod); };
    return {{resources::kJobs, own_key}, {resources::kPods, of_pod}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    const auto job = name.empty() ? std::nullopt : client_.get(resources::kJobs, ns, name);
    if (!job) co_return co_await release_orphans(ns);
    const auto selector = selector_of(*job);
    if (!selector) co_return LookAgain();
    ClaimRule rule{resources::kPods, *selector, nullptr};
    const auto pods = co_await claim(client_, *job, rule);
    if (!pods) co_return ApiFailure(pods.error());
    const WallTime now = world_.clock.wall();
    const JobPlan wanted = plan_job(*job, *pods, now);
    Answer<void> acted;
    if (!is_terminating(*job)) acted = co_await act(*job, wanted);
    const std::string uid = fields::text((*job)["metadata"], "uid");
    const JobPlan known = plan_job(*job, client_.controlled(resources::kPods, ns, uid), now);
    const auto stored = co_await store(*job, known);
    if (!stored) co_return ApiFailure(stored.error());
    if (!acted) co_return ApiFailure(acted.error());
    co_return known.again;
  }

 private:
  /// The Job; for a tracked Pod whose Job has gone a key without a name: all such of the namespace.
  std::vector<std::string> keys_of_pod(const StoredObject& pod) const {
    if (pod.controller.empty()) return {};
    const std::string key = client_.controller_key(resources::kJobs, pod);
    if (!key.empty()) return {key};
    if (pod.json->find(kJobFinalizer) == std::string::npos) return {};
    return {pod.ns + "/"};
  }

  Task<Answer<void>> act(json job, JobPlan plan) {
    for (const json& pod : plan.cut) {
      const auto done = co_await remove(job, pod, true);
      if (!done) co_return done;
    }
    for (const json& pod : plan.remove) {
      const auto done = co_await remove(job, pod, false);
      if (!done) co_return done;
    }
    const std::string ns = fields::text(job["metadata"], "namespace");
    for (const auto& index : plan.create) {
      json pod = job_pod(job, index);
      const auto made = co_await client_.create(resources::kPods, ns, std::move(pod));
      if (!made) {
        co_await events_.warning(job, "FailedCreate", "Error creating: " + made.error().message);
        co_return ApiFailure(made.error());
      }
      co_await events_.normal(job, "SuccessfulCreate",
                              "Created pod: " + fields::text((*made)["metadata"], "name"));
    }
    co_return Answer<void>();
  }

  /// `uncounted`: it does not count as failed, so its finalizer goes first.
  Task<Answer<void>> remove(json job, json pod, bool uncounted) {
    const std::string ns = fields::text(pod["metadata"], "namespace");
    const std::string name = fields::text(pod["metadata"], "name");
    if (uncounted && is_tracked(pod)) {
      json change = untracked_patch(pod);
      const auto freed = co_await client_.patch(resources::kPods, ns, name, std::move(change));
      if (!freed && freed.error().code != 404) co_return ApiFailure(freed.error());
    }
    Removal removal;
    removal.uid = fields::text(pod["metadata"], "uid");
    const auto done = co_await client_.remove(resources::kPods, ns, name, removal);
    if (!done && done.error().code == 404) co_return Answer<void>();
    if (!done) {
      co_await events_.warning(job, "FailedDelete", "Error deleting: " + done.error().message);
      co_return ApiFailure(done.error());
    }
    co_await events_.normal(job, "SuccessfulDelete", "Deleted pod: " + name);
    co_return Answer<void>();
  }

  /// The status at the Job's revision that was planned from; then the finalizers.
  Task<Answer<void>> store(json job, JobPlan plan) {
    const std::string ns = fields::text(job["metadata"], "namespace");
    if (plan.status != fields::object(job, "status")) {
      json changed = job;
      changed["status"] = plan.status;
      const auto done = co_await client_.update(resources::kJobs, std::move(changed), "status");
      if (!done) co_return ApiFailure(done.error());
      for (const JobEvent& event : plan.events) {
        if (event.type == "Warning") {
          co_await events_.warning(job, event.reason, event.message);
        } else {
          co_await events_.normal(job, event.reason, event.message);
        }
      }
    }
    for (const json& pod : plan.release) {
      json change = untracked_patch(pod);
      const std::string name = fields::text(pod["metadata"], "name");
      const auto done = co_await client_.patch(resources::kPods, ns, name, std::move(change));
      if (!done && done.error().code != 404) co_return ApiFailure(done.error());
    }
    co_return Answer<void>();
  }

  /// Tracked Pods whose Job has gone are held by nobody.
  Task<Answer<LookAgain>> release_orphans(std::string ns) {
    const auto may_be = [](const StoredObject& pod) {
      return !pod.controller.empty() && pod.json->find(kJobFinalizer) != std::string::npos;
    };
    const std::vector<StoredObjectPtr> found = client_.list(resources::kPods, ns, may_be);
    for (const StoredObjectPtr& each : found) {
      const json pod = parsed(*each);
      if (!is_tracked(pod) || !client_.controller_key(resources::kJobs, *each).empty()) continue;
      json change = untracked_patch(pod);
      const auto done = co_await client_.patch(resources::kPods, ns, each->name, std::move(change));
      if (!done && done.error().code != 404) co_return ApiFailure(done.error());
    }
    co_return LookAgain();
  }

  ApiClient& client_;
  seam::World world_;
  EventRecorder events_;
};

class TtlAfterFinished final : public Controller {
 public:
  TtlAfterFinished(ApiClient& client, seam::World world) : client_(client), world_(world) {}

  std::string name() const override { return "ttl-after-finished-controller"; }
  std::vector<ControllerSource> sources() override { return {{resources::kJobs, own_key}}; }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    const auto job = client_.get(resources::kJobs, ns, name);
    if (!job || is_terminating(*job)) co_return LookAgain();
    const auto ttl = fields::number((*job)["spec"], "ttlSecondsAfterFinished");
    const json end = job_end(*job);
    if (!ttl || end.is_null()) co_return LookAgain();
    const auto left =
        fields::time(end, "lastTransitionTime") + std::chrono::seconds(*ttl) - world_.clock.wall();
    if (left > Duration(0)) co_return LookAgain(std::chrono::duration_cast<Duration>(left));
    Removal removal;
    removal.uid = fields::text((*job)["metadata"], "uid");
    removal.propagation = "Foreground";
    const auto done = co_await client_.remove(resources::kJobs, ns, name, removal);
    if (!done && done.error().code != 404) co_return ApiFailure(done.error());
    co_return LookAgain();
  }

 private:
  ApiClient& client_;
  seam::World world_;
};

}  // namespace

std::unique_ptr<Controller> make_job_controller(ApiClient& client, seam::World world) {
  return std::make_unique<JobController>(client, world);
}

std::unique_ptr<Controller> make_ttl_after_finished(ApiClient& client, seam::World world) {
  return std::make_unique<TtlAfterFinished>(client, world);
}

}  // namespace skerry::standalone

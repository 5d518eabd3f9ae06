#include "cloudcore/standalone/controllers/stateful_set.h"

#include <set>

#include "cloudcore/standalone/controllers/claims.h"
#include "cloudcore/standalone/controllers/event_recorder.h"
#include "cloudcore/standalone/controllers/pods.h"
#include "cloudcore/standalone/controllers/revision_history.h"
#include "cloudcore/standalone/controllers/stateful_pods.h"
#include "cloudcore/standalone/controllers/stateful_set_plan.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;
using Kind = StatefulStep::Kind;

constexpr const char* kName = "statefulset-controller";
constexpr const char* kHashLabel = "controller.kubernetes.io/hash";

std::string name_of(const json& object) { return fields::text(object["metadata"], "name"); }

class StatefulSetController final : public Controller {
 public:
  StatefulSetController(ApiClient& client, seam::World world)
      : client_(client),
        world_(world),
        events_(client, world, kName),
        history_(client, resources::kStatefulSets, kHashLabel) {}

  std::string name() const override { return kName; }

  std::vector<ControllerSource> sources() override {
    return {{resources::kStatefulSets, own_key},
            {resources::kPods, keys_of_owners(client_, resources::kStatefulSets)}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    const auto set = client_.get(resources::kStatefulSets, ns, name);
    if (!set) co_return LookAgain();
    const auto selector = selector_of(*set);
    if (!selector) co_return LookAgain();
    const std::string prefix = name;
    ClaimRule rule{resources::kPods, *selector, [prefix](const StoredObject& pod) {
                     return ordinal_of(prefix, pod.name).has_value();
                   }};
    const auto claimed = co_await claim(client_, *set, rule);
    if (!claimed) co_return ApiFailure(claimed.error());
    if (is_terminating(*set)) co_return LookAgain();
    const auto history = co_await history_.sync(*set);
    if (!history) co_return ApiFailure(history.error());
    const StatefulRevisions revisions = revisions_of(*set, *history);
    const auto acted = co_await act(*set, pods_of(*set), revisions);
    const auto reported = co_await report(ns, name, revisions);
    if (!acted) co_return ApiFailure(acted.error());
    if (!reported) co_return reported;
    const auto cleaned = co_await forget_history(*set, history->all, revisions);
    if (!cleaned) co_return ApiFailure(cleaned.error());
    co_return *reported;
  }

 private:
  std::vector<json> pods_of(const json& set) const {
    std::vector<json> out =
        client_.controlled(resources::kPods, fields::text(set["metadata"], "namespace"),
                           fields::text(set["metadata"], "uid"));
    std::erase_if(
        out, [&](const json& pod) { return !ordinal_of(name_of(set), name_of(pod)).has_value(); });
    return out;
  }

  static StatefulRevisions revisions_of(const json& set,
                                        const RevisionHistory::Revisions& history) {
    StatefulRevisions out;
    out.update = name_of(history.update);
    out.update_template = revision_template(history.update);
    out.current = out.update;
    out.current_template = out.update_template;
    const std::string current = fields::text(fields::object(set, "status"), "currentRevision");
    for (const json& each : history.all) {
      if (name_of(each) != current) continue;
      out.current = current;
      out.current_template = revision_template(each);
    }
    return out;
  }

  Task<Answer<bool>> act(json set, std::vector<json> pods, StatefulRevisions revisions) {
    const auto steps = plan_stateful(set, pods, revisions, world_.clock.wall());
    for (const StatefulStep& step : steps) {
      Answer<bool> done = false;
      switch (step.kind) {
        case Kind::kCreate: {
          const json& pod_template = step.revision == revisions.current ? revisions.current_template
                                                                        : revisions.update_template;
          json pod = stateful_pod(set, pod_template, step.revision, step.ordinal);
          done = co_await create(set, std::move(pod), step.ordinal);
          break;
        }
        case Kind::kClaims:
          done = co_await look_after_claims(set, step.pod, step.ordinal);
          break;
        case Kind::kRecreate:
          co_await tell_recreated(set, step.pod);
          done = co_await remove(set, step.pod);
          break;
        case Kind::kRemove:
          done = co_await remove(set, step.pod);
          break;
      }
      if (!done) co_return done;
    }
    co_return true;
  }

  /// The claims first: a Pod that names a claim which is not there could not be placed.
  Task<Answer<bool>> create(json set, json pod, std::int64_t ordinal) {
    const std::string ns = fields::text(set["metadata"], "namespace");
    const std::string pod_name = name_of(pod);
    const std::string of = pod_name + " in StatefulSet " + name_of(set);
    const auto claimed = co_await make_claims(set, pod_name, ordinal);
    if (!claimed) {
      co_await events_.warning(set, "FailedCreate",
                               "create Pod " + of + " failed error: " + claimed.error().message);
      co_return claimed;
    }
    const auto made = co_await client_.create(resources::kPods, ns, pod);
    if (!made && made.error().code == 409) co_return ApiFailure(made.error());
    if (!made) {
      co_await events_.warning(set, "FailedCreate",
                               "create Pod " + of + " failed error: " + made.error().message);
      co_return ApiFailure(made.error());
    }
    co_await events_.normal(set, "SuccessfulCreate", "create Pod " + of + " successful");
    // The policy may make the set an owner of the claims.
    co_return co_await own_claims(set, *made, ordinal);
  }

  Task<Answer<bool>> make_claims(json set, std::string pod, std::int64_t ordinal) {
    for (const json& claim : stateful_claims(set, ordinal)) {
      const std::string ns = fields::text(claim["metadata"], "namespace");
      const std::string name = name_of(claim);
      if (client_.get(resources::kPersistentVolumeClaims, ns, name)) continue;
      const std::string of = "Claim " + name + " Pod " + pod + " in StatefulSet " + name_of(set);
      const auto made = co_await client_.create(resources::kPersistentVolumeClaims, ns, claim);
      if (!made && made.error().code == 409) continue;
      if (!made) {
        co_await events_.warning(set, "FailedCreate",
                                 "create " + of + " failed error: " + made.error().message);
        co_return ApiFailure(made.error());
      }
      co_await events_.normal(set, "SuccessfulCreate", "create " + of + " success");
    }
    co_return true;
  }

  Task<Answer<bool>> own_claims(json set, json pod, std::int64_t ordinal) {
    for (const json& each : fields::list(set["spec"], "volumeClaimTemplates")) {
      const std::string ns = fields::text(set["metadata"], "namespace");
      const std::string name = claim_name(set, each, ordinal);
      const auto claim = client_.get(resources::kPersistentVolumeClaims, ns, name);
      if (!claim || is_terminating(*claim)) continue;
      const auto owners = claim_owners(set, pod, *claim);
      if (!owners) continue;
      json change = {
          {"metadata",
           {{"ownerReferences", owners->empty() ? json(nullptr) : *owners},
            {"resourceVersion", fields::text((*claim)["metadata"], "resourceVersion")}}}};
      const auto done =
          co_await client_.patch(resources::kPersistentVolumeClaims, ns, name, std::move(change));
      if (!done && done.error().code != 404) co_return ApiFailure(done.error());
    }
    co_return true;
  }

  Task<Answer<bool>> look_after_claims(json set, json pod, std::int64_t ordinal) {
    if (phase_of(pod) == "Pending" && is_in_range(set, ordinal) && !is_terminating(pod)) {
      const auto made = co_await make_claims(set, name_of(pod), ordinal);
      if (!made) co_return made;
    }
    co_return co_await own_claims(set, pod, ordinal);
  }

  Task<void> tell_recreated(json set, json pod) {
    const bool failed = phase_of(pod) == "Failed";
    const std::string what = failed ? "failed" : "terminated";
    co_await events_.warning(pod, failed ? "RecreatingFailedPod" : "RecreatingTerminatedPod",
                             "StatefulSet " + fields::text(set["metadata"], "namespace") + "/" +
                                 name_of(set) + " is recreating " + what + " Pod " + name_of(pod));
  }

  Task<Answer<bool>> remove(json set, json pod) {
    const std::string ns = fields::text(set["metadata"], "namespace");
    const std::string of = "delete Pod " + name_of(pod) + " in StatefulSet " + name_of(set);
    Removal removal;
    removal.uid = fields::text(pod["metadata"], "uid");
    const auto done = co_await client_.remove(resources::kPods, ns, name_of(pod), removal);
    if (!done && done.error().code == 404) co_return true;
    if (!done) {
      co_await events_.warning(set, "FailedDelete", of + " failed error: " + done.error().message);
      co_return ApiFailure(done.error());
    }
    co_await events_.normal(set, "SuccessfulDelete", of + " successful");
    co_return true;
  }

  Task<Answer<LookAgain>> report(std::string ns, std::string name, StatefulRevisions revisions) {
    auto set = client_.get(resources::kStatefulSets, ns, name);
    if (!set) co_return LookAgain();
    StatefulStatus now = stateful_status(*set, pods_of(*set), revisions, world_.clock.wall());
    if (now.status != fields::object(*set, "status")) {
      (*set)["status"] = std::move(now.status);
      const auto done =
          co_await client_.update(resources::kStatefulSets, std::move(*set), "status");
      if (!done) co_return ApiFailure(done.error());
    }
    co_return now.again;
  }

  Task<Answer<bool>> forget_history(json set, std::vector<json> all, StatefulRevisions revisions) {
    std::set<std::string> used = {revisions.current, revisions.update};
    for (const json& pod : pods_of(set)) {
      used.insert(fields::text(fields::object(pod["metadata"], "labels"), kStatefulRevisionLabel));
    }
    co_return co_await history_.forget(set, all, used);
  }

  ApiClient& client_;
  seam::World world_;
  EventRecorder events_;
  RevisionHistory history_;
};

}  // namespace

std::unique_ptr<Controller> make_stateful_set_controller(ApiClient& client, seam::World world) {
  return std::make_unique<StatefulSetController>(client, world);
}

}  // namespace skerry::standalone

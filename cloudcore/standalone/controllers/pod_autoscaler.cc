#include "cloudcore/standalone/controllers/pod_autoscaler.h"

#include "cloudcore/standalone/controllers/event_recorder.h"
#include "cloudcore/standalone/controllers/pod_autoscaler_plan.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kName = "horizontal-pod-autoscaler";
constexpr Duration kInterval = 15s;

class PodAutoscaler final : public Controller {
 public:
  PodAutoscaler(ApiClient& client, seam::World world)
      : client_(client), world_(world), events_(client, world, kName) {}

  std::string name() const override { return kName; }
  std::vector<ControllerSource> sources() override {
    return {{resources::kPodAutoscalers, own_key}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    const auto scaler = client_.get(resources::kPodAutoscalers, ns, name);
    if (!scaler) co_return LookAgain();
    ScalerPlan plan = co_await look(*scaler, ns);
    for (const ScalerEvent& event : plan.events) {
      if (event.type == "Warning") {
        co_await events_.warning(*scaler, event.reason, event.message);
      } else {
        co_await events_.normal(*scaler, event.reason, event.message);
      }
    }
    if (plan.status != fields::object(*scaler, "status")) {
      json changed = *scaler;
      changed["status"] = std::move(plan.status);
      const auto done =
          co_await client_.update(resources::kPodAutoscalers, std::move(changed), "status");
      if (!done) co_return ApiFailure(done.error());
    }
    co_return LookAgain(kInterval);
  }

 private:
  Task<ScalerPlan> look(json scaler, std::string ns) {
    const json& target = fields::object(scaler["spec"], "scaleTargetRef");
    const std::string kind = fields::text(target, "kind");
    const std::string name = fields::text(target, "name");
    const std::string version = fields::text(target, "apiVersion");
    const std::size_t slash = version.find('/');
    GroupVersion gv{"", version};
    if (slash != std::string::npos) gv = {version.substr(0, slash), version.substr(slash + 1)};
    const auto row = client_.kinds().find_kind(gv, kind);
    if (!row) {
      const std::string why = "no matches for kind \"" + kind + "\" in group \"" + gv.group + "\"";
      co_return scale_unread(scaler, why, world_.clock.wall());
    }
    const ResourceType type{row->gv, row->plural};
    const auto scale = co_await client_.read_below(type, ns, name, "scale");
    if (!scale) co_return scale_unread(scaler, scale.error().message, world_.clock.wall());
    ScalerPlan plan = plan_autoscale(scaler, *scale, world_.clock.wall());
    if (!plan.replicas) co_return plan;
    json change = {{"spec", {{"replicas", *plan.replicas}}}};
    const auto done = co_await client_.patch(type, ns, name, std::move(change), "scale");
    co_return rescaled(plan, done ? "" : done.error().message, world_.clock.wall());
  }

  ApiClient& client_;
  seam::World world_;
  EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> make_pod_autoscaler(ApiClient& client, seam::World world) {
  return std::make_unique<PodAutoscaler>(client, world);
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/scheduler/scheduler.h"

#include "cloudcore/standalone/scheduler/node_fit.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kName = "default-scheduler";
constexpr auto kTryAgain = std::chrono::seconds(30);  // besides events of nodes and pods

bool waits(const StoredObject& pod) {
  const auto at = [&](const char* field) {
    const auto found = pod.fields.find(field);
    return found == pod.fields.end() ? std::string() : found->second;
  };
  const std::string scheduler = at("spec.schedulerName");
  const std::string phase = at("status.phase");
  const bool ours = scheduler.empty() || scheduler == kName;
  return ours && at("spec.nodeName").empty() && phase != "Succeeded" && phase != "Failed";
}

class Scheduler final : public Controller {
 public:
  Scheduler(ApiClient& client, seam::World world) : client_(client), world_(world) {}

  std::string name() const override { return kName; }

  std::vector<ControllerSource> sources() override {
    const auto pod = [this](const StoredObject& object) {
      return waits(object) ? own_key(object) : waiting();  // one that went makes room
    };
    const auto node = [this](const StoredObject&) { return waiting(); };
    return {{resources::kPods, pod}, {resources::kNodes, node}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    const ObjectPlace place{resources::kPods.prefix(), ns, name};
    const StoredObjectPtr object = client_.store().get(place);
    if (!object || !waits(*object)) co_return LookAgain();
    const json pod = parsed(*object);
    if (pod["metadata"].contains("deletionTimestamp")) co_return LookAgain();

    const std::vector<NodeState> nodes = node_states();
    std::vector<std::vector<std::string>> why;
    const NodeState* best = nullptr;
    int best_score = -1;
    for (const NodeState& node : nodes) {
      std::vector<std::string> here = misfits(node, pod);
      if (here.empty() && score(node, pod) > best_score) {
        best = &node;
        best_score = score(node, pod);
      }
      why.push_back(std::move(here));
    }
    if (best == nullptr) co_return co_await tell_unschedulable(pod, why_nowhere(why));
    co_return co_await bind(pod, fields::text(best->node["metadata"], "name"));
  }

 private:
  std::vector<std::string> waiting() const {
    std::vector<std::string> out;
    for (const auto& pod : client_.list(resources::kPods, "", waits)) {
      out.push_back(pod->ns + "/" + pod->name);
    }
    return out;
  }

  std::vector<NodeState> node_states() const {
    std::map<std::string, NodeState> states;
    for (const auto& node : client_.list(resources::kNodes, "")) {
      states.emplace(node->name, empty_node(parsed(*node)));
    }
    const auto runs = [](const StoredObject& pod) {
      const auto phase = pod.fields.find("status.phase");
      const bool ended =
          phase != pod.fields.end() && (phase->second == "Succeeded" || phase->second == "Failed");
      return !ended && !pod.fields.at("spec.nodeName").empty();
    };
    for (const auto& pod : client_.list(resources::kPods, "", runs)) {
      const auto at = states.find(pod->fields.at("spec.nodeName"));
      if (at != states.end()) place(at->second, parsed(*pod));
    }
    std::vector<NodeState> out;
    for (auto& [name, state] : states) out.push_back(std::move(state));
    return out;
  }

  Task<Answer<LookAgain>> bind(json pod, std::string node) {
    const json& metadata = pod["metadata"];
    json binding = {{"apiVersion", "v1"},
                    {"kind", "Binding"},
                    {"metadata",
                     {{"name", fields::text(metadata, "name")},
                      {"namespace", fields::text(metadata, "namespace")}}},
                    {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node}}}};
    const auto bound =
        co_await client_.create_below(resources::kPods, std::move(binding), "binding");
    if (!bound) co_return ApiFailure(bound.error());
    const std::string where =
        fields::text(metadata, "namespace") + "/" + fields::text(metadata, "name");
    co_await tell(pod, "Normal", "Scheduled", "Successfully assigned " + where + " to " + node);
    co_return LookAgain();
  }

  Task<Answer<LookAgain>> tell_unschedulable(json pod, std::string why) {
    const json& metadata = pod["metadata"];
    json conditions = json::array();
    bool said = false;
    for (const json& each : fields::list(fields::object(pod, "status"), "conditions")) {
      const bool scheduled = fields::text(each, "type") == "PodScheduled";
      if (!scheduled) conditions.push_back(each);
      said = said || (scheduled && fields::text(each, "message") == why);
    }
    if (said) co_return LookAgain(kTryAgain);
    conditions.push_back({{"type", "PodScheduled"},
                          {"status", "False"},
                          {"reason", "Unschedulable"},
                          {"message", why},
                          {"lastProbeTime", nullptr},
                          {"lastTransitionTime", k8s::format_time(world_.clock.wall())}});
    json change = {{"status", {{"conditions", std::move(conditions)}}}};
    const std::string ns = fields::text(metadata, "namespace");
    const std::string name = fields::text(metadata, "name");
    const auto done =
        co_await client_.patch(resources::kPods, ns, name, std::move(change), "status");
    if (!done) co_return ApiFailure(done.error());
    co_await tell(pod, "Warning", "FailedScheduling", why);
    co_return LookAgain(kTryAgain);
  }

  /// An Event that cannot be written is only missed: the condition says the same.
  Task<void> tell(json pod, std::string type, std::string reason, std::string message) {
    const json& metadata = pod["metadata"];
    const std::string ns = fields::text(metadata, "namespace");
    const std::string now = k8s::format_time(world_.clock.wall());
    json event = {{"metadata", {{"generateName", fields::text(metadata, "name") + "."}}},
                  {"involvedObject",
                   {{"apiVersion", "v1"},
                    {"kind", "Pod"},
                    {"name", fields::text(metadata, "name")},
                    {"namespace", ns},
                    {"uid", fields::text(metadata, "uid")}}},
                  {"type", type},
                  {"reason", reason},
                  {"message", message},
                  {"count", 1},
                  {"firstTimestamp", now},
                  {"lastTimestamp", now},
                  {"source", {{"component", kName}}},
                  {"reportingComponent", kName}};
    const auto ignored = co_await client_.create(resources::kEvents, ns, std::move(event));
    (void)ignored;
  }

  ApiClient& client_;
  seam::World world_;
};

}  // namespace

std::unique_ptr<Controller> make_scheduler(ApiClient& client, seam::World world) {
  return std::make_unique<Scheduler>(client, world);
}

}  // namespace skerry::standalone

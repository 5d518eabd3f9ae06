#include "cloudcore/standalone/controllers/endpoint_slices.h"

#include <algorithm>

#include "cloudcore/standalone/controllers/endpoints.h"
#include "cloudcore/standalone/controllers/pods.h"
#include "cloudcore/standalone/controllers/service_endpoints.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kServiceName = "kubernetes.io/service-name";
constexpr const char* kManagedBy = "endpointslice.kubernetes.io/managed-by";
constexpr const char* kForServices = "endpointslice-controller.k8s.io";
constexpr const char* kForMirrors = "endpointslicemirroring-controller.k8s.io";
constexpr const char* kSkipMirror = "endpointslice.kubernetes.io/skip-mirror";
constexpr const char* kLeader = "control-plane.alpha.kubernetes.io/leader";
constexpr const char* kEndpointsManagedBy = "endpoints.kubernetes.io/managed-by";
constexpr const char* kTrigger = "endpoints.kubernetes.io/last-change-trigger-time";
constexpr const char* kHeadless = "service.kubernetes.io/headless";
constexpr const char* kZone = "topology.kubernetes.io/zone";

/// The slices that one controller keeps for one Service or Endpoints.
class SliceKeeper {
 public:
  SliceKeeper(ApiClient& client, seam::World world, const char* managed_by)
      : client_(client), world_(world), managed_by_(managed_by) {}

  std::vector<std::string> keys_of(const StoredObject& slice) const {
    const auto by = slice.labels.find(kManagedBy);
    const auto of = slice.labels.find(kServiceName);
    if (by == slice.labels.end() || by->second != managed_by_ || of == slice.labels.end())
      return {};
    return {slice.ns + "/" + of->second};
  }

  /// `owner`: a Service or Endpoints. `labels`: beside ours.
  Task<Answer<LookAgain>> keep(json owner, json labels, std::vector<EndpointGroup> groups) {
    const std::string ns = fields::text(owner["metadata"], "namespace");
    const std::string name = fields::text(owner["metadata"], "name");
    labels[kServiceName] = name;
    labels[kManagedBy] = managed_by_;
    const std::vector<json> there = slices(ns, name);
    SlicePlan plan = plan_slices(there, std::move(groups));
    relabel(there, labels, plan);
    for (json& slice : plan.create) {
      slice["metadata"] = {{"generateName", name + "-"},
                           {"labels", labels},
                           {"ownerReferences", json::array({controller_reference(owner)})}};
      stamp(slice);
      const auto made = co_await client_.create(resources::kEndpointSlices, ns, std::move(slice));
      if (!made) co_return ApiFailure(made.error());
    }
    for (json& slice : plan.update) {
      slice["metadata"]["labels"] = labels;
      stamp(slice);
      const auto done = co_await client_.update(resources::kEndpointSlices, std::move(slice));
      if (!done) co_return ApiFailure(done.error());
    }
    const auto gone = co_await remove(std::move(plan.remove));
    if (!gone) co_return ApiFailure(gone.error());
    co_return LookAgain();
  }

  Task<Answer<LookAgain>> drop(std::string ns, std::string name) {
    co_return co_await remove(slices(ns, name));
  }

 private:
  std::vector<json> slices(const std::string& ns, const std::string& name) const {
    const std::string key = ns + "/" + name;
    const auto ours = [&](const StoredObject& slice) {
      const auto keys = keys_of(slice);
      return !keys.empty() && keys.front() == key;
    };
    std::vector<json> out;
    for (const auto& each : client_.list(resources::kEndpointSlices, ns, ours)) {
      out.push_back(parsed(*each));
    }
    return out;
  }

  /// Slices whose labels alone are out of date.
  static void relabel(const std::vector<json>& there, const json& labels, SlicePlan& plan) {
    for (const json& each : there) {
      if (fields::object(each["metadata"], "labels") == labels) continue;
      const auto same = [&](const json& other) {
        return other["metadata"]["name"] == each["metadata"]["name"];
      };
      const bool touched = std::any_of(plan.update.begin(), plan.update.end(), same) ||
                           std::any_of(plan.remove.begin(), plan.remove.end(), same);
      if (!touched) plan.update.push_back(each);
    }
  }

  void stamp(json& slice) const {
    if (std::string_view(managed_by_) != kForServices) return;
    slice["metadata"]["annotations"][kTrigger] = k8s::format_time(world_.clock.wall());
  }

  Task<Answer<LookAgain>> remove(std::vector<json> slices) {
    for (const json& slice : slices) {
      Removal removal;
      removal.uid = fields::text(slice["metadata"], "uid");
      const auto done = co_await client_.remove(resources::kEndpointSlices,
                                                fields::text(slice["metadata"], "namespace"),
                                                fields::text(slice["metadata"], "name"), removal);
      if (!done && done.error().code != 404) co_return ApiFailure(done.error());
    }
    co_return LookAgain();
  }

  ApiClient& client_;
  seam::World world_;
  const char* managed_by_;
};

class EndpointSliceController final : public Controller {
 public:
  EndpointSliceController(ApiClient& client, seam::World world)
      : client_(client), keeper_(client, world, kForServices) {}

  std::string name() const override { return "endpointslice-controller"; }

  std::vector<ControllerSource> sources() override {
    const auto of_pod = [this](const StoredObject& pod) { return services_of_pod(client_, pod); };
    const auto of_slice = [this](const StoredObject& slice) { return keeper_.keys_of(slice); };
    return {{resources::kServices, own_key},
            {resources::kPods, of_pod},
            {resources::kEndpointSlices, of_slice}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    const auto service = client_.get(resources::kServices, ns, name);
    if (!service) co_return co_await keeper_.drop(ns, name);
    const auto pods = pods_of_service(client_, *service);
    if (!pods) co_return LookAgain();
    const ZoneOf zone_of = [this](const std::string& node) { return zone(node); };
    std::vector<EndpointGroup> groups = endpoint_groups(*service, *pods, zone_of);
    json labels = fields::object((*service)["metadata"], "labels");
    labels.erase(kHeadless);
    if (is_headless(*service)) labels[kHeadless] = "";
    co_return co_await keeper_.keep(*service, std::move(labels), std::move(groups));
  }

 private:
  std::string zone(const std::string& node) const {
    const ObjectPlace place{resources::kNodes.prefix(), "", node};
    const StoredObjectPtr found = client_.store().get(place);
    if (!found) return {};
    const auto label = found->labels.find(kZone);
    return label == found->labels.end() ? std::string() : label->second;
  }

  ApiClient& client_;
  SliceKeeper keeper_;
};

class EndpointMirrorController final : public Controller {
 public:
  EndpointMirrorController(ApiClient& client, seam::World world)
      : client_(client), keeper_(client, world, kForMirrors) {}

  std::string name() const override { return "endpointslicemirroring-controller"; }

  std::vector<ControllerSource> sources() override {
    const auto of_slice = [this](const StoredObject& slice) { return keeper_.keys_of(slice); };
    return {{resources::kEndpoints, own_key},
            {resources::kServices, own_key},
            {resources::kEndpointSlices, of_slice}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    const auto endpoints = client_.get(resources::kEndpoints, ns, name);
    const auto service = client_.get(resources::kServices, ns, name);
    if (!endpoints || !service || !mirrored(*endpoints, *service)) {
      co_return co_await keeper_.drop(ns, name);
    }
    json labels = fields::object((*endpoints)["metadata"], "labels");
    labels.erase(kEndpointsManagedBy);
    co_return co_await keeper_.keep(*endpoints, std::move(labels), mirrored_groups(*endpoints));
  }

 private:
  static bool mirrored(const json& endpoints, const json& service) {
    const json& metadata = endpoints["metadata"];
    if (fields::text(fields::object(metadata, "labels"), kSkipMirror) == "true") return false;
    if (fields::object(metadata, "annotations").contains(kLeader)) return false;
    return fields::object(fields::object(service, "spec"), "selector").empty();
  }

  ApiClient& client_;
  SliceKeeper keeper_;
};

}  // namespace

std::unique_ptr<Controller> make_endpoint_slice_controller(ApiClient& client, seam::World world) {
  return std::make_unique<EndpointSliceController>(client, world);
}

std::unique_ptr<Controller> make_endpoint_mirror_controller(ApiClient& client, seam::World world) {
  return std::make_unique<EndpointMirrorController>(client, world);
}

}  // namespace skerry::standalone

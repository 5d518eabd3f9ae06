#include "cloudcore/standalone/api/subresources.h"

#include <nlohmann/json.hpp>

#include "cloudcore/standalone/api/decode.h"
#include "cloudcore/standalone/api/scale_body.h"
#include "cloudcore/standalone/api/write_steps.h"
#include "cloudcore/standalone/printing/table.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr int kTriesMax = 5;

struct SubresourceRow {
  std::string_view prefix;
  std::string_view name;
  Task<RestAnswer> (Subresources::*handler)(ResourceRequestPtr);
};
constexpr SubresourceRow kRows[] = {
    {"pods", "binding", &Subresources::bind_pod},
    {"deployments.apps", "scale", &Subresources::scale},
    {"replicasets.apps", "scale", &Subresources::scale},
    {"statefulsets.apps", "scale", &Subresources::scale},
    {"namespaces", "finalize", &Subresources::finalize_namespace},
};

ObjectPlace place_of(const ResourceRequest& request) {
  return {request.row->storage_prefix, request.row->namespaced ? request.info.ns : std::string(),
          request.info.name};
}

Answer<json> body_of(const ResourceRequest& request) {
  auto body = decode_body(request.request->content_type, request.request->body, "application/json");
  if (body && !body->is_object()) return bad_request("the body of the request is no object");
  return body;
}

/// A selector as text, as a Scale's status has it.
std::string selector_text(const json& selector) {
  const std::string shown = shown_selector(selector);
  return shown == "<none>" ? "" : shown;
}

json scale_of(const json& object) {
  const json& metadata = object["metadata"];
  json shown = json::object();
  for (const char* field : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
    if (metadata.contains(field)) shown[field] = metadata[field];
  }
  const json& spec = fields::object(object, "spec");
  return {{"kind", "Scale"},
          {"apiVersion", "autoscaling/v1"},
          {"metadata", std::move(shown)},
          {"spec", {{"replicas", fields::number(spec, "replicas").value_or(1)}}},
          {"status",
           {{"replicas", fields::number(fields::object(object, "status"), "replicas").value_or(0)},
            {"selector", selector_text(fields::at(spec, "selector"))}}}};
}

}  // namespace

Task<RestAnswer> Subresources::handle(ResourceRequestPtr request) {
  for (const SubresourceRow& row : kRows) {
    const bool is =
        row.prefix == request->row->storage_prefix && row.name == request->info.subresource;
    if (is) co_return co_await (this->*row.handler)(request);
  }
  co_return method_not_allowed();
}

Task<Answer<StoredObjectPtr>> Subresources::change(ResourceRequestPtr request, Change change) {
  const KindRow& row = *request->row;
  for (int tries = 1;; ++tries) {
    ObjectPlace place = place_of(*request);
    const StoredObjectPtr there = store_.get(place);
    if (!there) co_return not_found(row, request->info.name);
    json current = json::parse(*there->json, nullptr, false);
    auto changed = change(std::move(current));
    if (!changed) co_return ApiFailure(changed.error());
    if (dry_run(*request->request)) {
      auto shown = served_object(row.storage_prefix, stored_bytes(*changed), there->revision);
      if (!shown) co_return internal(shown.error().what);
      co_return *shown;
    }
    const json& metadata = (*changed)["metadata"];
    const bool ends = metadata.contains("deletionTimestamp") &&
                      fields::list(metadata, "finalizers").empty() &&
                      fields::list(fields::object(*changed, "spec"), "finalizers").empty() &&
                      fields::number(metadata, "deletionGracePeriodSeconds").value_or(0) == 0;
    std::shared_ptr<const json> held;
    if (!ends) held = std::make_shared<const json>(std::move(*changed));
    const auto written = co_await store_.write(std::move(place), held, there->revision);
    if (written) co_return *written;
    if (written.error().code != Code::kConflict) co_return storage_failed(written.error());
    if (tries == kTriesMax) co_return conflict(row, request->info.name);
  }
}

Task<RestAnswer> Subresources::bind_pod(ResourceRequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return ApiFailure(body.error());
  const std::string node = fields::text(fields::object(*body, "target"), "name");
  if (node.empty()) co_return bad_request("target.name of a binding is required");
  const std::string now = k8s::format_time(world_.clock.wall());
  const std::string name = request->info.name;
  const auto row = request->row;
  const Change set_node = [=](json pod) -> Answer<json> {
    const std::string bound = fields::text(fields::object(pod, "spec"), "nodeName");
    if (!bound.empty()) {
      return conflict(*row, name, "pod " + name + " is already assigned to node \"" + bound + "\"");
    }
    if (pod["metadata"].contains("deletionTimestamp")) {
      return conflict(*row, name,
                      "pod " + name + " is being deleted, cannot be assigned to a host");
    }
    pod["spec"]["nodeName"] = node;
    json conditions = json::array();
    for (const json& each : fields::list(fields::object(pod, "status"), "conditions")) {
      if (fields::text(each, "type") != "PodScheduled") conditions.push_back(each);
    }
    conditions.push_back({{"type", "PodScheduled"},
                          {"status", "True"},
                          {"lastProbeTime", nullptr},
                          {"lastTransitionTime", now}});
    pod["status"]["conditions"] = std::move(conditions);
    return pod;
  };
  const auto changed = co_await change(request, set_node);
  if (!changed) co_return ApiFailure(changed.error());
  const json status = {{"kind", "Status"},
                       {"apiVersion", "v1"},
                       {"metadata", json::object()},
                       {"status", "Success"},
                       {"code", 201}};
  co_return json_response(201, status.dump());
}

Task<RestAnswer> Subresources::scale(ResourceRequestPtr request) {
  const std::string& verb = request->info.verb;
  const StoredObjectPtr there = store_.get(place_of(*request));
  if (!there) co_return not_found(*request->row, request->info.name);
  if (verb == "get") {
    co_return json_response(200, scale_of(json::parse(*there->json, nullptr, false)).dump());
  }
  const bool patches = verb == "patch";
  if (!patches && verb != "update") co_return method_not_allowed();
  const auto wish = read_scale_wish(*request, scale_of(json::parse(*there->json, nullptr, false)));
  if (!wish) co_return ApiFailure(wish.error());
  const std::optional<std::int64_t> replicas = wish->replicas;
  const std::string asked = wish->resource_version;
  const std::string uid = wish->uid;
  const auto row = request->row;
  const Change set_replicas = [=](json object) -> Answer<json> {
    const std::string version = fields::text(object["metadata"], "resourceVersion");
    const std::string name = fields::text(object["metadata"], "name");
    if (!asked.empty() && asked != version) return conflict(*row, name);
    const std::string there_uid = fields::text(object["metadata"], "uid");
    if (!uid.empty() && uid != there_uid) {
      return conflict(*row, name,
                      "Precondition failed: UID in precondition: " + uid +
                          ", UID in object meta: " + there_uid);
    }
    if (fields::number(object["spec"], "replicas") != replicas) {
      object["metadata"]["generation"] =
          fields::number(object["metadata"], "generation").value_or(0) + 1;
    }
    object["spec"]["replicas"] = *replicas;
    return object;
  };
  const auto changed = co_await change(request, set_replicas);
  if (!changed) co_return ApiFailure(changed.error());
  co_return json_response(200, scale_of(json::parse(*(*changed)->json, nullptr, false)).dump());
}

Task<RestAnswer> Subresources::finalize_namespace(ResourceRequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return ApiFailure(body.error());
  const json wanted = fields::list(fields::object(*body, "spec"), "finalizers");
  const Change set_finalizers = [=](json object) -> Answer<json> {
    object["spec"]["finalizers"] = wanted;
    return object;
  };
  const auto changed = co_await change(request, set_finalizers);
  if (!changed) co_return ApiFailure(changed.error());
  ApiResponse out;
  out.body.push_back((*changed)->json);
  co_return out;
}

}  // namespace skerry::standalone

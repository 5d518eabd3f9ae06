#include "cloudcore/standalone/api/subresources.h"

#include <nlohmann/json.hpp>

#include "cloudcore/standalone/api/decode.h"
#include "cloudcore/standalone/api/field_tracking.h"
#include "cloudcore/standalone/api/write_steps.h"
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

Answer<json> body_of(const ResourceRequest& request) {
  auto body = decode_body(request.request->content_type, request.request->body, "application/json");
  if (body && !body->is_object()) return bad_request("the body of the request is no object");
  return body;
}

/// What would have been written, for a dry run.
StoredObjectPtr unstored(const StoredObject& there, const json& object) {
  auto out = std::make_shared<StoredObject>(there);
  out->json = std::make_shared<const std::string>(
      object.dump(-1, ' ', false, json::error_handler_t::replace));
  return out;
}

}  // namespace

ObjectPlace place_of(const ResourceRequest& request) {
  return {request.row->storage_prefix, request.row->namespaced ? request.info.ns : std::string(),
          request.info.name};
}

Task<RestAnswer> Subresources::handle(ResourceRequestPtr request) {
  for (const SubresourceRow& row : kRows) {
    const bool is =
        row.prefix == request->row->storage_prefix && row.name == request->info.subresource;
    if (is) co_return co_await (this->*row.handler)(request);
  }
  const bool scales = request->row->custom && request->info.subresource == "scale";
  if (scales) co_return co_await scale(request);
  co_return method_not_allowed();
}

Task<Answer<StoredObjectPtr>> Subresources::change(ResourceRequestPtr request, Change change) {
  const KindRow& row = *request->row;
  for (int tries = 1;; ++tries) {
    ObjectPlace place = place_of(*request);
    const StoredObjectPtr there = store_.get(place);
    if (!there) co_return not_found(row, request->info.name);
    json current = json::parse(*there->json, nullptr, false);
    auto changed = change(current);
    if (!changed) co_return ApiFailure(changed.error());
    const json& metadata = (*changed)["metadata"];
    const bool ends = metadata.contains("deletionTimestamp") &&
                      fields::list(metadata, "finalizers").empty() &&
                      fields::list(fields::object(*changed, "spec"), "finalizers").empty() &&
                      fields::number(metadata, "deletionGracePeriodSeconds").value_or(0) == 0;
    if (!ends && same_content(*changed, current)) co_return there;
    if (dry_run(*request->request)) co_return unstored(*there, *changed);
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

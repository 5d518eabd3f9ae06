// delete and deletecollection.
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/api/decode.h"
#include "cloudcore/standalone/api/rendering.h"
#include "cloudcore/standalone/api/rest.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr int kDeleteTriesMax = 5;

/// DeleteOptions of the body, with what the query parameters say over it.
Answer<json> delete_options(const ApiRequest& request) {
  json options = json::object();
  if (!request.body.empty()) {
    auto body = decode_body(request.content_type, request.body, "application/json");
    if (!body) return body;
    if (!body->is_object()) return bad_request("DeleteOptions is an object");
    options = std::move(*body);
  }
  if (const auto seconds = request.param("gracePeriodSeconds"); !seconds.empty()) {
    options["gracePeriodSeconds"] = json::parse(seconds, nullptr, false);
  }
  if (const auto policy = request.param("propagationPolicy"); !policy.empty()) {
    options["propagationPolicy"] = std::string(policy);
  }
  if (const auto orphan = request.param("orphanDependents"); !orphan.empty()) {
    options["orphanDependents"] = orphan == "true";
  }
  if (request.param("dryRun") == "All") options["dryRun"] = {"All"};
  return options;
}

Answer<void> check_preconditions(const json& options,
                                 const StoredObject& object,
                                 const KindRow& row) {
  const json& wanted = fields::object(options, "preconditions");
  const std::string uid = fields::text(wanted, "uid");
  if (!uid.empty() && uid != object.uid) {
    return conflict(
        row, object.name,
        "Precondition failed: UID in precondition: " + uid + ", UID in object meta: " + object.uid);
  }
  const std::string version = fields::text(wanted, "resourceVersion");
  if (!version.empty() && version != std::to_string(object.revision)) {
    return conflict(row, object.name,
                    "Precondition failed: ResourceVersion in precondition: " + version +
                        ", ResourceVersion in object meta: " + std::to_string(object.revision));
  }
  return {};
}

/// The finalizers that a propagation policy adds or takes; the garbage collector acts on them.
void set_propagation(json& metadata, const json& options) {
  const std::string policy = fields::text(options, "propagationPolicy");
  const bool orphan = policy == "Orphan" || fields::flag(options, "orphanDependents");
  const bool foreground = policy == "Foreground";
  if (policy.empty() && !options.contains("orphanDependents")) return;
  json kept = json::array();
  for (const json& each : fields::list(metadata, "finalizers")) {
    if (each != "orphan" && each != "foregroundDeletion") kept.push_back(each);
  }
  if (orphan) kept.push_back("orphan");
  if (foreground) kept.push_back("foregroundDeletion");
  if (kept.empty()) {
    metadata.erase("finalizers");
  } else {
    metadata["finalizers"] = std::move(kept);
  }
}

bool is_held(const json& object) {
  if (!fields::list(object["metadata"], "finalizers").empty()) return true;
  // A Namespace is also held by its own list, until its content is gone.
  const bool is_namespace = fields::text(object, "kind") == "Namespace";
  return is_namespace && !fields::list(fields::object(object, "spec"), "finalizers").empty();
}

ApiResponse deleted_status(const KindRow& row, const StoredObject& object) {
  json details = {{"name", object.name}, {"kind", row.plural}, {"uid", object.uid}};
  if (!row.gv.group.empty()) details["group"] = row.gv.group;
  const json status = {{"kind", "Status"},
                       {"apiVersion", "v1"},
                       {"metadata", json::object()},
                       {"status", "Success"},
                       {"details", details}};
  return json_response(200, status.dump());
}

constexpr const char* kCleanup = "customresourcecleanup.apiextensions.k8s.io";

/// A CustomResourceDefinition stays until its objects have gone: its controller sees to that.
void mark_cleanup(json& object, WallTime now) {
  object["metadata"]["finalizers"] = fields::list(object["metadata"], "finalizers");
  object["metadata"]["finalizers"].push_back(kCleanup);
  json condition = {{"type", "Terminating"},
                    {"status", "True"},
                    {"lastTransitionTime", k8s::format_time(now)},
                    {"reason", "InstanceDeletionPending"},
                    {"message",
                     "CustomResourceDefinition marked for deletion; CustomResource deletion will "
                     "begin soon"}};
  json conditions = fields::list(fields::object(object, "status"), "conditions");
  conditions.push_back(std::move(condition));
  object["status"]["conditions"] = std::move(conditions);
}

struct Plan {
  std::shared_ptr<const json> marked;  // null: goes at once
  bool nothing = false;                // it is marked already, and nothing changes
};

Plan plan_delete(json object, const json& options, const KindRow& row, WallTime now) {
  json& metadata = object["metadata"];
  metadata.erase("resourceVersion");
  const json before = object;
  set_propagation(metadata, options);
  const bool defines = row.kind == "CustomResourceDefinition";
  if (defines && !metadata.contains("deletionTimestamp")) mark_cleanup(object, now);
  const KindBehaviour& behaviour = behaviour_of(row.storage_prefix);
  const int standard = behaviour.grace_seconds == nullptr ? 0 : behaviour.grace_seconds(object);
  std::int64_t grace = fields::number(options, "gracePeriodSeconds").value_or(standard);
  if (behaviour.grace_seconds == nullptr || standard == 0) grace = 0;
  const bool marked = metadata.contains("deletionTimestamp");
  if (marked) {
    // A later delete can only shorten the time that is left.
    grace = std::min(grace, fields::number(metadata, "deletionGracePeriodSeconds").value_or(0));
  }
  Plan plan;
  if (grace == 0 && !is_held(object)) return plan;
  const bool shorter =
      marked && grace < fields::number(metadata, "deletionGracePeriodSeconds").value_or(0);
  if (!marked || shorter) {
    metadata["deletionTimestamp"] = k8s::format_time(now + std::chrono::seconds(grace));
    metadata["deletionGracePeriodSeconds"] = grace;
    if (behaviour.generation) {
      metadata["generation"] = fields::number(metadata, "generation").value_or(0) + 1;
    }
    if (row.kind == "Namespace") object["status"]["phase"] = "Terminating";
  }
  if (defines) {  // its deletion has no grace period and is no change of what it says
    metadata.erase("deletionGracePeriodSeconds");
    metadata["generation"] = before["metadata"].value("generation", 1);
  }
  plan.nothing = object == before;
  plan.marked = std::make_shared<const json>(std::move(object));
  return plan;
}

}  // namespace

Task<Answer<StoredObjectPtr>> Rest::remove_one(ResourceRequestPtr request,
                                               StoredObjectPtr object,
                                               std::shared_ptr<const json> options) {
  const KindRow& row = *request->row;
  const std::string name = object->name;
  for (int tries = 1;; ++tries) {
    if (auto met = check_preconditions(*options, *object, row); !met) {
      co_return ApiFailure(met.error());
    }
    json current = json::parse(*object->json, nullptr, false);
    if (current.is_discarded()) co_return internal("a stored object cannot be read: " + name);
    const AdmissionRequest asked{AdmissionRequest::Operation::kDelete, *request, nullptr, &current,
                                 options->contains("dryRun")};
    if (auto admitted = admit(asked); !admitted) co_return ApiFailure(admitted.error());
    Plan plan = plan_delete(std::move(current), *options, row, world_.clock.wall());
    if (plan.nothing || options->contains("dryRun")) co_return object;
    ObjectPlace place{row.storage_prefix, object->ns, name};
    const auto written = co_await store_.write(place, plan.marked, object->revision);
    if (written) co_return *written;
    if (written.error().code != Code::kConflict) co_return storage_failed(written.error());
    object = store_.get(place);
    if (!object) co_return not_found(row, name);
    if (tries == kDeleteTriesMax) co_return conflict(row, name);
  }
}

Task<RestAnswer> Rest::remove(ResourceRequestPtr request) {
  const KindRow& row = *request->row;
  auto options = delete_options(*request->request);
  if (!options) co_return ApiFailure(options.error());
  const ObjectPlace place{row.storage_prefix, row.namespaced ? request->info.ns : std::string(),
                          request->info.name};
  const StoredObjectPtr there = store_.get(place);
  if (!there) co_return not_found(row, request->info.name);
  const auto held = std::make_shared<const json>(std::move(*options));
  const auto removed = co_await remove_one(request, there, held);
  if (!removed) co_return ApiFailure(removed.error());
  const StoredObjectPtr left = store_.get(place);
  // What still waits for its end is shown; so are Pods, whose clients expect the object.
  if ((left && left->uid == there->uid) || row.kind == "Pod") {
    ApiResponse out;
    out.body.push_back(in_version_of(*request->row, (*removed)->json));
    co_return out;
  }
  co_return deleted_status(row, **removed);
}

Task<RestAnswer> Rest::remove_collection(ResourceRequestPtr request) {
  auto options = delete_options(*request->request);
  if (!options) co_return ApiFailure(options.error());
  auto selected = select(*request);
  if (!selected) co_return ApiFailure(selected.error());
  const auto held = std::make_shared<const json>(std::move(*options));
  ApiResponse out;
  out.add("{\"kind\":\"" + request->row->kind + "List\",\"apiVersion\":\"" +
          request->row->gv.text() + "\",\"metadata\":{\"resourceVersion\":\"" +
          std::to_string(store_.current()) + "\"},\"items\":[");
  bool first = true;
  for (const StoredObjectPtr& object : *selected) {
    const auto removed = co_await remove_one(request, object, held);
    if (!removed && removed.error().code == 404) continue;  // gone meanwhile: as wanted
    if (!removed) co_return ApiFailure(removed.error());
    if (!first) out.add(",");
    first = false;
    out.body.push_back(in_version_of(*request->row, (*removed)->json));
  }
  out.add("]}\n");
  co_return out;
}

}  // namespace skerry::standalone

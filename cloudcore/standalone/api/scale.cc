// scale: the number of replicas of an object as an object of its own, read and written in all
// forms. Source: k8s.io/kubernetes/pkg/registry/apps/*/storage, registry/autoscaling validation.
#include "cloudcore/standalone/api/decode.h"
#include "cloudcore/standalone/api/field_tracking.h"
#include "cloudcore/standalone/api/patch_answers.h"
#include "cloudcore/standalone/api/patch_wishes.h"
#include "cloudcore/standalone/api/subresources.h"
#include "cloudcore/standalone/api/write_steps.h"
#include "cloudcore/standalone/custom_objects/custom_object.h"
#include "cloudcore/standalone/patch/scale_fields.h"
#include "cloudcore/standalone/schema/custom_version.h"
#include "cloudcore/standalone/printing/table.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kReplicas = ".spec.replicas";

/// A selector as text, as a Scale's status has it.
std::string selector_text(const json& selector) {
  std::string shown = shown_selector(selector);
  return shown == "<none>" ? std::string() : shown;
}

/// Where a kind has what its Scale shows; a custom kind's definition says it.
struct ScalePlace {
  std::string spec_replicas = ".spec.replicas";
  std::string status_replicas = ".status.replicas";
  std::string selector;  // a field with text; empty: spec.selector, an object
};

ScalePlace scale_place(const KindRow& row) {
  if (custom_version(row) == nullptr || !custom_version(row)->scale) return {};
  const CustomVersion::Scale& scale = *custom_version(row)->scale;
  return {scale.spec_replicas, scale.status_replicas,
          scale.label_selector.empty() ? ".none" : scale.label_selector};
}

std::int64_t replicas_at(const json& object, const std::string& path, std::int64_t otherwise) {
  const json& value = at_simple_path(object, path);
  return value.is_number_integer() ? value.get<std::int64_t>() : otherwise;
}

json scale_of(const json& object, const KindRow& row) {
  const ScalePlace place = scale_place(row);
  const json& metadata = object["metadata"];
  json shown = json::object();
  for (const char* field : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
    if (metadata.contains(field)) shown[field] = metadata[field];
  }
  const json& spec = fields::object(object, "spec");
  const std::int64_t replicas = replicas_at(object, place.spec_replicas, row.custom ? 0 : 1);
  json wanted = json::object();  // as Go writes it: a zero is left out
  if (replicas != 0) wanted["replicas"] = replicas;
  const std::string selector = place.selector.empty()
                                   ? selector_text(fields::at(spec, "selector"))
                                   : fields::text_or_number(at_simple_path(object, place.selector));
  json status = {{"replicas", replicas_at(object, place.status_replicas, 0)}};
  if (!selector.empty() || !row.custom) status["selector"] = selector;
  return {{"kind", "Scale"},
          {"apiVersion", "autoscaling/v1"},
          {"metadata", std::move(shown)},
          {"spec", std::move(wanted)},
          {"status", std::move(status)}};
}

/// The request as one of a Scale.
ResourceRequest scale_request(const ResourceRequest& request) {
  static const auto kinds = built_in_kinds();
  auto row = std::make_shared<KindRow>();
  row->gv = {"autoscaling", "v1"};
  row->kind = "Scale";
  row->plural = "scales";
  row->namespaced = request.row->namespaced;
  row->type = kinds->type("io.k8s.api.autoscaling.v1.Scale");
  ResourceRequest out = request;
  out.row = std::move(row);
  return out;
}

Answer<json> put_wish(const ResourceRequest& request, std::vector<std::string>& warnings) {
  auto read = read_object(request);
  if (!read) return ApiFailure(read.error());
  warnings = std::move(read->warnings);
  json& body = read->object;
  if (auto right = check_named(body, request); !right) return ApiFailure(right.error());
  if (auto right = check_place(body, request); !right) return ApiFailure(right.error());
  return std::move(body);
}

/// The Scale that the request wants of the one that is there, with its managedFields.
Answer<json> wished_scale(const ResourceRequest& request,
                          const json& current,
                          seam::World world,
                          std::vector<std::string>& warnings) {
  const std::string& type = request.request->content_type;
  const FieldWriter writer = writer_of(request, world);
  if (request.info.verb == "patch" && type == kApplyPatch) {
    auto config = configuration_of(request);
    if (!config) return config;
    return apply_wish(request, current, *config, writer);
  }
  Answer<json> wish = json();
  if (request.info.verb == "patch") {
    auto patch = decode_patch(type, request.request->body);
    if (!patch) return patch;
    wish = patch_wish(request, current, *patch, warnings);
  } else {
    wish = put_wish(request, warnings);
    if (wish) {
      if (auto same = check_uid(*wish, current, *request.row); !same) {
        return ApiFailure(same.error());
      }
    }
  }
  if (wish) track_update(*wish, current, request.row->type, writer);
  return wish;
}

/// The object with the number of replicas that its Scale has.
Answer<json> scaled(json object,
                    const json& wish,
                    const ResourceRequest& request,
                    const FieldSet& owned) {
  const json& asked = fields::at(fields::object(wish, "metadata"), "resourceVersion");
  if (!asked.is_null() && asked != json("") && asked != object["metadata"]["resourceVersion"]) {
    return conflict(*request.row, request.info.name);
  }
  const auto replicas = fields::number(fields::object(wish, "spec"), "replicas").value_or(0);
  if (replicas < 0) {
    const FieldError error{FieldError::Kind::kInvalid,
                           "spec.replicas",
                           "must be greater than or equal to 0",
                           replicas,
                           {}};
    return invalid(*scale_request(request).row, request.info.name, {error});
  }
  json& metadata = object["metadata"];
  const std::string place = scale_place(*request.row).spec_replicas;
  if (at_simple_path(object, place) != json(replicas)) {
    const json before = object;
    metadata["generation"] = fields::number(metadata, "generation").value_or(0) + 1;
    put_at_simple_path(object, place, replicas);
    const FieldErrors errors = custom_errors(*request.row, object, &before);
    if (!errors.empty()) return invalid(*request.row, request.info.name, errors);
  }
  json entries = object_entries(fields::at(metadata, "managedFields"),
                                fields::at(fields::object(wish, "metadata"), "managedFields"),
                                owned, request.row->gv.text());
  metadata.erase("managedFields");
  if (!entries.is_null()) metadata["managedFields"] = std::move(entries);
  return object;
}

}  // namespace

Task<RestAnswer> Subresources::scale(ResourceRequestPtr request) {
  const std::string& verb = request->info.verb;
  const StoredObjectPtr there = store_.get(place_of(*request));
  if (!there) co_return not_found(*request->row, request->info.name);
  if (verb == "get") {
    co_return json_response(
        200, scale_of(json::parse(*there->json, nullptr, false), *request->row).dump());
  }
  const bool patches = verb == "patch";
  if (!patches && verb != "update") co_return method_not_allowed();
  if (patches && !takes_patch(request->request->content_type, request->row->custom)) {
    co_return unknown_patch_type(request->request->content_type);
  }
  auto right = check_options(*request->request, patches ? "PatchOptions" : "UpdateOptions");
  if (!right) co_return ApiFailure(right.error());
  auto warnings = std::make_shared<std::vector<std::string>>();
  const Change set_replicas = [request, warnings, world = world_](json object) -> Answer<json> {
    const FieldSet owned = field_at(kReplicas);
    json current = scale_of(object, *request->row);
    json entries = scale_entries(fields::at(object["metadata"], "managedFields"), owned);
    if (!entries.is_null()) current["metadata"]["managedFields"] = std::move(entries);
    auto wish = wished_scale(scale_request(*request), current, world, *warnings);
    if (!wish) return wish;
    return scaled(std::move(object), *wish, *request, owned);
  };
  const auto changed = co_await change(request, set_replicas);
  if (!changed) co_return ApiFailure(changed.error());
  const json result = scale_of(json::parse(*(*changed)->json, nullptr, false), *request->row);
  ApiResponse out = json_response(200, result.dump());
  for (const std::string& warning : *warnings) add_warning(out, warning);
  co_return out;
}

}  // namespace skerry::standalone

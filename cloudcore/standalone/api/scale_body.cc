#include "cloudcore/standalone/api/scale_body.h"

#include <nlohmann/json.hpp>

#include "cloudcore/standalone/api/decode.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::string_view kJsonPatch = "application/json-patch+json";
constexpr std::string_view kPatches =
    "application/json-patch+json,application/merge-patch+json,application/"
    "strategic-merge-patch+json";

KindRow scale_row() {
  KindRow row;
  row.gv = {"autoscaling", "v1"};
  row.kind = "Scale";
  row.plural = "scales";
  return row;
}

/// A Scale has no lists: its strategic merge is its merge.
Answer<json> patched(const ResourceRequest& request, json current) {
  const std::string& type = request.request->content_type;
  if (type.empty() || kPatches.find(type) == std::string_view::npos) {
    return unsupported_media_type(type, std::string(kPatches));
  }
  const auto patch = decode_body("application/json", request.request->body, "application/json");
  if (!patch) return ApiFailure(patch.error());
  if (type != kJsonPatch) {
    if (!patch->is_object()) return bad_request("a merge patch is an object");
    current.merge_patch(*patch);
    return current;
  }
  try {
    return current.patch(*patch);
  } catch (const json::exception& error) {  // nlohmann says what does not fit only this way
    return ApiFailure(ApiError{422, "Invalid",
                               "the server rejected our request due to an error in our request: " +
                                   std::string(error.what()),
                               json::object()});
  }
}

Answer<void> check_scale(const json& scale, const ResourceRequest& request) {
  if (!scale.is_object()) return bad_request("the body of the request is no object");
  const std::string kind = fields::text(scale, "kind", "Scale");
  const std::string gv = fields::text(scale, "apiVersion", "autoscaling/v1");
  const std::string version = gv.substr(gv.find('/') + 1);
  const std::string begin = kind + " in version \"" + version + "\" cannot be handled as a Scale: ";
  if (kind != "Scale" || gv != "autoscaling/v1") {
    return bad_request(begin + "converting (" + version + "." + kind +
                       ") to (autoscaling.Scale): unknown conversion");
  }
  const std::string name = fields::text(fields::object(scale, "metadata"), "name");
  if (!name.empty() && name != request.info.name) {
    return bad_request("the name of the object (" + name +
                       ") does not match the name on the URL (" + request.info.name + ")");
  }
  const json& replicas = fields::at(fields::object(scale, "spec"), "replicas");
  if (!replicas.is_null() && !replicas.is_number_integer()) {
    return bad_request(begin + "json: cannot unmarshal " + replicas.type_name() +
                       " into Go struct field ScaleSpec.spec.replicas of type int32");
  }
  return {};
}

}  // namespace

Answer<ScaleWish> read_scale_wish(const ResourceRequest& request, json current) {
  const bool patches = request.info.verb == "patch";
  auto scale = patches ? patched(request, std::move(current))
                       : decode_body(request.request->content_type, request.request->body,
                                     "application/json");
  if (!scale) return ApiFailure(scale.error());
  if (auto right = check_scale(*scale, request); !right) return ApiFailure(right.error());
  const json& metadata = fields::object(*scale, "metadata");
  ScaleWish out;
  out.replicas = fields::number(fields::object(*scale, "spec"), "replicas").value_or(0);
  out.uid = fields::text(metadata, "uid");
  // A patch is made against what is there.
  if (!patches) out.resource_version = fields::text(metadata, "resourceVersion");
  if (out.replicas >= 0) return out;
  const FieldErrors errors = {{FieldError::Kind::kInvalid,
                               "spec.replicas",
                               "must be greater than or equal to 0",
                               out.replicas,
                               {}}};
  return invalid(scale_row(), request.info.name, errors);
}

}  // namespace skerry::standalone

// patch.
#include "cloudcore/standalone/api/decode.h"
#include "cloudcore/standalone/api/write_steps.h"
#include "cloudcore/standalone/patch/strategic_merge.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::string_view kJsonPatch = "application/json-patch+json";
constexpr std::string_view kMergePatch = "application/merge-patch+json";
constexpr std::string_view kStrategicPatch = "application/strategic-merge-patch+json";

Answer<json> json_patch(const json& current, const json& patch) {
  try {
    return current.patch(patch);
  } catch (const json::exception& error) {  // nlohmann says what does not fit only this way
    return ApiFailure(ApiError{422, "Invalid",
                               "the server rejected our request due to an error in our request: " +
                                   std::string(error.what()),
                               json::object()});
  }
}

Answer<json> merge_patch(const json& current, const json& patch) {
  if (!patch.is_object()) return bad_request("a merge patch is an object");
  json out = current;
  out.merge_patch(patch);
  return out;
}

Answer<json> strategic_patch(const json& current, const json& patch, const KindRow& row) {
  auto merged = strategic_merge(current, patch, *row.type);
  if (!merged) return bad_request(merged.error().what);
  return std::move(*merged);
}

/// Custom resources have no merge keys: they take no strategic merge patch.
std::string patch_types(const KindRow& row) {
  const std::string all = std::string(kJsonPatch) + "," + std::string(kMergePatch);
  return row.custom ? all : all + "," + std::string(kStrategicPatch);
}

Answer<json> apply_patch(const ResourceRequest& request, const json& current, const json& patch) {
  const std::string& type = request.request->content_type;
  if (type == kJsonPatch) return json_patch(current, patch);
  if (type == kMergePatch) return merge_patch(current, patch);
  return strategic_patch(current, patch, *request.row);
}

}  // namespace

Task<RestAnswer> Rest::patch(ResourceRequestPtr request) {
  const std::string type = request->request->content_type;
  const std::string accepted = patch_types(*request->row);
  if (type.empty() || accepted.find(type) == std::string::npos) {
    co_return unsupported_media_type(type, accepted);
  }
  auto body = decode_body("application/json", request->request->body, accepted);
  if (!body) co_return ApiFailure(body.error());
  auto update = std::make_shared<Update>();
  const auto held = std::make_shared<const json>(std::move(*body));
  Update* const into = update.get();  // lives as long as the function it holds
  update->wish = [held, request, into](const json& current) -> Answer<json> {
    auto wish = apply_patch(*request, current, *held);
    if (!wish) return wish;
    if (auto right = check_type(*wish, *request->row); !right) return ApiFailure(right.error());
    auto warnings = fit(*wish, *request);
    if (!warnings) return ApiFailure(warnings.error());
    into->warnings = std::move(*warnings);
    if (auto right = check_place(*wish, *request); !right) return ApiFailure(right.error());
    // The patch was made against what is there, unless it names a resourceVersion itself.
    const json& named = fields::at(fields::object(*held, "metadata"), "resourceVersion");
    if (named.is_null()) (*wish)["metadata"].erase("resourceVersion");
    return wish;
  };
  co_return co_await store_update(std::move(request), std::move(update));
}

}  // namespace skerry::standalone

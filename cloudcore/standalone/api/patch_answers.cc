#include "cloudcore/standalone/api/patch_answers.h"

#include "cloudcore/standalone/api/decode.h"
#include "cloudcore/standalone/decoding/json_text.h"
#include "cloudcore/standalone/patch/go_format.h"
#include "cloudcore/standalone/patch/json_patch.h"
#include "cloudcore/standalone/patch/strategic_merge.h"

namespace skerry::standalone {

using nlohmann::json;

namespace {

constexpr const char* kRejected = "the server rejected our request due to an error in our request";

ApiFailure patch_failed(const Error& error) {
  switch (error.code) {
    case Code::kMalformed:
      return bad_request(error.what);
    case Code::kTooLarge:
      return too_large("Request entity too large: " + error.what);
    case Code::kConflict:
      return ApiFailure(ApiError{422, "Invalid", kRejected, json::object()});
    default:
      return ApiFailure(ApiError{500, "", error.what, nullptr});
  }
}

std::string why_unreadable(std::string_view body, const std::string& why) {
  std::string problem = json_syntax_problem(body);
  return problem.empty() ? why : problem;
}

}  // namespace

bool takes_patch(std::string_view content_type, bool custom) {
  return content_type == kJsonPatch || content_type == kMergePatch || content_type == kApplyPatch ||
         (content_type == kStrategicPatch && !custom);
}

ApiFailure unknown_patch_type(std::string_view content_type) {
  if (content_type == kStrategicPatch) {  // known, but a custom kind has no merge keys
    return unsupported_media_type(std::string(content_type), std::string(kJsonPatch) + ", " +
                                                                 std::string(kMergePatch) + ", " +
                                                                 std::string(kApplyPatch));
  }
  return ApiFailure(
      ApiError{415, "UnsupportedMediaType", "415: Unsupported Media Type", json::object()});
}

Answer<json> decode_patch(std::string_view content_type, std::string_view body) {
  auto patch = decode_body("application/json", body, content_type);
  if (!patch) {
    std::string why = why_unreadable(body, patch.error().message);
    return bad_request(content_type == kStrategicPatch ? why : "error decoding patch: " + why);
  }
  return patch;
}

Answer<json> patched(std::string_view content_type,
                     const json& current,
                     const json& patch,
                     const TypeSchema& type) {
  Result<json> out = content_type == kJsonPatch    ? json_patch(current, patch)
                     : content_type == kMergePatch ? merge_patch(current, patch)
                                                   : strategic_merge(current, patch, type);
  if (!out) return patch_failed(out.error());
  return std::move(*out);
}

ApiFailure patch_made_invalid(std::string_view content_type,
                              const json& patch,
                              const json& result,
                              const std::string& why) {
  const std::string shown = content_type == kStrategicPatch
                                ? go_value(patch)
                                : result.dump(-1, ' ', false, json::error_handler_t::replace);
  const std::string cause =
      "Invalid value: " + json(shown).dump(-1, ' ', false, json::error_handler_t::replace) + ": " +
      why;
  json causes = json::array();
  causes.push_back({{"reason", "FieldValueInvalid"}, {"message", cause}, {"field", "patch"}});
  return ApiFailure(ApiError{422, "Invalid", " \"\" is invalid: patch: " + cause,
                             json{{"causes", std::move(causes)}}});
}

}  // namespace skerry::standalone

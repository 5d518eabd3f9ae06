// patch, in all forms but apply (rest_apply.cc).
#include "cloudcore/standalone/api/decode.h"
#include "cloudcore/standalone/api/field_tracking.h"
#include "cloudcore/standalone/api/patch_answers.h"
#include "cloudcore/standalone/api/patch_wishes.h"
#include "cloudcore/standalone/api/write_steps.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

/// Of a patch that changes what no client can; the API says it for both of its checks.
Answer<void> check_immutable(const json& wish,
                             const json& current,
                             const ResourceRequest& request) {
  FieldErrors errors;
  for (const char* field : {"uid", "deletionTimestamp"}) {
    const json& wanted = fields::at(fields::object(wish, "metadata"), field);
    const json& there = fields::at(fields::object(current, "metadata"), field);
    if (wanted.is_null() || wanted == there) continue;
    const FieldError error{FieldError::Kind::kInvalid,
                           std::string("metadata.") + field,
                           "field is immutable",
                           wanted,
                           {}};
    errors.push_back(error);
    errors.push_back(error);
  }
  if (errors.empty()) return {};
  return invalid(*request.row, request.info.name, errors);
}

/// The words of an error of fit() behind those that name the kind.
std::string decoder_words(const std::string& message) {
  for (const char* begin : {"json: ", "strict decoding error: "}) {
    const std::size_t at = message.find(begin);
    if (at != std::string::npos) return message.substr(at);
  }
  return message;
}

/// The same misfit as the converter of a strategic patch's result words it.
std::string converter_words(const std::string& message) {
  constexpr std::string_view kOf = " of type ";
  constexpr std::string_view kGiven = "cannot unmarshal ";
  const std::size_t of = message.rfind(kOf);
  const std::size_t given = message.find(kGiven);
  if (of == std::string::npos || given == std::string::npos) return decoder_words(message);
  const std::string wanted = message.substr(of + kOf.size());
  std::string from = message.substr(given + kGiven.size());
  from = from.substr(0, from.find(' '));
  from = from == "object" ? "map" : from == "array" ? "slice" : from == "number" ? "int64" : from;
  if (wanted == "array" || wanted.starts_with("[]")) return "cannot restore slice from " + from;
  if (wanted.starts_with("map")) return "cannot restore map from " + from;
  // Go converts an integer into a string, of one letter; its callers refuse.
  if (from == "int64" && wanted == "string") return "cannot convert int64 to string";
  if (wanted.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos) {
    return "unrecognized type: " + wanted;
  }
  return "cannot restore struct from: " + from;
}

/// A patch made the object; is it still one of this kind, at this place?
Answer<json> checked(json wish,
                     const json& patch,
                     const ResourceRequest& request,
                     std::vector<std::string>& warnings) {
  const std::string& type = request.request->content_type;
  const bool strategic = type == kStrategicPatch;
  if (strategic && wish.is_object()) {  // what a strategic patch says of these is not read
    wish["kind"] = request.row->kind;
    wish["apiVersion"] = request.row->gv.text();
  }
  const std::string kind = fields::text(wish, "kind", request.row->kind);
  if (kind != request.row->kind) {
    return patch_made_invalid(type, patch, wish,
                              "no kind \"" + kind + "\" is registered for version \"" +
                                  request.row->gv.text() +
                                  "\" in scheme \"pkg/runtime/scheme.go:110\"");
  }
  if (auto right = check_type(wish, *request.row); !right) return ApiFailure(right.error());
  const json shown = wish;
  auto found = fit(wish, request);
  if (!found) {
    const std::string& why = found.error().message;
    return patch_made_invalid(type, patch, shown,
                              strategic ? converter_words(why) : decoder_words(why));
  }
  warnings = std::move(*found);
  if (auto right = check_named(wish, request); !right) return ApiFailure(right.error());
  if (auto right = check_place(wish, request); !right) return ApiFailure(right.error());
  return wish;
}

}  // namespace

Answer<void> check_named(const json& object, const ResourceRequest& request) {
  if (!fields::text(fields::object(object, "metadata"), "name").empty()) return {};
  return bad_request("the name of the object (" + request.info.name +
                     " based on URL) was undeterminable: name must be provided");
}

Answer<json> patch_wish(const ResourceRequest& request,
                        const json& current,
                        const json& patch,
                        std::vector<std::string>& warnings) {
  static const TypeSchema kAnything;
  const TypeSchema& type = request.row->type != nullptr ? *request.row->type : kAnything;
  auto made = patched(request.request->content_type, current, patch, type);
  if (!made) return made;
  auto wish = checked(std::move(*made), patch, request, warnings);
  if (!wish) return wish;
  if (auto right = check_immutable(*wish, current, request); !right) {
    return ApiFailure(right.error());
  }
  json& metadata = (*wish)["metadata"];
  for (const char* field : {"uid", "resourceVersion"}) {
    // The patch was made against what is there, unless it names another version itself.
    if (metadata.contains(field) && metadata[field] == current["metadata"][field]) {
      metadata.erase(field);
    }
  }
  return wish;
}

Task<RestAnswer> Rest::patch(ResourceRequestPtr request) {
  const std::string type = request->request->content_type;
  if (!takes_patch(type, request->row->custom)) {
    co_return unknown_patch_type(type);
  }
  if (auto right = check_options(*request->request, "PatchOptions"); !right) {
    co_return ApiFailure(right.error());
  }
  if (type == kApplyPatch) co_return co_await apply(std::move(request));
  auto body = decode_patch(type, request->request->body);
  if (!body) co_return ApiFailure(body.error());
  auto update = std::make_shared<Update>();
  const auto held = std::make_shared<const json>(std::move(*body));
  Update* const into = update.get();  // lives as long as the function it holds
  update->wish = [held, request, into](const json& current) -> Answer<json> {
    return patch_wish(*request, current, *held, into->warnings);
  };
  co_return co_await store_update(std::move(request), std::move(update));
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/api/write_steps.h"

#include <algorithm>
#include <charconv>

#include "cloudcore/standalone/api/decode.h"
#include "cloudcore/standalone/custom_objects/custom_object.h"
#include "cloudcore/standalone/custom_objects/definition_warnings.h"
#include "cloudcore/standalone/kinds/conversion.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {

using nlohmann::json;
namespace fields = k8s::fields;

bool has_status(const KindRow& row) {
  return std::find(row.subresources.begin(), row.subresources.end(), "status") !=
         row.subresources.end();
}

Revision revision_of(const json& object) {
  const std::string text = fields::text(fields::object(object, "metadata"), "resourceVersion");
  Revision out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

Answer<json> parse_stored(const StoredObject& object) {
  json out = json::parse(*object.json, nullptr, false);
  if (out.is_discarded()) return internal("a stored object cannot be read: " + object.name);
  return out;
}

ApiFailure write_failed(const Error& error, const KindRow& row, const std::string& name) {
  if (error.code == Code::kConflict) return conflict(row, name);
  if (error.code == Code::kThrottled) {
    return ApiFailure(ApiError{429, "TooManyRequests", error.what, nullptr});
  }
  return storage_failed(error);
}

Answer<void> check_type(json& object, const KindRow& row) {
  if (!object.is_object()) return bad_request("the body of the request is no object");
  const std::string kind = fields::text(object, "kind", row.kind);
  const std::string version = fields::text(object, "apiVersion", row.gv.text());
  if (kind != row.kind || version != row.gv.text()) {
    return bad_request("the API version in the data (" + version + ") or the kind (" + kind +
                       ") does not match the expected (" + row.gv.text() + " " + row.kind + ")");
  }
  object["kind"] = row.kind;
  object["apiVersion"] = row.gv.text();
  return {};
}

Answer<void> check_uid(const json& object, const json& current, const KindRow& row) {
  const std::string asked = fields::text(fields::at(object, "metadata"), "uid");
  const std::string there = fields::text(fields::at(current, "metadata"), "uid");
  if (asked.empty() || asked == there) return {};
  return conflict(
      row, fields::text(fields::at(current, "metadata"), "name"),
      "Precondition failed: UID in precondition: " + asked + ", UID in object meta: " + there);
}

Answer<void> check_place(json& object, const ResourceRequest& request) {
  json& metadata = object["metadata"];
  if (metadata.is_null()) metadata = json::object();
  if (!metadata.is_object()) return bad_request("metadata is no object");
  const std::string ns = fields::text(metadata, "namespace");
  if (request.row->namespaced) {
    if (!ns.empty() && ns != request.info.ns) {
      return bad_request(
          "the namespace of the provided object does not match the namespace sent on "
          "the request");
    }
    metadata["namespace"] = request.info.ns;
  } else {
    metadata.erase("namespace");
  }
  const std::string name = fields::text(metadata, "name");
  if (!request.info.name.empty() && name != request.info.name) {
    if (!name.empty()) {
      return bad_request("the name of the object (" + name +
                         ") does not match the name on the URL (" + request.info.name + ")");
    }
    metadata["name"] = request.info.name;
  }
  return {};
}

namespace {

/// What a strict client does not want, as the warnings of one that is not.
Answer<std::vector<std::string>> by_choice(std::vector<std::string> strict,
                                           FieldValidation validation,
                                           const KindRow& row) {
  if (strict.empty() || validation == FieldValidation::kIgnore) return std::vector<std::string>();
  if (validation == FieldValidation::kWarn) return strict;
  std::string all;
  for (const std::string& each : strict) {
    // YAML's own come first, and are told as its reader tells them: below each other.
    const bool yaml = each.starts_with("line ");
    if (yaml && all.empty()) all = "yaml: unmarshal errors:";
    all += (yaml ? "\n  " : all.empty() ? "" : ", ") + each;
  }
  return bad_request(row.kind + " in version \"" + row.gv.version + "\" cannot be handled as a " +
                     row.kind + ": strict decoding error: " + all);
}

Answer<FieldValidation> validation_of(const ResourceRequest& request) {
  const std::string& verb = request.info.verb;
  const std::string_view options = verb == "create"   ? "CreateOptions"
                                   : verb == "update" ? "UpdateOptions"
                                                      : "PatchOptions";
  return field_validation(request.request->param("fieldValidation"), options);
}

}  // namespace

Answer<ReadObject> read_object(const ResourceRequest& request) {
  const auto validation = validation_of(request);
  if (!validation) return ApiFailure(validation.error());
  auto decoded = decode_object(*request.request, *request.row);
  if (!decoded) return ApiFailure(decoded.error());
  auto warnings = by_choice(std::move(decoded->strict), *validation, *request.row);
  if (!warnings) return ApiFailure(warnings.error());
  return ReadObject{std::move(decoded->object), std::move(*warnings)};
}

Answer<std::vector<std::string>> fit(json& object, const ResourceRequest& request) {
  const auto validation = validation_of(request);
  if (!validation) return ApiFailure(validation.error());
  auto unknown = fit_to_type(object, *request.row);
  if (!unknown) return unknown;
  return by_choice(std::move(*unknown), *validation, *request.row);
}

void add(FieldErrors& to, FieldErrors from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

FieldErrors custom_errors(const KindRow& row,
                          const json& object,
                          const json* old,
                          bool status_only) {
  if (custom_version(row) == nullptr) return {};
  json shown = object;
  to_served_version(row, shown);
  if (old == nullptr) return validate_custom(row, shown, nullptr);
  json former = *old;
  to_served_version(row, former);
  return status_only ? validate_custom_status(row, shown, former)
                     : validate_custom(row, shown, &former);
}

void note_warnings(const KindRow& row, const json& object, std::vector<std::string>& warnings) {
  if (row.storage_prefix != "customresourcedefinitions.apiextensions.k8s.io") return;
  for (std::string& each : definition_warnings(object)) warnings.push_back(std::move(each));
}

std::string namespace_of(const ResourceRequest& request) {
  return request.row->namespaced ? request.info.ns : std::string();
}

bool dry_run(const ApiRequest& request) { return request.param("dryRun") == "All"; }

ApiResponse object_response(int status,
                            std::shared_ptr<const std::string> body,
                            const std::vector<std::string>& warnings) {
  ApiResponse out;
  out.status = status;
  out.body.push_back(std::move(body));
  for (const std::string& warning : warnings) add_warning(out, warning);
  return out;
}

ApiResponse unstored_response(const KindRow& row,
                              int status,
                              json object,
                              const std::vector<std::string>& warnings) {
  to_served_version(row, object);
  ApiResponse out =
      json_response(status, object.dump(-1, ' ', false, json::error_handler_t::replace));
  for (const std::string& warning : warnings) add_warning(out, warning);
  return out;
}

}  // namespace skerry::standalone

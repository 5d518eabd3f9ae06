#include "cloudcore/standalone/api/write_steps.h"

#include <algorithm>
#include <charconv>

#include "cloudcore/standalone/api/decode.h"
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

Answer<std::vector<std::string>> fit(json& object, const ResourceRequest& request) {
  const auto validation = field_validation(request.request->param("fieldValidation"));
  if (!validation) return ApiFailure(validation.error());
  auto unknown = fit_to_type(object, *request.row);
  if (!unknown || unknown->empty() || *validation == FieldValidation::kIgnore) {
    if (unknown) unknown->clear();
    return unknown;
  }
  if (*validation == FieldValidation::kWarn) return unknown;
  std::string all;
  for (const std::string& each : *unknown) all += (all.empty() ? "" : ", ") + each;
  return bad_request(request.row->kind + " in version \"" + request.row->gv.version +
                     "\" cannot be handled as a " + request.row->kind +
                     ": strict decoding error: " + all);
}

void add(FieldErrors& to, FieldErrors from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
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

ApiResponse unstored_response(const KindRow& row, int status, json object) {
  to_served_version(row, object);
  return json_response(status, object.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/api/api_error.h"

#include <algorithm>

namespace skerry::standalone {
namespace {

using nlohmann::json;

json details_of(const KindRow& row, const std::string& name) {
  json details = {{"kind", row.plural}};
  if (!name.empty()) details["name"] = name;
  if (!row.gv.group.empty()) details["group"] = row.gv.group;
  return details;
}

ApiFailure fails(int code, std::string reason, std::string message, json details = nullptr) {
  return ApiFailure(ApiError{code, std::move(reason), std::move(message), std::move(details)});
}

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

}  // namespace

std::string ApiError::body() const {
  json status = {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", json::object()},
                 {"status", "Failure"}, {"message", message}, {"code", code}};
  if (!reason.empty()) status["reason"] = reason;
  if (!details.is_null()) status["details"] = details;
  return status.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string qualified(const KindRow& row) {
  return row.gv.group.empty() ? row.plural : row.plural + "." + row.gv.group;
}

ApiFailure bad_request(std::string message) { return fails(400, "BadRequest", std::move(message)); }

ApiFailure unauthorized() { return fails(401, "Unauthorized", "Unauthorized"); }

ApiFailure forbidden(std::string message, const KindRow* row, std::string name) {
  json details = json::object();
  if (row != nullptr) {
    message = qualified(*row) + " " + in_quotes(name) + " is forbidden: " + message;
    details = details_of(*row, name);
  }
  return fails(403, "Forbidden", std::move(message), std::move(details));
}

ApiFailure not_found_path() {
  return fails(404, "NotFound", "the server could not find the requested resource", json::object());
}

ApiFailure not_found(const KindRow& row, const std::string& name) {
  return fails(404, "NotFound", qualified(row) + " " + in_quotes(name) + " not found",
               details_of(row, name));
}

ApiFailure already_exists(const KindRow& row, const std::string& name) {
  return fails(409, "AlreadyExists", qualified(row) + " " + in_quotes(name) + " already exists",
               details_of(row, name));
}

ApiFailure conflict(const KindRow& row, const std::string& name, std::string why) {
  if (why.empty()) {
    why =
        "the object has been modified; please apply your changes to the latest version and try "
        "again";
  }
  return fails(
      409, "Conflict",
      "Operation cannot be fulfilled on " + qualified(row) + " " + in_quotes(name) + ": " + why,
      details_of(row, name));
}

ApiFailure invalid(const KindRow& row, const std::string& name, const FieldErrors& errors) {
  const std::string kind = row.gv.group.empty() ? row.kind : row.kind + "." + row.gv.group;
  json causes = json::array();
  std::vector<std::string> texts;  // each once, though two rules may have found it
  for (const FieldError& error : errors) {
    causes.push_back(
        {{"reason", error.reason()}, {"message", error.cause()}, {"field", error.field}});
    const std::string text = error.text();
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
  }
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  if (texts.size() > 1) all = "[" + all + "]";
  json details = details_of(row, name);
  details["kind"] = row.kind;
  details["causes"] = std::move(causes);
  return fails(422, "Invalid", kind + " " + in_quotes(name) + " is invalid: " + all,
               std::move(details));
}

ApiFailure expired(std::string message) { return fails(410, "Expired", std::move(message)); }

ApiFailure method_not_allowed() {
  return fails(405, "MethodNotAllowed",
               "the server does not allow this method on the requested resource", json::object());
}

ApiFailure unsupported_media_type(const std::string& /*given*/, const std::string& wanted) {
  return fails(
      415, "UnsupportedMediaType",
      "the body of the request was in an unknown format - accepted media types include: " + wanted);
}

ApiFailure not_acceptable(const std::string& offered) {
  return fails(406, "NotAcceptable", "406: Not Acceptable\n\nAvailable representations: " + offered,
               json::object());
}

ApiFailure too_large(std::string message) {
  return fails(413, "RequestEntityTooLarge", std::move(message));
}

ApiFailure internal(std::string message) {
  return fails(500, "InternalError", "Internal error occurred: " + message);
}

ApiFailure storage_failed(const Error& error) {
  const bool full = error.what.find("disk full") != std::string::npos;
  return fails(full ? 507 : 503, full ? "InternalError" : "ServiceUnavailable",
               "the object was not stored: " + error.what);
}

}  // namespace skerry::standalone

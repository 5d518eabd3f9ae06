#include "cloudcore/kube/api_error.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace skerry::kube {
namespace {

constexpr std::size_t kMessageBytesMax = 1024;
constexpr std::chrono::seconds kRetryAfterMax = std::chrono::minutes(5);

struct Row {
  int status;
  std::string_view reason;  // empty: any
  Code code;
};
constexpr Row kTable[] = {
    {400, "Expired", Code::kGone},  // a continue token whose history is compacted, some servers
    {400, "", Code::kMalformed},
    {401, "", Code::kUnauthorized},
    {403, "", Code::kForbidden},
    {404, "", Code::kNotFound},
    {405, "", Code::kUnsupported},
    {408, "", Code::kTimeout},
    {409, "AlreadyExists", Code::kAlreadyExists},
    {409, "", Code::kConflict},
    {410, "", Code::kGone},
    {413, "", Code::kTooLarge},
    {415, "", Code::kUnsupported},
    {422, "OtherUid", Code::kConflict},
    {422, "", Code::kMalformed},
    {429, "", Code::kThrottled},
};

Code code_of(int status, std::string_view reason) {
  if (status >= 500) return Code::kUnavailable;
  for (const Row& row : kTable) {
    if (row.status == status && (row.reason.empty() || row.reason == reason)) return row.code;
  }
  return Code::kInternal;  // a redirect, or something that Kubernetes does not answer
}

struct Status {
  int code = 0;
  std::string reason;
  std::string message;
  std::chrono::seconds retry_after{};
};

/// A patch that names another metadata.uid than the object's: the object was made anew. The API
/// server (1.34) calls the field immutable where a DELETE's precondition would be a conflict.
bool names_other_uid(const nlohmann::json& details) {
  const auto causes = details.find("causes");
  if (causes == details.end() || !causes->is_array()) return false;
  return std::any_of(causes->begin(), causes->end(), [](const nlohmann::json& cause) {
    const auto field = cause.is_object() ? cause.find("field") : cause.end();
    return cause.is_object() && field != cause.end() && *field == "metadata.uid";
  });
}

Status parse_status(std::string_view body) {
  Status status;
  const auto json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {  // a proxy's text
    status.message = std::string(body.substr(0, kMessageBytesMax));
    return status;
  }
  const auto text = [&json](const char* name) {
    const auto field = json.find(name);
    return field != json.end() && field->is_string() ? field->get<std::string>() : std::string();
  };
  status.reason = text("reason");
  status.message = text("message").substr(0, kMessageBytesMax);
  if (const auto code = json.find("code"); code != json.end() && code->is_number_integer()) {
    status.code = static_cast<int>(std::clamp<std::int64_t>(code->get<std::int64_t>(), 0, 999));
  }
  if (const auto details = json.find("details"); details != json.end() && details->is_object()) {
    if (status.reason == "Invalid" && names_other_uid(*details)) status.reason = "OtherUid";
    const auto seconds = details->find("retryAfterSeconds");
    if (seconds != details->end() && seconds->is_number_integer()) {
      const auto value = std::clamp<std::int64_t>(seconds->get<std::int64_t>(), 0, 3600);
      status.retry_after = std::chrono::seconds(value);
    }
  }
  return status;
}

Error make_error(int http_status, const Status& status, std::chrono::milliseconds retry_after) {
  Error error;
  error.code = code_of(http_status, status.reason);
  error.what = "the API server answers " + std::to_string(http_status);
  if (!status.reason.empty()) error.what += " " + status.reason;
  if (!status.message.empty()) error.what += ": " + status.message;
  if (error.code == Code::kUnauthorized) {
    error.what += "; renew the token or the client certificate that cloudcore was given";
  }
  const std::chrono::milliseconds wait =
      retry_after.count() > 0 ? retry_after : std::chrono::milliseconds(status.retry_after);
  error.retry_after = std::min<std::chrono::milliseconds>(wait, kRetryAfterMax);
  return error;
}

}  // namespace

std::optional<Error> refusal(const HttpResponse& response) {
  if (response.status >= 200 && response.status < 300) return std::nullopt;
  return make_error(response.status, parse_status(response.body), response.retry_after);
}

Error status_error(std::string_view status_json) {
  const Status status = parse_status(status_json);
  return make_error(status.code, status, {});
}

}  // namespace skerry::kube

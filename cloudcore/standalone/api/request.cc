#include "cloudcore/standalone/api/request.h"

#include <algorithm>

namespace skerry::standalone {
namespace {

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (slash != 0) out.emplace_back(path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return out;
}

std::string verb_of(const ApiRequest& request, const RequestInfo& info) {
  const std::string& method = request.method;
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  const bool one = !info.name.empty();
  if (method == "DELETE") return one ? "delete" : "deletecollection";
  if (request.flag("watch")) return "watch";
  return one ? "get" : "list";
}

/// What follows /api/v1 or /apis/<group>/<version>.
void read_resource(std::vector<std::string> parts, RequestInfo& info) {
  // The deprecated prefix of old clients.
  const bool old_watch = !parts.empty() && parts.front() == "watch";
  if (old_watch) parts.erase(parts.begin());
  // namespaces/<ns>/<resource>/..., but namespaces/<name> and its subresources are a Namespace's
  // own.
  const bool own = parts.size() == 3 && (parts[2] == "status" || parts[2] == "finalize");
  if (parts.size() > 2 && parts[0] == "namespaces" && !own) {
    info.ns = parts[1];
    parts.erase(parts.begin(), parts.begin() + 2);
  }
  if (parts.empty()) return;
  info.is_resource = true;
  info.resource = parts[0];
  if (parts.size() > 1) info.name = parts[1];
  if (parts.size() > 2) info.subresource = parts[2];
  for (std::size_t i = 3; i < parts.size(); ++i) info.rest += "/" + parts[i];
  if (info.resource == "namespaces" && !info.name.empty()) info.ns = info.name;
  if (old_watch) info.verb = "watch";
}

}  // namespace

bool User::in_group(std::string_view group) const {
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

std::string_view ApiRequest::param(std::string_view key) const {
  for (const auto& [name, value] : query) {
    if (name == key) return value;
  }
  return {};
}

bool ApiRequest::flag(std::string_view key) const {
  const std::string_view value = param(key);
  return value == "true" || value == "1";
}

RequestInfo request_info(const ApiRequest& request) {
  RequestInfo info;
  std::vector<std::string> parts = split_path(request.path);
  const auto behind = [&](std::size_t count) {
    return std::vector<std::string>(parts.begin() + static_cast<std::ptrdiff_t>(count),
                                    parts.end());
  };
  if (parts.size() > 2 && parts[0] == "api") {
    info.gv = {"", parts[1]};
    read_resource(behind(2), info);
  } else if (parts.size() > 3 && parts[0] == "apis") {
    info.gv = {parts[1], parts[2]};
    read_resource(behind(3), info);
  }
  if (info.is_resource && info.verb.empty()) info.verb = verb_of(request, info);
  if (!info.is_resource) {
    info.verb = request.method;
    std::transform(info.verb.begin(), info.verb.end(), info.verb.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  }
  return info;
}

void ApiResponse::add(std::string piece) {
  body.push_back(std::make_shared<const std::string>(std::move(piece)));
}

std::string ApiResponse::text() const {
  std::string out;
  for (const auto& piece : body) out += *piece;
  return out;
}

ApiResponse json_response(int status, std::string body) {
  ApiResponse out;
  out.status = status;
  out.add(std::move(body));
  return out;
}

ApiResponse error_response(const ApiError& error) {
  ApiResponse out = json_response(error.code, error.body());
  if (error.code == 429 || error.code == 503) out.headers.emplace_back("Retry-After", "1");
  return out;
}

void add_warning(ApiResponse& response, std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c != '\n' && c != '\r') quoted += c;
  }
  response.headers.emplace_back("Warning", "299 - \"" + quoted + "\"");
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/controllers/api_client.h"

#include "common/base/assert.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {

using async::Task;
using nlohmann::json;

json parsed(const StoredObject& object) {
  json out = json::parse(*object.json, nullptr, false);
  SKERRY_ASSERT(!out.is_discarded(), "a stored object is JSON");
  return out;
}

ApiClient::ApiClient(Api& api, ObjectStore& store, std::string user)
    : api_(api), store_(store), user_{std::move(user), "", {"system:masters"}, {}} {}

// ---- reads --------------------------------------------------------------------------------------

std::optional<json> ApiClient::get(const ResourceType& type,
                                   const std::string& ns,
                                   const std::string& name) const {
  const ObjectPlace place{type.prefix(), ns, name};
  const StoredObjectPtr found = store_.get(place);
  if (!found) return std::nullopt;
  return parsed(*found);
}

std::vector<StoredObjectPtr> ApiClient::list(const ResourceType& type,
                                             const std::string& ns,
                                             ObjectFilter matches) const {
  ListQuery query;
  query.prefix = type.prefix();
  query.ns = ns;
  query.matches = std::move(matches);
  Result<ObjectPage> page = store_.list(query);
  SKERRY_ASSERT(page.has_value(), "the newest state can always be listed");
  return std::move(page->items);
}

std::vector<json> ApiClient::controlled(const ResourceType& type,
                                        const std::string& ns,
                                        const std::string& owner) const {
  std::vector<json> out;
  const auto owned = [&](const StoredObject& object) { return object.controller == owner; };
  for (const StoredObjectPtr& object : list(type, ns, owned)) out.push_back(parsed(*object));
  return out;
}

std::string ApiClient::controller_key(const ResourceType& type, const StoredObject& object) const {
  if (object.controller.empty()) return {};
  const auto is_it = [&](const StoredObject& each) { return each.uid == object.controller; };
  for (const StoredObjectPtr& each : list(type, object.ns, is_it)) {
    return each->ns + "/" + each->name;
  }
  return {};
}

Task<Answer<json>> ApiClient::read_below(ResourceType type,
                                         std::string ns,
                                         std::string name,
                                         std::string subresource) {
  auto sent = request("GET", type, ns, name);
  sent->path += "/" + subresource;
  co_return co_await call(std::move(sent));
}

// ---- writes -------------------------------------------------------------------------------------

std::shared_ptr<ApiRequest> ApiClient::request(std::string method,
                                               const ResourceType& type,
                                               const std::string& ns,
                                               const std::string& name) const {
  auto out = std::make_shared<ApiRequest>();
  out->method = std::move(method);
  out->path = type.gv.group.empty() ? "/api/" + type.gv.version
                                    : "/apis/" + type.gv.group + "/" + type.gv.version;
  if (!ns.empty()) out->path += "/namespaces/" + ns;
  out->path += "/" + type.plural;
  if (!name.empty()) out->path += "/" + name;
  out->content_type = "application/json";
  // As Kubernetes' own components name themselves: managedFields shows it.
  constexpr std::string_view kSystem = "system:";
  const bool system = user_.name.starts_with(kSystem);
  out->user_agent = system ? user_.name.substr(kSystem.size()) : user_.name;
  out->user = user_;
  return out;
}

Task<Answer<json>> ApiClient::call(std::shared_ptr<ApiRequest> request) {
  const ApiResponse answer = co_await api_.handle(std::move(request));
  json body = json::parse(answer.text(), nullptr, false);
  if (answer.status < 300) co_return body;
  namespace fields = k8s::fields;
  co_return ApiFailure(ApiError{answer.status, fields::text(body, "reason"),
                                fields::text(body, "message"), fields::at(body, "details")});
}

Task<Answer<json>> ApiClient::create(ResourceType type, std::string ns, json object) {
  auto sent = request("POST", type, ns, "");
  sent->body = object.dump();
  co_return co_await call(std::move(sent));
}

Task<Answer<json>> ApiClient::create_below(ResourceType type,
                                           json object,
                                           std::string subresource) {
  const json& metadata = object["metadata"];
  auto sent = request("POST", type, k8s::fields::text(metadata, "namespace"),
                      k8s::fields::text(metadata, "name"));
  sent->path += "/" + subresource;
  sent->body = object.dump();
  co_return co_await call(std::move(sent));
}

Task<Answer<json>> ApiClient::update(ResourceType type, json object, std::string subresource) {
  const json& metadata = object["metadata"];
  auto sent = request("PUT", type, k8s::fields::text(metadata, "namespace"),
                      k8s::fields::text(metadata, "name"));
  if (!subresource.empty()) sent->path += "/" + subresource;
  sent->body = object.dump();
  co_return co_await call(std::move(sent));
}

Task<Answer<json>> ApiClient::patch(
    ResourceType type, std::string ns, std::string name, json change, std::string subresource) {
  auto sent = request("PATCH", type, ns, name);
  if (!subresource.empty()) sent->path += "/" + subresource;
  sent->content_type = "application/merge-patch+json";
  sent->body = change.dump();
  co_return co_await call(std::move(sent));
}

Task<Answer<json>> ApiClient::remove(ResourceType type,
                                     std::string ns,
                                     std::string name,
                                     Removal removal) {
  auto sent = request("DELETE", type, ns, name);
  json options = {
      {"kind", "DeleteOptions"}, {"apiVersion", "v1"}, {"propagationPolicy", removal.propagation}};
  if (!removal.uid.empty()) options["preconditions"] = {{"uid", removal.uid}};
  if (removal.grace_seconds) options["gracePeriodSeconds"] = *removal.grace_seconds;
  sent->body = options.dump();
  co_return co_await call(std::move(sent));
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/controllers/claims.h"

#include "cloudcore/standalone/controllers/pods.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

/// The patch that replaces an object's owners, if nobody wrote it meanwhile.
json owners_patch(const json& object, json owners) {
  const json& metadata = object["metadata"];
  return {{"metadata",
           {{"ownerReferences", owners.empty() ? json(nullptr) : std::move(owners)},
            {"uid", fields::text(metadata, "uid")},
            {"resourceVersion", fields::text(metadata, "resourceVersion")}}}};
}

json owners_without(const json& object, const std::string& uid) {
  json kept = json::array();
  for (const json& each : fields::list(object["metadata"], "ownerReferences")) {
    if (fields::text(each, "uid") != uid) kept.push_back(each);
  }
  return kept;
}

}  // namespace

std::optional<k8s::LabelSelector> selector_of(const json& owner) {
  const json& wanted = fields::at(fields::object(owner, "spec"), "selector");
  if (!wanted.is_object()) return std::nullopt;
  auto selector = k8s::LabelSelector::from_object(wanted);
  if (!selector || selector->everything()) return std::nullopt;
  return std::move(*selector);
}

Task<Answer<std::vector<json>>> claim(ApiClient& client, json owner, ClaimRule rule) {
  const json& metadata = owner["metadata"];
  const std::string uid = fields::text(metadata, "uid");
  const std::string ns = fields::text(metadata, "namespace");
  const bool ends = metadata.contains("deletionTimestamp");
  const auto concerns = [&](const StoredObject& object) {
    if (object.controller == uid) return true;
    return object.controller.empty() && !ends && rule.selector.matches(object.labels) &&
           (!rule.may_adopt || rule.may_adopt(object));
  };
  const std::vector<StoredObjectPtr> found = client.list(rule.type, ns, concerns);
  std::vector<json> out;
  for (const StoredObjectPtr& each : found) {
    json object = parsed(*each);
    const bool selected = rule.selector.matches(each->labels);
    const bool own = each->controller == uid;
    if (own && (selected || ends)) {
      if (selected) out.push_back(std::move(object));
      continue;
    }
    if (!own && object["metadata"].contains("deletionTimestamp")) continue;
    json owners = owners_without(object, uid);
    if (!own) owners.push_back(controller_reference(owner));
    json change = owners_patch(object, std::move(owners));
    auto done = co_await client.patch(rule.type, ns, each->name, std::move(change));
    if (!done && own && done.error().code == 404) continue;  // gone: as good as released
    if (!done) co_return ApiFailure(done.error());
    if (!own) out.push_back(std::move(*done));
  }
  co_return out;
}

std::function<std::vector<std::string>(const StoredObject&)> keys_of_owners(ApiClient& client,
                                                                            ResourceType type) {
  return [&client, type = std::move(type)](const StoredObject& object) {
    std::vector<std::string> out;
    if (!object.controller.empty()) {
      const std::string key = client.controller_key(type, object);
      if (!key.empty()) out.push_back(key);
      return out;
    }
    if (object.labels.empty()) return out;
    for (const StoredObjectPtr& each : client.list(type, object.ns)) {
      const auto selector = selector_of(parsed(*each));
      if (selector && selector->matches(object.labels)) out.push_back(each->ns + "/" + each->name);
    }
    return out;
  };
}

}  // namespace skerry::standalone

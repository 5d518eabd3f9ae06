#include "cloudcore/standalone/controllers/garbage_collector.h"

#include <algorithm>

#include "common/base/log.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kForeground = "foregroundDeletion";
constexpr const char* kOrphan = "orphan";

std::string key_of(const ObjectPlace& place) {
  return storage_key(place.prefix, place.ns, place.name);
}

ObjectPlace place_of(const std::string& key) {
  const std::size_t first = key.find('/');
  const std::size_t second = key.find('/', first + 1);
  return {key.substr(0, first), key.substr(first + 1, second - first - 1), key.substr(second + 1)};
}

bool has_finalizer(const json& object, const char* name) {
  const json& all = fields::list(object["metadata"], "finalizers");
  return std::find(all.begin(), all.end(), json(name)) != all.end();
}

bool is_marked(const json& object) { return object["metadata"].contains("deletionTimestamp"); }

/// The references without that one.
json references_without(const json& object, const std::string& owner) {
  json out = json::array();
  for (const json& each : fields::list(object["metadata"], "ownerReferences")) {
    if (fields::text(each, "uid") != owner) out.push_back(each);
  }
  return out;
}

}  // namespace

GarbageCollector::GarbageCollector(ApiClient& client, seam::World world, async::Executor executor)
    : client_(client), world_(world), wake_(executor), tasks_(executor) {
  client_.store().listen(
      [this](const std::string& prefix, const ObjectEvent& event) { on_event(prefix, event); });
}

void GarbageCollector::start() {
  for (const std::string& prefix : client_.store().prefixes()) {
    ListQuery query;
    query.prefix = prefix;
    const Result<ObjectPage> page = client_.store().list(query);
    for (const StoredObjectPtr& object : page->items) {
      index_.note(prefix, nullptr, object.get());
      const ObjectPlace place{prefix, object->ns, object->name};
      look_at(place);
    }
  }
  tasks_.spawn("garbage collector", work());
}

Task<void> GarbageCollector::stop() {
  stopping_ = true;
  wake_.notify();
  co_await tasks_.join();
}

void GarbageCollector::on_event(const std::string& prefix, const ObjectEvent& event) {
  index_.note(prefix, event.before.get(), event.after.get());
  if (event.after) {
    // Only what has an owner, or waits for the collector, can be its business.
    const ObjectPlace place{prefix, event.after->ns, event.after->name};
    look_at(place);
    return;
  }
  for (const auto& dependent : index_.dependents(event.before->uid)) look_at(dependent.place);
  // An owner that waits for its dependents has one less.
  for (const std::string& owner : event.before->owners) {
    if (const ObjectPlace* place = index_.find(owner)) look_at(*place);
  }
}

void GarbageCollector::look_at(const ObjectPlace& place) {
  queue_.add(key_of(place), world_.clock.now());
  wake_.notify();
}

Task<void> GarbageCollector::work() {
  while (!stopping_) {
    const auto key = queue_.take(world_.clock.now());
    if (!key) {
      co_await wake_.wait_until(queue_.next_due());
      continue;
    }
    ObjectPlace place = place_of(*key);
    const auto done = co_await judge(std::move(place));
    if (done) {
      queue_.forget_failures(*key);
      continue;
    }
    queue_.retry(*key, world_.clock.now());
    if (done.error().code == 409 || done.error().code == 404) continue;
    log::warning("the garbage collector did not finish",
                 {{"object", *key}, {"error", done.error().message}});
  }
}

std::optional<ResourceType> GarbageCollector::type_of(const std::string& prefix) const {
  for (const KindRow& row : client_.kinds().rows()) {
    if (row.storage_prefix == prefix) return ResourceType{row.gv, row.plural};
  }
  return std::nullopt;
}

Task<Answer<bool>> GarbageCollector::judge(ObjectPlace place) {
  const StoredObjectPtr object = client_.store().get(place);
  if (!object) co_return false;
  const json value = parsed(*object);
  if (is_marked(value)) {
    if (has_finalizer(value, kOrphan)) co_return co_await release_dependents(place, object->uid);
    if (has_finalizer(value, kForeground)) co_return co_await end_dependents(place, object->uid);
    co_return false;
  }
  if (object->owners.empty()) co_return false;
  const bool has_owner =
      std::any_of(object->owners.begin(), object->owners.end(),
                  [&](const std::string& uid) { return index_.find(uid) != nullptr; });
  const auto type = type_of(place.prefix);
  if (has_owner || !type) co_return false;
  Removal removal;
  removal.uid = object->uid;
  const auto removed = co_await client_.remove(*type, place.ns, place.name, removal);
  if (!removed && removed.error().code != 404) co_return ApiFailure(removed.error());
  co_return true;
}

Task<Answer<bool>> GarbageCollector::release_dependents(ObjectPlace place, std::string owner) {
  for (const auto& dependent : index_.dependents(owner)) {
    const StoredObjectPtr object = client_.store().get(dependent.place);
    const auto type = type_of(dependent.place.prefix);
    if (!object || !type) continue;
    const json value = parsed(*object);
    json left = references_without(value, owner);
    json change = {{"metadata", {{"ownerReferences", left.empty() ? json() : left}}}};
    const auto done = co_await client_.patch(*type, object->ns, object->name, std::move(change));
    if (!done && done.error().code != 404) co_return ApiFailure(done.error());
  }
  co_return co_await drop_finalizer(std::move(place), kOrphan);
}

Task<Answer<bool>> GarbageCollector::end_dependents(ObjectPlace place, std::string owner) {
  bool waits = false;
  for (const auto& dependent : index_.dependents(owner)) {
    const StoredObjectPtr object = client_.store().get(dependent.place);
    const auto type = type_of(dependent.place.prefix);
    if (!object || !type) continue;
    const json value = parsed(*object);
    for (const json& each : fields::list(value["metadata"], "ownerReferences")) {
      const bool blocks = fields::flag(each, "blockOwnerDeletion");
      waits = waits || (blocks && fields::text(each, "uid") == owner);
    }
    if (is_marked(value)) continue;
    Removal removal;
    removal.uid = object->uid;
    removal.propagation = "Foreground";
    const auto done = co_await client_.remove(*type, object->ns, object->name, removal);
    if (!done && done.error().code != 404) co_return ApiFailure(done.error());
  }
  if (waits) co_return true;
  co_return co_await drop_finalizer(std::move(place), kForeground);
}

Task<Answer<bool>> GarbageCollector::drop_finalizer(ObjectPlace place, std::string finalizer) {
  const StoredObjectPtr object = client_.store().get(place);
  const auto type = type_of(place.prefix);
  if (!object || !type) co_return true;
  json left = json::array();
  const json value = parsed(*object);
  for (const json& each : fields::list(value["metadata"], "finalizers")) {
    if (each != finalizer) left.push_back(each);
  }
  json change = {{"metadata",
                  {{"finalizers", left.empty() ? json() : left},
                   {"resourceVersion", std::to_string(object->revision)}}}};
  const auto done = co_await client_.patch(*type, place.ns, place.name, std::move(change));
  if (!done) co_return ApiFailure(done.error());
  co_return true;
}

}  // namespace skerry::standalone

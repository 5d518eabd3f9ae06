#include "cloudcore/edgecontroller/reference_follower.h"

#include "cloudcore/edgecontroller/controller_metrics.h"
#include "common/async/wakeup.h"
#include "common/base/log.h"

namespace skerry::edgecontroller {
namespace {

using async::Task;
using k8s::Kind;
using kube::ChangeType;
using kube::ListWatch;

constexpr auto kFetchRetry = 1s;

/// An object of whose existence only the key is kept: its data was dropped while listing.
bool is_stub(const ObjectPtr& object) { return !object->json; }

}  // namespace

ResourceVersion truth_of_list(const ListWatch* watch, ResourceVersion version) {
  const bool restored = watch != nullptr && watch->counters().history_resets > 0;
  return restored ? ResourceVersion(~std::uint64_t{0}) : version;
}

ReferenceFollower::ReferenceFollower(async::Executor executor,
                                     kube::Client& client,
                                     DesiredIndex& index,
                                     async::TaskGroup& tasks,
                                     metrics::Registry& registry,
                                     Changed changed)
    : executor_(executor),
      client_(client),
      index_(index),
      tasks_(tasks),
      registry_(registry),
      changed_(std::move(changed)) {}

void ReferenceFollower::stop() {
  stopping_ = true;
  watches_.clear();
}

/// Watches the namespaces that have references, and fetches what a running watch has already
/// passed.
void ReferenceFollower::follow() {
  if (stopping_) return;
  std::set<Scope> needed;
  for (const std::string& ns : index_.reference_namespaces()) {
    for (const Kind kind : {Kind::kConfigMap, Kind::kSecret}) {
      needed.emplace(kind, cluster_wide_ ? std::string() : ns);
    }
  }
  std::erase_if(watches_, [&](const auto& entry) { return !needed.contains(entry.first); });
  for (const Scope& scope : needed) {
    if (!watches_.contains(scope)) watch(scope);
  }
  for (const ObjectKey& key : index_.take_wanted()) {
    const Scope scope(key.kind, cluster_wide_ ? std::string() : key.ns);
    const auto watch = watches_.find(scope);
    const bool list_will_tell = watch != watches_.end() && !watch->second->synced();
    if (list_will_tell || !fetching_.insert(key).second) continue;
    tasks_.spawn("fetch reference", fetch(key));
  }
}

kube::Selection ReferenceFollower::selection_of(const Scope& scope) {
  kube::Selection selection;
  selection.kind = scope.first;
  selection.ns = scope.second;
  return selection;
}

std::set<ReferenceFollower::Scope> ReferenceFollower::scopes_of(const NodeName& node,
                                                                Kind kind) const {
  std::set<Scope> scopes;
  for (const ObjectKey& key : index_.references_of(node)) {
    if (key.kind == kind) scopes.emplace(kind, cluster_wide_ ? std::string() : key.ns);
  }
  return scopes;
}

const ListWatch* ReferenceFollower::find(const Scope& scope) const {
  const auto found = watches_.find(scope);
  return found == watches_.end() ? nullptr : found->second.get();
}

void ReferenceFollower::relist(const Scope& scope, ResourceVersion seen) {
  const ListWatch* watch_now = find(scope);
  if (stopping_ || !watch_now || !watch_now->synced() || watch_now->version() >= seen) return;
  watch(scope);  // in the place of the one that lags
}

void ReferenceFollower::watch(Scope scope) {
  kube::ListWatchHandlers handlers;
  handlers.on_list = [this, scope](std::vector<ObjectPtr> list, ResourceVersion version) {
    count_list(registry_, scope.first);
    const auto watch = watches_.find(scope);
    index_.accept_older(
        scope.first,
        truth_of_list(watch == watches_.end() ? nullptr : watch->second.get(), version));
    on_list(scope, std::move(list));
    index_.accept_older(scope.first, {});
  };
  handlers.on_event = [this](ChangeType type, ObjectPtr object) {
    Changes changes;
    if (type == ChangeType::kDeleted) {
      index_.reference_deleted(object, changes);
    } else if (!is_stub(object)) {
      index_.put_reference(object, changes);
    }
    changed_(std::move(changes));
  };
  handlers.on_state = [scope](std::optional<Error> error) {
    if (!error) return;
    log::warning("references cannot be watched",
                 {{"kind", k8s::info(scope.first).wire}, {"namespace", scope.second}, *error});
  };
  handlers.project = [this](ObjectPtr object) {
    if (index_.is_referenced(object->key)) return object;
    auto stub = std::make_shared<k8s::Object>(*object);
    stub->json = nullptr;
    return ObjectPtr(std::move(stub));
  };
  auto made = std::make_unique<ListWatch>(client_, executor_, selection_of(scope),
                                          std::move(handlers));
  made->start();
  watches_[scope] = std::move(made);
}

void ReferenceFollower::on_list(const Scope& scope, std::vector<ObjectPtr> list) {
  Changes changes;
  std::vector<ObjectPtr> whole;
  std::set<ObjectKey> stubs;
  for (ObjectPtr& object : list) {
    if (is_stub(object)) {
      stubs.insert(object->key);
    } else {
      whole.push_back(std::move(object));
    }
  }
  // Referenced since its page was read: its data must be fetched.
  for (const ObjectKey& key : stubs) {
    if (!index_.is_referenced(key) || !fetching_.insert(key).second) continue;
    tasks_.spawn("fetch reference", fetch(key));
  }
  index_.put_reference_list(scope.first, scope.second, whole, stubs, changes);
  changed_(std::move(changes));
}

Task<void> ReferenceFollower::fetch(ObjectKey key) {
  while (!stopping_ && index_.is_referenced(key)) {
    const Result<std::string> answer = co_await client_.get(key);
    Changes changes;
    if (answer) {
      const auto object = k8s::make_object(key.kind, *answer);
      if (object) index_.put_reference(*object, changes);
      if (!object) index_.reference_absent(key, changes);
    } else if (answer.error().code == Code::kNotFound) {
      index_.reference_not_found(key, changes);
    } else {
      log::warning("reference not fetched", {{"object", key.text()}, answer.error()});
      co_await async::sleep_for(kFetchRetry);
      continue;
    }
    changed_(std::move(changes));
    break;
  }
  fetching_.erase(key);
}

}  // namespace skerry::edgecontroller

// Desired state: every pod that the store holds has a worker, which hears of each change.
#include <algorithm>

#include "common/base/log.h"
#include "edgecore/edged/edged_impl.h"

namespace skerry::edged {
namespace {

constexpr auto kStoreRetry = std::chrono::seconds(2);

}  // namespace

async::Task<void> Edged::Impl::follow_store(Self self) {
  while (!self->stopping) {
    const bool all = std::exchange(self->all_dirty, false);
    const std::set<k8s::ObjectKey> keys = std::exchange(self->dirty, {});
    Result<void> synced;
    if (all)
      synced = co_await sync_all(self);
    else
      synced = co_await sync_keys(self, keys);
    if (!synced) {
      log::error("the store cannot be read; pods stay as they are", {synced.error()});
      self->all_dirty = true;
      co_await async::sleep_for(kStoreRetry);
      continue;
    }
    if (!self->all_dirty && self->dirty.empty())
      co_await self->changed.wait_until(TimePoint::max());
  }
}

async::Task<Result<void>> Edged::Impl::sync_all(Self self) {
  const auto ended = co_await self->meta.terminating();
  if (!ended) co_return fail(ended.error());
  const auto stored = co_await self->meta.list(k8s::Kind::kPod);
  if (!stored) co_return fail(stored.error());
  if (self->stopping) co_return Result<void>{};
  for (const metamanager::TerminatingPod& row : *ended) self->apply_terminating(row.pod);
  for (const metamanager::StoredObject& pod : *stored) self->apply(pod);
  for (auto& [uid, entry] : self->workers) entry.worker->refresh_volumes();
  self->update_burstable();
  self->first_sync_done = true;
  self->relist_now.notify();
  co_return Result<void>{};
}

async::Task<Result<void>> Edged::Impl::sync_keys(Self self, std::set<k8s::ObjectKey> keys) {
  bool pods = false;
  for (const k8s::ObjectKey& key : keys) pods = pods || key.kind == k8s::Kind::kPod;
  if (pods) {
    const auto ended = co_await self->meta.terminating();
    if (!ended) co_return fail(ended.error());
    for (const metamanager::TerminatingPod& row : *ended) self->apply_terminating(row.pod);
  }
  for (const k8s::ObjectKey& key : keys) {
    if (key.kind != k8s::Kind::kPod) {
      self->refresh_users(key);
      continue;
    }
    const auto stored = co_await self->meta.get(key);
    if (!stored) co_return fail(stored.error());
    if (*stored && !self->stopping) self->apply(**stored);
  }
  self->update_burstable();
  co_return Result<void>{};
}

void Edged::Impl::refresh_users(const k8s::ObjectKey& key) {
  for (auto& [uid, entry] : workers) {
    const std::vector<k8s::ObjectKey> used = referenced_objects(*entry.worker->pod());
    if (std::find(used.begin(), used.end(), key) != used.end()) entry.worker->refresh_volumes();
  }
}

void Edged::Impl::apply(const metamanager::StoredObject& stored) {
  if (!stored.refused_code.empty()) {
    refused.insert(stored.object->uid);
    return;
  }
  refused.erase(stored.object->uid);
  const auto found = workers.find(stored.object->uid);
  if (found != workers.end() && found->second.version == stored.object->version) return;
  const Result<PodPtr> pod = parse_pod(*stored.object);
  if (!pod) {
    log::error("stored pod cannot be read", {{"pod", stored.object->key.text()}, pod.error()});
    return;
  }
  if (found != workers.end()) {
    found->second.version = stored.object->version;
    found->second.worker->set_pod(*pod);
    return;
  }
  if (predecessor_lives(**pod)) {
    held.insert(stored.object->key);  // on_finished() comes back to it
    return;
  }
  add_worker(*pod, false).version = stored.object->version;
}

bool Edged::Impl::predecessor_lives(const PodSpec& pod) const {
  return std::any_of(workers.begin(), workers.end(), [&](const auto& entry) {
    const PodSpec& other = *entry.second.worker->pod();
    return other.ns == pod.ns && other.name == pod.name && other.uid != pod.uid;
  });
}

void Edged::Impl::apply_terminating(const k8s::ObjectPtr& object) {
  const Result<PodPtr> pod = parse_pod(*object);
  if (!pod) {
    log::error("terminating pod cannot be read", {{"pod", object->key.text()}, pod.error()});
    return;
  }
  if (const WorkerPtr worker = find(object->uid))
    worker->set_terminating(*pod);
  else
    add_worker(*pod, true);
}

Edged::Impl::Entry& Edged::Impl::add_worker(const PodPtr& pod, bool terminating) {
  auto worker = std::make_shared<PodWorker>(services, pod);
  if (terminating) worker->set_terminating(pod);
  Entry& entry = workers[pod->uid];
  entry.worker = worker;
  tasks.spawn("pod " + pod->text(), PodWorker::run(worker));
  return entry;
}

void Edged::Impl::on_finished(const Uid& uid) {
  refused.erase(uid);
  const auto found = workers.find(uid);
  if (found == workers.end()) return;
  const PodPtr pod = found->second.worker->pod();
  workers.erase(found);
  log::info("pod is gone", {{"pod", pod->text()}, {"uid", uid.str()}});
  const k8s::ObjectKey key{k8s::Kind::kPod, pod->ns, pod->name};
  if (held.erase(key) > 0) {
    dirty.insert(key);
    changed.notify();
  }
}

/// All burstable pods together get the CPU shares of their requests.
void Edged::Impl::update_burstable() {
  std::int64_t requests = 0;
  for (const auto& [uid, entry] : workers) {
    const PodSpec& pod = *entry.worker->pod();
    if (qos_class(pod) == QosClass::kBurstable) requests += pod_totals(pod).cpu_request_milli;
  }
  if (requests == burstable_milli) return;
  burstable_milli = requests;
  if (const Result<void> set = cgroups.set_burstable_cpu(requests); !set) {
    log::warning("burstable pods keep their old CPU shares", {set.error()});
  }
}

}  // namespace skerry::edged

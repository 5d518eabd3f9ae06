// Actual state: the slow relist is the safety net under what the workers notice themselves.
#include "common/base/log.h"
#include "edgecore/edged/edged_impl.h"

namespace skerry::edged {
namespace {

constexpr auto kRelistInterval = std::chrono::seconds(60);
constexpr auto kRelistRetry = std::chrono::seconds(2);
constexpr std::size_t kOrphanFilesAtOnce = 2000;

}  // namespace

async::Task<void> Edged::Impl::relist_forever(Self self) {
  while (!self->stopping) {
    const Result<void> listed = co_await relist(self);
    if (self->stopping) break;
    // That it is away is told by the node's reporter, once.
    const bool away = !listed && listed.error().code == Code::kUnavailable;
    if (!listed && !away && self->runtime_ok) {
      log::warning("container runtime does not answer; pods go on, changes wait",
                   {listed.error()});
    }
    if (listed && !self->runtime_ok) {
      log::debug("container runtime answers");
      for (auto& [uid, entry] : self->workers) entry.worker->look_again();
    }
    self->runtime_ok = listed.has_value();
    co_await self->relist_now.wait_until(self->world.clock.now() +
                                         (listed ? kRelistInterval : Duration(kRelistRetry)));
  }
}

async::Task<Result<void>> Edged::Impl::relist(Self self) {
  const auto sandboxes = co_await self->runtime.list_sandboxes({});
  if (!sandboxes) co_return fail(sandboxes.error());
  const auto containers = co_await self->runtime.list_containers({});
  if (!containers) co_return fail(containers.error());
  const std::map<Uid, ListedPod> listed = group_by_pod(*sandboxes, *containers);
  const ActualPod nothing;
  for (auto& [uid, entry] : self->workers) {
    const auto found = listed.find(uid);
    const ActualPod& have = found == listed.end() ? nothing : found->second.pod;
    if (!same_shape(have, entry.worker->actual())) entry.worker->look_again();
  }
  if (self->desired_known && self->first_sync_done) self->remove_orphans(listed);
  co_return Result<void>{};
}

/// What is left in the runtime and on disk of pods that neither the store nor the cloud knows.
void Edged::Impl::remove_orphans(const std::map<Uid, ListedPod>& listed) {
  const auto is_known = [this](const Uid& uid) {
    return workers.count(uid) > 0 || refused.count(uid) > 0;
  };
  for (const auto& [uid, pod] : listed) {
    if (pod.node != config.node.str() || is_known(uid) || !held.empty()) continue;
    log::warning("pod in the container runtime that nobody wants: removing it",
                 {{"pod", pod.ns + "/" + pod.name}, {"uid", uid.str()}});
    auto spec = std::make_shared<PodSpec>();
    spec->ns = pod.ns;
    spec->name = pod.name;
    spec->uid = uid;
    add_worker(spec, true);
  }
  for (const Uid& uid : volumes.pods()) {
    if (is_known(uid) || listed.count(uid) > 0 || !held.empty()) continue;
    (void)volumes.tear_down(uid, kOrphanFilesAtOnce);  // the rest at the next relist
  }
}

}  // namespace skerry::edged

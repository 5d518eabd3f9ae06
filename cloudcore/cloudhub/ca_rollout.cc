#include "cloudcore/cloudhub/ca_rollout.h"

#include <utility>

#include "cloudcore/cloudhub/identity_metrics.h"
#include "common/base/log.h"

namespace skerry::cloudhub {
namespace {

constexpr auto kCountEvery = 1min;  // all identities are listed for it
constexpr int kConflictRetries = 5;

std::string next_hash(const CaSet& set) {
  return set.next ? ca_hash(set.next->authority.certificate_pem) : std::string();
}

}  // namespace

CaRollout::CaRollout(async::Executor executor, CaSet set, Parts parts)
    : parts_(std::move(parts)), wakeup_(executor), set_(std::move(set)) {
  bundle_ = edge_bundle(set_, parts_.world.clock.wall());
}

async::Task<void> CaRollout::run(std::shared_ptr<CaRollout> self) {
  while (!self->stopping_) {
    co_await look(self);
    if (self->stopping_) break;
    co_await self->wakeup_.wait_until(self->parts_.world.clock.now() + kCaPoll);
  }
}

void CaRollout::stop() {
  stopping_ = true;
  wakeup_.notify();
}

async::Task<void> CaRollout::look(std::shared_ptr<CaRollout> self) {
  Result<std::optional<CaSet>> read = co_await find_ca_set(self->parts_.store);
  if (self->stopping_) co_return;
  if (read && !*read) {  // never made anew beside nodes that know the one in use
    read = fail(Code::kNotFound, "the Secret of the node CA is gone: restore it from a backup");
  }
  if (!read) {
    if (read.error().what != self->last_error_) log::warning("node CA not read", {read.error()});
    self->last_error_ = read.error().what;
    co_return;
  }
  self->last_error_.clear();
  self->take(std::move(**read));
  co_await self->remember_holders();
  if (!self->stopping_) co_await self->step_forward();
}

/// A set that differs, or the same whose bundle has changed by time.
void CaRollout::take(CaSet set) {
  std::string bundle = edge_bundle(set, parts_.world.clock.wall());
  const bool same = set.resource_version == set_.resource_version && bundle == bundle_;
  if (next_hash(set) != next_hash(set_)) {
    holders_.clear();
    remembered_.clear();
    lacking_.clear();
    counted_.reset();
  }
  set_ = std::move(set);
  bundle_ = std::move(bundle);
  if (!same) parts_.use(set_);
}

void CaRollout::holds(const NodeName& node, const Digest& bundle) {
  if (!set_.next || bundle != digest(bundle_) || remembered_.contains(node)) return;
  holders_.insert(node);
}

async::Task<void> CaRollout::remember_holders() {
  const std::string hash = next_hash(set_);
  for (const NodeName& node : std::exchange(holders_, {})) {
    Result<void> done = co_await remember(node, hash);
    if (stopping_ || next_hash(set_) != hash) co_return;
    if (!done) {
      log::warning("not remembered who holds the next CA", {{"node", node.str()}, done.error()});
      holders_.insert(node);
      continue;
    }
    remembered_.insert(node);
    lacking_.erase(node);
  }
}

async::Task<Result<void>> CaRollout::remember(NodeName node, std::string hash) {
  Result<void> put = fail(Code::kConflict, "");
  for (int attempt = 0; attempt < kConflictRetries && !put; ++attempt) {
    Result<std::optional<NodeIdentity>> found = co_await find_identity(parts_.store, node);
    if (!found) co_return fail(found.error());
    if (!*found || (*found)->ca_held == hash) co_return Result<void>();
    NodeIdentity identity = std::move(**found);
    identity.ca_held = hash;
    put = co_await put_identity(parts_.store, std::move(identity));
    if (!put && put.error().code != Code::kConflict) co_return put;
  }
  co_return put;
}

async::Task<void> CaRollout::step_forward() {
  const seam::World& world = parts_.world;
  const std::shared_ptr<const DenySet> denied = parts_.denied();
  metrics::Gauge& gauge = parts_.registry.gauge(kNodesWithoutNextCa);
  if (!set_.next) gauge.set(0);
  std::size_t without = 1;
  const bool due =
      !counted_ || lacking_.empty() || world.clock.now() >= *counted_ + kCountEvery;
  const bool count = set_.next && denied && due;
  if (count) {
    Result<std::vector<NodeIdentity>> nodes = co_await list_identities(parts_.store);
    if (stopping_) co_return;
    if (!nodes) {
      log::warning("nodes not listed: the next CA waits", {nodes.error()});
      co_return;
    }
    counted_ = world.clock.now();
    const auto names = nodes_without_next(set_, *nodes, *denied, world.clock.wall());
    lacking_ = {names.begin(), names.end()};
    without = lacking_.size();
    gauge.set(static_cast<std::int64_t>(without));
  }
  const CaStep step = next_step(set_, without, world.clock.wall(), parts_.patience);
  if (step == CaStep::kNone) co_return;
  CaSet after = take_step(set_, step, world.clock.wall());
  Result<Record> stored = co_await parts_.store->replace(encode_ca_set(after));
  if (stopping_) co_return;
  if (!stored) {  // another cloudcore was faster, or the API is away: the next round sees it
    log::debug("the CA set was not changed", {stored.error()});
    co_return;
  }
  after.resource_version = stored->resource_version;
  if (step == CaStep::kUseNext) {
    log::info("the next node CA is in use from now on",
              {{"ca", ca_hash(after.current.certificate_pem)}, {"nodes without it", without}});
  }
  take(std::move(after));
}

}  // namespace skerry::cloudhub

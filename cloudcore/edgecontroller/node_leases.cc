#include "cloudcore/edgecontroller/node_leases.h"

#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "common/k8s/time.h"

namespace skerry::edgecontroller {
namespace {

constexpr const char* kLeaseNamespace = "kube-node-lease";

nlohmann::json spec(const NodeName& node, WallTime now) {
  return {{"holderIdentity", node.str()},
          {"leaseDurationSeconds",
           std::chrono::duration_cast<std::chrono::seconds>(kNodeLeaseDuration).count()},
          {"renewTime", k8s::format_micro_time(now)}};
}

}  // namespace

std::string lease_patch(const NodeName& node, WallTime now) {
  return nlohmann::json{{"spec", spec(node, now)}}.dump();
}

std::string new_lease(const NodeName& node, const Uid& node_uid, WallTime now) {
  nlohmann::json lease = {{"apiVersion", "coordination.k8s.io/v1"},
                          {"kind", "Lease"},
                          {"metadata", {{"name", node.str()}, {"namespace", kLeaseNamespace}}},
                          {"spec", spec(node, now)}};
  if (!node_uid.empty()) {
    lease["metadata"]["ownerReferences"] = {
        {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node.str()}, {"uid", node_uid.str()}}};
  }
  return lease.dump();
}

NodeLeases::NodeLeases(async::Executor executor, kube::Client& client)
    : client_(client), wakeup_(executor), renewals_(executor) {}

void NodeLeases::add(const NodeName& node, Uid node_uid) {
  schedule_.add(node, std::move(node_uid), client_.world().clock.now());
  wakeup_.notify();
}

void NodeLeases::remove(const NodeName& node) { schedule_.remove(node); }

void NodeLeases::stop() {
  stopping_ = true;
  wakeup_.notify();
}

async::Task<void> NodeLeases::run() {
  while (!stopping_) {
    const bool has_room = in_flight_ < kInFlightMax;
    if (has_room) {
      if (auto due = schedule_.take(client_.world().clock.now())) {
        ++in_flight_;
        renewals_.spawn("lease", renew(std::move(*due)));
        continue;
      }
    }
    co_await wakeup_.wait_until(has_room ? schedule_.next() : TimePoint::max());
  }
  co_await renewals_.join();
}

async::Task<void> NodeLeases::renew(LeaseSchedule::Due due) {
  const std::string node = due.node.str();
  const Result<std::string> written = co_await write(std::move(due));
  if (!written) log::warning("lease not renewed", {{"node", node}, written.error()});
  --in_flight_;
  wakeup_.notify();
}

async::Task<Result<std::string>> NodeLeases::write(LeaseSchedule::Due due) {
  kube::Patch patch;
  patch.key = {k8s::Kind::kLease, kLeaseNamespace, due.node.str()};
  patch.type = kube::PatchType::kMerge;
  patch.urgent = true;
  patch.body = lease_patch(due.node, client_.world().clock.wall());
  Result<std::string> renewed = co_await client_.patch(std::move(patch));
  if (renewed || renewed.error().code != Code::kNotFound) co_return renewed;
  co_return co_await client_.create(k8s::Kind::kLease, kLeaseNamespace,
                                    new_lease(due.node, due.uid, client_.world().clock.wall()));
}

}  // namespace skerry::edgecontroller

#include "cloudcore/edgecontroller/node_leases.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

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
    : client_(client), wakeup_(executor) {}

void NodeLeases::add(const NodeName& node, Uid node_uid) {
  nodes_[node] = {std::move(node_uid), client_.world().clock.now()};
  wakeup_.notify();
}

void NodeLeases::remove(const NodeName& node) { nodes_.erase(node); }

void NodeLeases::stop() {
  stopping_ = true;
  wakeup_.notify();
}

async::Task<void> NodeLeases::run() {
  while (!stopping_) {
    TimePoint next = TimePoint::max();
    for (const auto& [node, entry] : nodes_) next = std::min(next, entry.due);
    co_await wakeup_.wait_until(next);
    if (!stopping_) co_await renew_due();
  }
}

async::Task<void> NodeLeases::renew_due() {
  const TimePoint now = client_.world().clock.now();
  std::vector<std::pair<NodeName, Uid>> due;
  for (auto& [node, entry] : nodes_) {
    if (entry.due > now) continue;
    due.emplace_back(node, entry.uid);
    entry.due = now + kNodeLeaseRenewInterval;
  }
  for (const auto& [node, uid] : due) {
    if (nodes_.contains(node)) co_await renew(node, uid);
  }
}

async::Task<void> NodeLeases::renew(NodeName node, Uid uid) {
  const k8s::ObjectKey key{k8s::Kind::kLease, kLeaseNamespace, node.str()};
  kube::Patch patch;
  patch.key = key;
  patch.type = kube::PatchType::kMerge;
  patch.urgent = true;
  patch.body = lease_patch(node, client_.world().clock.wall());
  Result<std::string> renewed = co_await client_.patch(std::move(patch));
  if (!renewed && renewed.error().code == Code::kNotFound) {
    renewed = co_await client_.create(k8s::Kind::kLease, kLeaseNamespace,
                                      new_lease(node, uid, client_.world().clock.wall()));
  }
  if (!renewed) log::warning("lease not renewed", {{"node", node.str()}, renewed.error()});
}

}  // namespace skerry::edgecontroller

// What edgecontroller asks about joined nodes, answered from cloudhub's identity store. App's
// bridge between two modules that do not know each other.
#pragma once

#include <memory>

#include "cloudcore/cloudhub/identity_store.h"
#include "cloudcore/edgecontroller/node_record.h"

namespace skerry::cloudcore {

/// Owner: App. Thread: the control loop.
class StoredNodeRecords final : public edgecontroller::NodeRecords {
 public:
  explicit StoredNodeRecords(std::shared_ptr<cloudhub::IdentityStore> store)
      : store_(std::move(store)) {}

  async::Task<Result<edgecontroller::NodeRecord>> find(NodeName node) override;
  async::Task<Result<void>> set_registered(NodeName node) override;

 private:
  std::shared_ptr<cloudhub::IdentityStore> store_;
};

}  // namespace skerry::cloudcore

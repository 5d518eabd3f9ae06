#include "cloudcore/node_records.h"

#include "cloudcore/cloudhub/identity_nodes.h"

namespace skerry::cloudcore {
namespace {

constexpr int kConflictRetries = 5;

}  // namespace

async::Task<Result<edgecontroller::NodeRecord>> StoredNodeRecords::find(NodeName node) {
  auto identity = co_await cloudhub::find_identity(store_, std::move(node));
  if (!identity) co_return fail(identity.error());
  edgecontroller::NodeRecord record;
  if (*identity) {
    record.labels = (*identity)->labels;
    record.registered = (*identity)->registered;
    record.accepted_cluster = (*identity)->accepted_cluster;
  }
  co_return record;
}

async::Task<Result<void>> StoredNodeRecords::set_registered(NodeName node) {
  for (int attempt = 0; attempt < kConflictRetries; ++attempt) {
    auto identity = co_await cloudhub::find_identity(store_, node);
    if (!identity) co_return fail(identity.error());
    if (!*identity || (*identity)->registered) co_return Result<void>();
    (*identity)->registered = true;
    Result<void> put = co_await cloudhub::put_identity(store_, std::move(**identity));
    if (put || put.error().code != Code::kConflict) co_return put;
  }
  co_return fail(Code::kConflict, "the node's record changes all the time; try again");
}

}  // namespace skerry::cloudcore

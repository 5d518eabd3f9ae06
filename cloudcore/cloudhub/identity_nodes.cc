#include "cloudcore/cloudhub/identity_nodes.h"

#include <algorithm>

#include "cloudcore/cloudhub/deny_list.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::cloudhub {
namespace {

using k8s::fields::text;
using k8s::fields::time;
using nlohmann::json;

constexpr const char* kDatum = "identity.json";
constexpr int kConflictRetries = 5;

}  // namespace

std::string identity_record_name(const NodeName& node) { return "node-identity." + node.str(); }

Record encode_identity(const NodeIdentity& identity) {
  const json body = {{"node", identity.node.str()},
                     {"keyHash", identity.key_hash},
                     {"serial", identity.serial},
                     {"issued", k8s::format_time(identity.issued)},
                     {"notAfter", k8s::format_time(identity.not_after)},
                     {"joined", k8s::format_time(identity.joined)},
                     {"token", identity.token_id},
                     {"labels", identity.labels},
                     {"lineage", identity.lineage},
                     {"registered", identity.registered},
                     {"acceptedCluster", identity.accepted_cluster.str()},
                     {"caHeld", identity.ca_held}};
  return {.kind = RecordKind::kNodeIdentity,
          .name = identity_record_name(identity.node),
          .data = {{kDatum, body.dump()}},
          .resource_version = identity.resource_version};
}

Result<NodeIdentity> decode_identity(const Record& record) {
  const auto datum = record.data.find(kDatum);
  const json body =
      datum == record.data.end() ? json() : json::parse(datum->second, nullptr, false);
  NodeIdentity identity;
  if (body.is_object()) identity.node = NodeName(text(body, "node"));
  if (identity.node.empty() || identity_record_name(identity.node) != record.name) {
    return fail(Code::kMalformed, "Secret " + record.name +
                                      " is not readable; delete it and let the node join again");
  }
  identity.key_hash = text(body, "keyHash");
  identity.serial = text(body, "serial");
  identity.issued = time(body, "issued");
  identity.not_after = time(body, "notAfter");
  identity.joined = time(body, "joined");
  identity.token_id = text(body, "token");
  const json labels = body.value("labels", json::object());
  for (const auto& [key, value] : labels.items()) {
    if (value.is_string()) identity.labels[key] = value.get<std::string>();
  }
  for (const json& serial : body.value("lineage", json::array())) {
    if (serial.is_string()) identity.lineage.push_back(serial.get<std::string>());
  }
  identity.registered = body.contains("registered") && body["registered"] == true;
  identity.accepted_cluster = ClusterId(text(body, "acceptedCluster"));
  identity.ca_held = text(body, "caHeld");
  identity.resource_version = record.resource_version;
  return identity;
}

std::vector<std::string> extend_lineage(std::vector<std::string> lineage,
                                        const std::string& presented,
                                        const std::string& issued) {
  // What was presented is what the node surely has; it moves next to the newest, so that it is the
  // last to be dropped.
  std::erase(lineage, presented);
  lineage.push_back(presented);
  lineage.push_back(issued);
  while (lineage.size() > kLineageMax) lineage.erase(lineage.begin());
  return lineage;
}

async::Task<Result<std::optional<NodeIdentity>>> find_identity(std::shared_ptr<IdentityStore> store,
                                                               NodeName node) {
  Result<Record> record = co_await store->get(identity_record_name(node));
  if (!record && record.error().code == Code::kNotFound) co_return std::optional<NodeIdentity>();
  if (!record) co_return fail(record.error());
  Result<NodeIdentity> identity = decode_identity(*record);
  if (!identity) co_return fail(identity.error());
  co_return std::optional<NodeIdentity>(std::move(*identity));
}

async::Task<Result<std::vector<NodeIdentity>>> list_identities(
    std::shared_ptr<IdentityStore> store) {
  Result<std::vector<Record>> records = co_await store->list(RecordKind::kNodeIdentity);
  if (!records) co_return fail(records.error());
  std::vector<NodeIdentity> identities;
  for (const Record& record : *records) {
    Result<NodeIdentity> identity = decode_identity(record);
    if (!identity) co_return fail(identity.error());
    identities.push_back(std::move(*identity));
  }
  co_return identities;
}

async::Task<Result<void>> put_identity(std::shared_ptr<IdentityStore> store,
                                       NodeIdentity identity) {
  Record record = encode_identity(identity);
  if (record.resource_version.empty()) {
    Result<Record> created = co_await store->create(std::move(record));
    if (!created) co_return fail(created.error());
  } else {
    Result<Record> replaced = co_await store->replace(std::move(record));
    if (!replaced) co_return fail(replaced.error());
  }
  co_return Result<void>();
}

async::Task<Result<bool>> revoke_node(std::shared_ptr<IdentityStore> store,
                                      NodeName node,
                                      WallTime now,
                                      std::string reason) {
  Result<std::optional<NodeIdentity>> identity = co_await find_identity(store, node);
  if (!identity) co_return fail(identity.error());
  std::function<void(DenySet&)> deny = [&node, &reason, now, &identity](DenySet& set) {
    // The newest certificate is named by its serial too: this machine's clock may be behind the
    // hub's.
    if (*identity) {
      for (const std::string& serial : (*identity)->lineage) {
        set.deny_serial(node, serial, now, reason);
      }
    }
    set.deny_issued_until(node, now, reason);
    set.prune(now);
  };
  Result<void> changed = co_await change_deny_list(store, std::move(deny));
  if (!changed) co_return fail(changed.error());
  co_return identity->has_value();
}

async::Task<Result<bool>> accept_node(std::shared_ptr<IdentityStore> store,
                                      NodeName node,
                                      ClusterId cluster) {
  for (int attempt = 0; attempt < kConflictRetries; ++attempt) {
    Result<std::optional<NodeIdentity>> identity = co_await find_identity(store, node);
    if (!identity) co_return fail(identity.error());
    if (!*identity) co_return false;
    if ((*identity)->accepted_cluster == cluster) co_return true;
    (*identity)->accepted_cluster = cluster;
    (*identity)->registered = false;
    Result<void> put = co_await put_identity(store, std::move(**identity));
    if (put) co_return true;
    if (put.error().code != Code::kConflict) co_return fail(put.error());
  }
  co_return fail(Code::kConflict, "the node's record changes all the time; try again");
}

}  // namespace skerry::cloudhub

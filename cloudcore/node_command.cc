#include "cloudcore/node_command.h"

#include <fmt/core.h>

#include <cstdio>

#include "cloudcore/cloudhub/deny_list.h"
#include "cloudcore/cloudhub/identity_nodes.h"
#include "cloudcore/command_session.h"
#include "common/config/edge_config.h"
#include "common/k8s/time.h"

namespace skerry::cloudcore {
namespace {

using cloudhub::DenySet;
using cloudhub::NodeIdentity;

std::string state_of(const NodeIdentity& identity, const DenySet& denied, WallTime now) {
  if (denied.is_denied(identity.node, identity.serial, identity.issued - kCertificateBackdate)) {
    return "revoked";
  }
  return now < identity.not_after ? "valid" : "expired";
}

async::Task<Result<void>> list(CommandSession session) {
  Result<std::vector<NodeIdentity>> nodes = co_await cloudhub::list_identities(session.identities);
  if (!nodes) co_return fail(nodes.error());
  Result<DenySet> denied = co_await cloudhub::read_deny_list(session.identities);
  if (!denied) co_return fail(denied.error());
  const WallTime now = session.world.clock.wall();
  fmt::print("{:<32} {:<12} {:<21} {:<21} {}\n", "NODE", "CERTIFICATE", "EXPIRES", "JOINED",
             "SERIAL");
  for (const NodeIdentity& node : *nodes) {
    fmt::print("{:<32} {:<12} {:<21} {:<21} {}\n", node.node.str(), state_of(node, *denied, now),
               k8s::format_time(node.not_after), k8s::format_time(node.joined), node.serial);
  }
  co_return Result<void>();
}

async::Task<Result<void>> revoke(CommandSession session, NodeName node, std::string reason) {
  Result<bool> known =
      co_await cloudhub::revoke_node(session.identities, node, session.world.clock.wall(), reason);
  if (!known) co_return fail(known.error());
  fmt::print("node {} revoked: its session ends within seconds; a new token lets it join again\n",
             node.str());
  if (!*known) {
    fmt::print(stderr, "note: no node of this name has joined; is it spelled right?\n");
  }
  co_return Result<void>();
}

Result<void> run(const config::CloudConfig& config, const NodeCommand& command) {
  if (command.verb == NodeCommand::Verb::kList) return run_command(config, list);
  if (!config::is_node_name(command.node)) {
    return fail(Code::kMalformed, "\"" + command.node + "\" cannot be a node's name");
  }
  return run_command(config, [command](CommandSession session) {
    return revoke(std::move(session), NodeName(command.node), command.reason);
  });
}

}  // namespace

int node_command(const config::CloudConfig& config, const NodeCommand& command) {
  Result<void> done = run(config, command);
  if (done) return 0;
  fmt::print(stderr, "cloudcore node: {}\n", done.error().what);
  return 1;
}

}  // namespace skerry::cloudcore

#include "cloudcore/node_command.h"

#include <fmt/core.h>

#include <cstdio>

#include "cloudcore/cloudhub/deny_list.h"
#include "cloudcore/cloudhub/identity_nodes.h"
#include "cloudcore/command_session.h"
#include "cloudcore/kube/cluster_id.h"
#include "cloudcore/node_facts.h"
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

/// Answers which nodes: the one that is named, or every one that has joined.
async::Task<Result<std::vector<NodeName>>> chosen(CommandSession session, NodeCommand command) {
  std::vector<NodeName> names;
  if (!command.all) {
    names.emplace_back(command.node);
    co_return names;
  }
  Result<std::vector<NodeIdentity>> nodes = co_await cloudhub::list_identities(session.identities);
  if (!nodes) co_return fail(nodes.error());
  for (const NodeIdentity& node : *nodes) names.push_back(node.node);
  co_return names;
}

async::Task<Result<void>> accept(CommandSession session, NodeCommand command) {
  const Result<ClusterId> cluster = co_await kube::read_cluster_id(*session.client);
  if (!cluster) co_return fail(cluster.error());
  const Result<std::vector<NodeName>> nodes = co_await chosen(session, command);
  if (!nodes) co_return fail(nodes.error());
  for (const NodeName& node : *nodes) {
    const Result<bool> known = co_await cloudhub::accept_node(session.identities, node, *cluster);
    if (!known) co_return fail(node.str(), known.error());
    if (!*known) {
      co_return fail(Code::kNotFound, "no node " + node.str() +
                                          " has joined here; is it spelled right? If it is: "
                                          "`edgecore reset` there, and join again");
    }
    fmt::print("node {} accepted: what it runs follows this cluster from now on\n", node.str());
  }
  co_return Result<void>();
}

Result<void> run(const config::CloudConfig& config, const NodeCommand& command) {
  if (command.verb == NodeCommand::Verb::kList) return run_command(config, list);
  const bool accepting = command.verb == NodeCommand::Verb::kAccept;
  if (accepting && command.all == !command.node.empty()) {
    return fail(Code::kMalformed, "accept: give the node's NAME, or --all");
  }
  const Command accept_them = [command](CommandSession session) {
    return accept(std::move(session), command);
  };
  if (accepting && command.all) return run_command(config, accept_them);
  if (!config::is_node_name(command.node)) {
    return fail(Code::kMalformed, "\"" + command.node + "\" cannot be a node's name");
  }
  if (accepting) return run_command(config, accept_them);
  if (command.verb == NodeCommand::Verb::kExplain) {
    return run_command(config, [config, command](CommandSession session) {
      return explain_node(std::move(session), config, NodeName(command.node));
    });
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

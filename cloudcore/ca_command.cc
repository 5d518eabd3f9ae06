#include "cloudcore/ca_command.h"

#include <fmt/core.h>

#include <cstdio>

#include "cloudcore/cloudhub/ca_set.h"
#include "cloudcore/command_session.h"
#include "common/k8s/time.h"
#include "common/tls/certificate.h"

namespace skerry::cloudcore {
namespace {

using cloudhub::CaSet;

constexpr std::size_t kNamesShown = 20;

std::string end_of(const std::string& certificate_pem) {
  const auto info = tls::parse_certificate(certificate_pem);
  return info ? k8s::format_time(info->not_after) : "?";
}

async::Task<Result<void>> status(CommandSession session) {
  Result<std::optional<CaSet>> set = co_await cloudhub::find_ca_set(session.identities);
  if (!set) co_return fail(set.error());
  if (!*set) co_return fail(Code::kNotFound, "there is no node CA yet: start cloudcore once");
  const CaSet& ca = **set;
  fmt::print("in use  {}  until {}\n", cloudhub::ca_hash(ca.current.certificate_pem),
             end_of(ca.current.certificate_pem));
  for (const cloudhub::FormerCa& former : ca.former) {
    fmt::print("former  {}  since {}\n", cloudhub::ca_hash(former.certificate_pem),
               k8s::format_time(former.retired));
  }
  if (!ca.next) co_return Result<void>();
  fmt::print("next    {}  since {}\n", cloudhub::ca_hash(ca.next->authority.certificate_pem),
             k8s::format_time(ca.next->since));
  Result<std::vector<cloudhub::NodeIdentity>> nodes =
      co_await cloudhub::list_identities(session.identities);
  if (!nodes) co_return fail(nodes.error());
  Result<cloudhub::DenySet> denied = co_await cloudhub::read_deny_list(session.identities);
  if (!denied) co_return fail(denied.error());
  const std::vector<NodeName> without =
      cloudhub::nodes_without_next(ca, *nodes, *denied, session.world.clock.wall());
  if (without.empty()) {
    fmt::print("every node holds the next CA: it is used within seconds\n");
    co_return Result<void>();
  }
  fmt::print("{} node(s) do not hold the next CA yet:\n", without.size());
  for (std::size_t i = 0; i < without.size() && i < kNamesShown; ++i) {
    fmt::print("  {}\n", without[i].str());
  }
  if (without.size() > kNamesShown) fmt::print("  ...\n");
  co_return Result<void>();
}

async::Task<Result<void>> rotate(CommandSession session, bool now) {
  Result<CaSet> set = co_await cloudhub::rotate_ca(session.identities, session.world, now);
  if (!set) co_return fail(set.error());
  fmt::print("next CA {}\n", cloudhub::ca_hash(set->next->authority.certificate_pem));
  if (now) {
    fmt::print("it is used within seconds; nodes that were not told of it must join again\n");
  } else {
    fmt::print(
        "nodes are told of it; it is used when all of them hold it (`cloudcore ca status`), or "
        "after skerry.caPatienceDays. Join tokens made before that are useless afterwards.\n");
  }
  co_return Result<void>();
}

Result<void> run(const config::CloudConfig& config, const CaCommand& command) {
  if (command.verb == CaCommand::Verb::kStatus) return run_command(config, status);
  if (!config.ca_file.empty() && !command.now) {
    return fail(Code::kForbidden,
                "the CA is given as files: put the new one into modules.cloudHub.tlsCAFile and "
                "tlsCAKeyFile and restart cloudcore; it is rolled out in the same way");
  }
  return run_command(config, [now = command.now](CommandSession session) {
    return rotate(std::move(session), now);
  });
}

}  // namespace

int ca_command(const config::CloudConfig& config, const CaCommand& command) {
  Result<void> done = run(config, command);
  if (done) return 0;
  fmt::print(stderr, "cloudcore ca: {}\n", done.error().what);
  return 1;
}

}  // namespace skerry::cloudcore

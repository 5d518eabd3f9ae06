#include "cloudcore/token_command.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

#include "cloudcore/cloudhub/join_tokens.h"
#include "cloudcore/cloudhub/pki.h"
#include "cloudcore/command_session.h"
#include "common/config/edge_config.h"
#include "common/config/go_duration.h"
#include "common/config/label_list.h"
#include "common/k8s/time.h"

namespace skerry::cloudcore {
namespace {

using cloudhub::JoinToken;
using cloudhub::TokenWish;

Result<TokenWish> wish_of(const TokenCommand& command) {
  TokenWish wish;
  if (!command.node.empty() && !config::is_node_name(command.node)) {
    return fail(Code::kMalformed, "--node \"" + command.node + "\" cannot be a node's name");
  }
  wish.node = NodeName(command.node);
  Result<std::map<std::string, std::string>> labels = config::parse_label_list(command.labels);
  if (!labels) return fail("--labels", labels.error());
  wish.labels = std::move(*labels);
  const auto life = config::parse_go_duration(command.ttl);
  if (!life) {
    return fail(Code::kMalformed, "--ttl \"" + command.ttl + "\" is not a duration such as 90m");
  }
  wish.life = *life;
  wish.uses_max = command.reusable;
  if (Result<void> checked = cloudhub::check_wish(wish); !checked) return fail(checked.error());
  return wish;
}

async::Task<Result<void>> create(CommandSession session,
                                 config::CloudConfig config,
                                 TokenWish wish) {
  Result<cloudhub::CaSet> ca = co_await node_ca(session, config);
  if (!ca) co_return fail(ca.error());
  Result<std::shared_ptr<const cloudhub::Pki>> pki =
      cloudhub::Pki::make(*ca, kNodeCertificateLife, session.world.clock.wall());
  if (!pki) co_return fail(pki.error());
  const std::string whose = wish.node.empty() ? "any new node" : "node " + wish.node.str();
  const auto tokens = std::make_shared<cloudhub::JoinTokens>(session.identities, session.world);
  const WallTime end =
      session.world.clock.wall() + std::chrono::duration_cast<WallTime::duration>(wish.life);
  Result<cloudhub::PrintedToken> printed = co_await tokens->create(wish, (*pki)->hash());
  if (!printed) co_return fail(printed.error());
  fmt::print(stderr, "For {}, {} join(s), until {}. It is shown this once:\n", whose, wish.uses_max,
             k8s::format_time(end));
  if (ca->next) {
    fmt::print(stderr, "note: a new CA is on its way; once it is in use this token is useless\n");
  }
  fmt::print("{}\n", printed->text());
  co_return Result<void>();
}

std::string state_of(const JoinToken& token, WallTime now) {
  if (now >= token.expires) return "expired";
  if (static_cast<std::int64_t>(token.uses.size()) >= token.uses_max) return "used";
  return "valid";
}

std::string used_by(const JoinToken& token) {
  std::string text;
  for (const cloudhub::TokenUse& use : token.uses) {
    text += (text.empty() ? "" : ",") + use.node.str();
  }
  return text.empty() ? "-" : text;
}

async::Task<Result<void>> list(CommandSession session) {
  const auto tokens = std::make_shared<cloudhub::JoinTokens>(session.identities, session.world);
  Result<std::vector<JoinToken>> found = co_await tokens->list();
  if (!found) co_return fail(found.error());
  const WallTime now = session.world.clock.wall();
  fmt::print("{:<8} {:<8} {:<21} {:<7} {:<24} {}\n", "ID", "STATE", "EXPIRES", "USES", "FOR NODE",
             "USED BY");
  for (const JoinToken& token : *found) {
    const std::string uses = fmt::format("{}/{}", token.uses.size(), token.uses_max);
    fmt::print("{:<8} {:<8} {:<21} {:<7} {:<24} {}\n", token.id, state_of(token, now),
               k8s::format_time(token.expires), uses,
               token.node.empty() ? "(any)" : token.node.str(), used_by(token));
  }
  co_return Result<void>();
}

async::Task<Result<void>> remove(CommandSession session, std::string id) {
  const auto tokens = std::make_shared<cloudhub::JoinTokens>(session.identities, session.world);
  Result<void> removed = co_await tokens->remove(id);
  if (!removed) co_return removed;
  fmt::print("token {} deleted\n", id);
  co_return removed;
}

Result<void> run(const config::CloudConfig& config, const TokenCommand& command) {
  switch (command.verb) {
    case TokenCommand::Verb::kCreate: {
      Result<TokenWish> wish = wish_of(command);
      if (!wish) return fail(wish.error());
      return run_command(config, [config, wish = *wish](CommandSession session) {
        return create(std::move(session), config, wish);
      });
    }
    case TokenCommand::Verb::kList:
      return run_command(config, list);
    case TokenCommand::Verb::kDelete: {
      // A printed token works too: its id is what counts. Nothing of it is echoed.
      const auto first = command.id.find('.');
      const auto second = command.id.find('.', first + 1);
      std::string id = command.id;
      if (first != std::string::npos && second != std::string::npos) {
        id = command.id.substr(first + 1, second - first - 1);
      }
      const bool is_id = id.size() == 6 && std::all_of(id.begin(), id.end(), [](char c) {
                           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
                         });
      if (!is_id) {
        return fail(Code::kMalformed,
                    "not a token's id (6 letters and digits); `cloudcore token list` has them");
      }
      return run_command(config,
                         [id](CommandSession session) { return remove(std::move(session), id); });
    }
  }
  return fail(Code::kInternal, "no such verb");
}

}  // namespace

int token_command(const config::CloudConfig& config, const TokenCommand& command) {
  Result<void> done = run(config, command);
  if (done) return 0;
  fmt::print(stderr, "cloudcore token: {}\n", done.error().what);
  return 1;
}

}  // namespace skerry::cloudcore

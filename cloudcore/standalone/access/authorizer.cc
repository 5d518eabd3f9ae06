#include "cloudcore/standalone/access/authorizer.h"

namespace skerry::standalone {
namespace {

constexpr const char* kMasters = "system:masters";

}  // namespace

bool Authorizer::allows(const User& user, const AccessQuestion& question) const {
  if (user.in_group(kMasters)) return true;
  if (const auto node = node_of(user); node && nodes_.decide(*node, question).allowed) return true;
  return rbac_.allows(user, question);
}

AccessDecision Authorizer::decide(const User& user, const AccessQuestion& question) const {
  if (user.in_group(kMasters)) return {true, ""};
  AccessDecision by_node;
  if (const auto node = node_of(user)) by_node = nodes_.decide(*node, question);
  if (by_node.allowed) return by_node;
  AccessDecision by_role = rbac_.decide(user, question);
  if (!by_role.allowed && !by_node.reason.empty()) by_role.reason = by_node.reason;
  return by_role;
}

Answer<void> Authorizer::check(const User& user, const AccessQuestion& question) const {
  if (allows(user, question)) return {};
  return may_not(user, question, decide(user, question).reason);
}

}  // namespace skerry::standalone

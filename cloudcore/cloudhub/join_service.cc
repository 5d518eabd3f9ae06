#include "cloudcore/cloudhub/join_service.h"

#include <algorithm>

#include "cloudcore/cloudhub/identity_metrics.h"
#include "common/base/assert.h"
#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/config/edge_config.h"
#include "common/k8s/time.h"
#include "common/tls/key.h"

namespace skerry::cloudhub {
namespace {

constexpr int kConflictRetries = 8;
constexpr std::size_t kLabelsMax = 64;
constexpr std::size_t kLabelBytesMax = 512;

std::string hex(const Sha256& hash) {
  return to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

bool is_for_good(const Error& error) {
  return error.code == Code::kUnauthorized || error.code == Code::kForbidden ||
         error.code == Code::kMalformed || error.code == Code::kTooLarge;
}

Error not_ready() {
  return {Code::kUnavailable, "cloudcore is starting; try again", std::chrono::seconds(1)};
}

Error revoked(const NodeName& node) {
  return {Code::kForbidden,
          "node \"" + node.str() + "\" was revoked; let it join again with a new token",
          {}};
}

bool is_denied(const DenySet& set, const TokenUse& use) {
  return set.is_denied(use.node, use.serial, use.issued - kCertificateBackdate);
}

Result<void> check_labels(const Labels& labels) {
  if (labels.size() > kLabelsMax) return fail(Code::kMalformed, "too many labels");
  for (const auto& [key, value] : labels) {
    if (key.empty() || key.size() + value.size() > kLabelBytesMax) {
      return fail(Code::kMalformed, "a label is empty or too long");
    }
    if (!is_label_for_nodes(key)) {
      return fail(Code::kForbidden, "a node may not set label \"" + key +
                                        "\" itself; put it into the token (cloudcore token create "
                                        "--labels) or set it on the Node");
    }
  }
  return {};
}

}  // namespace

std::optional<NodeName> node_of(const lane::PeerIdentity& peer) {
  if (peer.common_name.rfind(kNodeNamePrefix, 0) != 0) return std::nullopt;
  const std::string name = peer.common_name.substr(kNodeNamePrefix.size());
  if (!config::is_node_name(name)) return std::nullopt;
  return NodeName(name);
}

Admission admit(const lane::PeerIdentity& peer,
                const DenySet* denied,
                WallTime now,
                lane::Goodbye& refusal) {
  if (denied == nullptr) {
    refusal = goodbye_for(not_ready());
    return Admission::kNothing;
  }
  if (peer.common_name.empty()) return Admission::kJoinOnly;
  const std::optional<NodeName> node = node_of(peer);
  if (!node) {
    refusal = {lane::GoodbyeCode::kProtocol, "the certificate is not a node's", {}};
    return Admission::kNothing;
  }
  if (denied->is_denied(*node, peer.serial_hex, peer.not_before)) {
    refusal = {lane::GoodbyeCode::kRevoked, revoked(*node).what, {}};
    return Admission::kNothing;
  }
  if (now < peer.not_after) return Admission::kSession;
  if (now < peer.not_after + kRenewAfterExpiryMax) return Admission::kRenewOnly;
  refusal = {lane::GoodbyeCode::kRevoked,
             "the certificate expired at " + k8s::format_time(peer.not_after) +
                 ", too long ago to be renewed; join again with a new token",
             {}};
  return Admission::kNothing;
}

lane::Goodbye goodbye_for(const Error& error) {
  if (!is_for_good(error)) {
    const auto wait = std::max(error.retry_after, std::chrono::milliseconds(1000));
    return {lane::GoodbyeCode::kNotReady, error.what, wait};
  }
  return {lane::GoodbyeCode::kProtocol, error.what, {}};
}

JoinService::JoinService(Parts parts)
    : store_(std::move(parts.store)),
      pki_(std::move(parts.pki)),
      world_(parts.world),
      registry_(parts.registry),
      tokens_(std::make_shared<JoinTokens>(store_, world_)) {
  SKERRY_ASSERT(store_ && pki_ && registry_ != nullptr, "the join service lacks a part");
}

void JoinService::count(const metrics::MetricInfo& metric, std::string_view result) {
  registry_->counter(metric, {{"result", std::string(result)}}).add();
}

lane::CertificateReply JoinService::reply_with(const std::string& certificate_pem) const {
  return {.certificate_pem = certificate_pem, .ca_bundle_pem = pki_->bundle_pem()};
}

// ---- join --------------------------------------------------------------------------------------

async::Task<Result<lane::CertificateReply>> JoinService::join(std::shared_ptr<JoinService> self,
                                                              lane::JoinRequest request,
                                                              std::string remote_address) {
  if (!self->rate_.take(remote_address, self->world_.clock.now())) {
    self->count(kJoinsTotal, "throttled");
    co_return fail(Error{Code::kThrottled, "too many join requests; try again",
                         std::chrono::milliseconds(1000 + self->world_.random.below(4000))});
  }
  const std::string node = request.node.str().substr(0, 64);
  Reply reply = co_await try_join(self, std::move(request));
  if (!reply) {
    self->count(kJoinsTotal, is_for_good(reply.error()) ? "refused" : "failed");
    log::warning("join refused", {{"node", node},
                                  {"from", remote_address},
                                  reply.error(),
                                  {"audit", "denied"}});
  }
  co_return reply;
}

async::Task<Result<lane::CertificateReply>> JoinService::try_join(std::shared_ptr<JoinService> self,
                                                                  lane::JoinRequest request) {
  if (!self->denied_) co_return fail(not_ready());
  const std::optional<PresentedToken> presented = parse_presented_token(request.token);
  if (!presented) co_return fail(unknown_token());
  if (!config::is_node_name(request.node.str()) || request.node.str().size() > kJoinNodeNameMax) {
    co_return fail(Code::kMalformed,
                   "a node's name is of a-z, 0-9, '-' and '.', at most 200 characters; choose one "
                   "with --edgenode-name");
  }
  if (Result<void> checked = check_labels(request.labels); !checked)
    co_return fail(checked.error());
  Result<tls::RequestInfo> csr = tls::parse_request(request.csr_pem);
  if (!csr) co_return fail("the certificate request", csr.error());
  Result<std::optional<NodeIdentity>> taken_by = co_await find_identity(self->store_, request.node);
  if (!taken_by) co_return fail(taken_by.error());

  JoinTokens::Redemption redemption;
  redemption.token = *presented;
  redemption.node = request.node;
  redemption.key_hash = hex(csr->public_key_sha256);
  redemption.issue = [self, taken_by = *taken_by, request](const JoinToken& token) {
    return self->issue_for_join(token, taken_by, request);
  };
  const std::shared_ptr<JoinTokens> tokens = self->tokens_;
  Result<JoinTokens::Redeemed> redeemed = co_await tokens->redeem(std::move(redemption));
  if (!redeemed) co_return fail(redeemed.error());
  if (is_denied(*self->denied_, redeemed->use)) co_return fail(revoked(request.node));
  Labels labels = std::move(request.labels);
  for (const auto& [key, value] : redeemed->token.labels) labels[key] = value;  // the token's win
  Result<void> remembered = co_await remember_join(self, *redeemed, std::move(labels));
  if (!remembered) co_return fail(remembered.error());

  self->count(kJoinsTotal, redeemed->repeated ? "repeated" : "issued");
  log::info("node joined", {{"node", redeemed->use.node.str()},
                            {"token", redeemed->token.id},
                            {"serial", redeemed->use.serial},
                            {"repeated", redeemed->repeated ? "true" : "false"}});
  co_return self->reply_with(redeemed->use.certificate_pem);
}

/// A name that has a living identity is not handed to another key by a token that was made for
/// nobody in particular: with it any holder of a token could take over any node.
Result<TokenUse> JoinService::issue_for_join(const JoinToken& token,
                                             const std::optional<NodeIdentity>& taken_by,
                                             const lane::JoinRequest& request) const {
  const WallTime now = world_.clock.wall();
  Result<TokenUse> use = pki_->issue_node(request.node, request.csr_pem, now);
  if (!use) return use;
  if (is_denied(*denied_, *use)) {
    return fail(Error{Code::kUnavailable,
                      "node \"" + request.node.str() +
                          "\" was revoked this very moment, or by a machine whose clock is ahead; "
                          "try again",
                      std::chrono::seconds(2)});
  }
  const bool other_key = taken_by && taken_by->key_hash != use->key_hash;
  if (!other_key || !token.node.empty()) return use;
  const bool is_revoked =
      denied_->is_denied(taken_by->node, taken_by->serial, taken_by->issued - kCertificateBackdate);
  if (is_revoked) return use;
  return fail(Code::kForbidden,
              "there is a node \"" + request.node.str() + "\" already, joined at " +
                  k8s::format_time(taken_by->joined) +
                  "; choose another --edgenode-name, or let this one take its place: cloudcore "
                  "token create --node " +
                  request.node.str());
}

/// Also after a repeat: the first try may have ended between the token and here. An older answer
/// never replaces a newer identity.
async::Task<Result<void>> JoinService::remember_join(std::shared_ptr<JoinService> self,
                                                     JoinTokens::Redeemed redeemed,
                                                     Labels labels) {
  const TokenUse& use = redeemed.use;
  for (int attempt = 0; attempt < kConflictRetries; ++attempt) {
    Result<std::optional<NodeIdentity>> before = co_await find_identity(self->store_, use.node);
    if (!before) co_return fail(before.error());
    const bool known = before->has_value();
    if (known && ((*before)->serial == use.serial || (*before)->issued > use.issued)) {
      co_return Result<void>();
    }
    if (known && (*before)->key_hash != use.key_hash) {
      const NodeIdentity old = **before;
      const WallTime now = self->world_.clock.wall();
      std::function<void(DenySet&)> deny = [old, now](DenySet& set) {
        for (const std::string& serial : old.lineage) {
          set.deny_serial(old.node, serial, now, "replaced by another key");
        }
        set.prune(now);
      };
      Result<void> denied = co_await change_deny_list(self->store_, std::move(deny));
      if (!denied) co_return fail(denied.error());
    }
    NodeIdentity identity{.node = use.node,
                          .key_hash = use.key_hash,
                          .serial = use.serial,
                          .issued = use.issued,
                          .not_after = use.not_after,
                          .joined = use.issued,
                          .token_id = redeemed.token.id,
                          .labels = labels,
                          .lineage = {use.serial},
                          .registered = false,
                          .accepted_cluster = {},
                          .ca_held = {},
                          .resource_version = known ? (*before)->resource_version : ""};
    Result<void> put = co_await put_identity(self->store_, std::move(identity));
    if (put) co_return put;
    const Code code = put.error().code;
    if (code != Code::kConflict && code != Code::kAlreadyExists && code != Code::kNotFound) {
      co_return put;
    }
  }
  co_return fail(Code::kUnavailable, "the node's record changes all the time; try again");
}

// ---- renew -------------------------------------------------------------------------------------

async::Task<Result<lane::CertificateReply>> JoinService::renew(std::shared_ptr<JoinService> self,
                                                               lane::PeerIdentity peer,
                                                               lane::RenewRequest request) {
  if (!self->rate_.take("node " + peer.common_name, self->world_.clock.now())) {
    self->count(kRenewalsTotal, "throttled");
    co_return fail(
        Error{Code::kThrottled, "too many renewals; try again", std::chrono::seconds(5)});
  }
  const std::string name = peer.common_name;
  Reply reply = co_await try_renew(self, std::move(peer), std::move(request));
  if (reply) {
    self->count(kRenewalsTotal, "issued");
    log::info("certificate renewed", {{"peer", name}});
  } else {
    self->count(kRenewalsTotal, is_for_good(reply.error()) ? "refused" : "failed");
    log::warning("renewal refused", {{"peer", name}, reply.error(), {"audit", "denied"}});
  }
  co_return reply;
}

async::Task<Result<lane::CertificateReply>> JoinService::try_renew(
    std::shared_ptr<JoinService> self, lane::PeerIdentity peer, lane::RenewRequest request) {
  const WallTime now = self->world_.clock.wall();
  lane::Goodbye refusal;
  const Admission admission = admit(peer, self->denied_.get(), now, refusal);
  if (admission == Admission::kNothing || admission == Admission::kJoinOnly) {
    if (!self->denied_) co_return fail(not_ready());
    co_return fail(Code::kForbidden, refusal.reason.empty()
                                         ? "only a node's certificate can be renewed"
                                         : refusal.reason);
  }
  const NodeName node = *node_of(peer);
  for (int attempt = 0; attempt < kConflictRetries; ++attempt) {
    Result<std::optional<NodeIdentity>> found = co_await find_identity(self->store_, node);
    if (!found) co_return fail(found.error());
    NodeIdentity identity = found->value_or(NodeIdentity{});
    const bool in_lineage = std::find(identity.lineage.begin(), identity.lineage.end(),
                                      peer.serial_hex) != identity.lineage.end();
    if (found->has_value() && !in_lineage) {
      co_return fail(Code::kForbidden,
                     "this certificate of node \"" + node.str() + "\" was replaced at " +
                         k8s::format_time(identity.joined) + "; join again with a new token");
    }
    Result<TokenUse> use = self->pki_->issue_node(node, request.csr_pem, now);
    if (!use) co_return fail(use.error());
    if (!found->has_value()) identity.joined = use->issued;  // its record was deleted: begin anew
    identity.node = node;
    identity.key_hash = use->key_hash;
    identity.serial = use->serial;
    identity.issued = use->issued;
    identity.not_after = use->not_after;
    identity.lineage = extend_lineage(std::move(identity.lineage), peer.serial_hex, use->serial);
    Result<void> put = co_await put_identity(self->store_, std::move(identity));
    if (put) co_return self->reply_with(use->certificate_pem);
    const Code code = put.error().code;
    if (code != Code::kConflict && code != Code::kAlreadyExists && code != Code::kNotFound) {
      co_return fail(put.error());
    }
  }
  co_return fail(Code::kUnavailable, "the node's record changes all the time; try again");
}

}  // namespace skerry::cloudhub

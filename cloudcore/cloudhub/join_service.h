// Who gets a certificate: Join by token, Renew by the certificate so far. The session layer calls
// it for connections that may do nothing else. Source: design.md section 6.
#pragma once

#include <memory>
#include <string>

#include "cloudcore/cloudhub/deny_list.h"
#include "cloudcore/cloudhub/identity_nodes.h"
#include "cloudcore/cloudhub/join_rate.h"
#include "cloudcore/cloudhub/join_tokens.h"
#include "cloudcore/cloudhub/pki.h"
#include "common/lane/lane.h"
#include "common/lane/message.h"
#include "common/metrics/registry.h"

namespace skerry::cloudhub {

/// "system:node:gateway-7" -> gateway-7; nothing for any other name.
std::optional<NodeName> node_of(const lane::PeerIdentity& peer);

enum class Admission : std::uint8_t { kNothing, kJoinOnly, kRenewOnly, kSession };
/// What a connection may do, from its certificate alone. `denied` null: the list is not known yet,
/// so nobody gets in. `refusal` is filled in for kNothing.
Admission admit(const lane::PeerIdentity& peer,
                const DenySet* denied,
                WallTime now,
                lane::Goodbye& refusal);

/// An error of join() or renew() as the peer hears it.
lane::Goodbye goodbye_for(const Error& error);

/// Owner: App; `self` is held by each running call. Thread: the control loop; the hub's shards post
/// here. Limits: JoinRate. The secret of a token is never logged.
class JoinService {
 public:
  struct Parts {
    std::shared_ptr<IdentityStore> store;
    std::shared_ptr<const Pki> pki;
    seam::World world;
    metrics::Registry* registry;  // outlives the service
  };
  explicit JoinService(Parts parts);

  /// Errors: kUnauthorized, kForbidden, kMalformed: for good, the text says what to do;
  /// kThrottled, kUnavailable, ...: the same request may succeed later.
  static async::Task<Result<lane::CertificateReply>> join(std::shared_ptr<JoinService> self,
                                                          lane::JoinRequest request,
                                                          std::string remote_address);
  static async::Task<Result<lane::CertificateReply>> renew(std::shared_ptr<JoinService> self,
                                                           lane::PeerIdentity peer,
                                                           lane::RenewRequest request);

  /// From CaRollout: who signs, and what joining nodes are to trust.
  void set_pki(std::shared_ptr<const Pki> pki) { pki_ = std::move(pki); }
  /// From DenyListWatch. Null until the first call: nobody joins or renews before.
  void set_denied(std::shared_ptr<const DenySet> denied) { denied_ = std::move(denied); }

 private:
  using Reply = Result<lane::CertificateReply>;

  static async::Task<Reply> try_join(std::shared_ptr<JoinService> self, lane::JoinRequest request);
  static async::Task<Reply> try_renew(std::shared_ptr<JoinService> self,
                                      lane::PeerIdentity peer,
                                      lane::RenewRequest request);
  static async::Task<Result<void>> remember_join(std::shared_ptr<JoinService> self,
                                                 JoinTokens::Redeemed redeemed,
                                                 Labels labels);
  Result<TokenUse> issue_for_join(const JoinToken& token,
                                  const std::optional<NodeIdentity>& taken_by,
                                  const lane::JoinRequest& request) const;
  lane::CertificateReply reply_with(const std::string& certificate_pem) const;
  void count(const metrics::MetricInfo& metric, std::string_view result);

  std::shared_ptr<IdentityStore> store_;
  std::shared_ptr<const Pki> pki_;
  seam::World world_;
  metrics::Registry* registry_;
  std::shared_ptr<JoinTokens> tokens_;
  JoinRate rate_;
  std::shared_ptr<const DenySet> denied_;
};

}  // namespace skerry::cloudhub

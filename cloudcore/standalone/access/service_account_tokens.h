// Tokens of ServiceAccounts: issued, and checked against what is stored now. A token ends with its
// time, its account, and the pod, secret or node that it is bound to.
//
// Owner: Access. Thread: the API's loop. Limits: kTokensRemembered signatures are not checked
// again. Source: KEP-1205, KEP-2799, KEP-4193.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "cloudcore/standalone/api/object_store.h"
#include "cloudcore/standalone/api/request.h"
#include "common/base/hash.h"
#include "common/seam/world.h"
#include "common/tls/signing_key.h"

namespace skerry::standalone {

inline constexpr std::size_t kTokensRemembered = 1024;

struct TokenOrder {
  std::string ns;
  std::string account;
  std::string account_uid;
  std::vector<std::string> audiences;
  std::chrono::seconds life{};
  /// What the client asked for when `life` was made longer; then its use is warned of.
  std::optional<std::chrono::seconds> warn_after;
  struct Bound {
    std::string kind;  // "pod", "secret", "node"
    std::string name;
    std::string uid;
  };
  std::vector<Bound> bound;
};

/// Whom a token proves.
struct ProvenToken {
  User user;
  std::vector<std::string> audiences;  // those that were asked for
};

class ServiceAccountTokens {
 public:
  ServiceAccountTokens(const ObjectStore& store,
                       seam::World world,
                       tls::SigningKey key,
                       std::string issuer)
      : store_(store), world_(world), key_(std::move(key)), issuer_(std::move(issuer)) {}

  std::string issue(const TokenOrder& order) const;
  /// The token of a Secret of type kubernetes.io/service-account-token: it ends with the Secret.
  std::string issue_of_secret(const TokenOrder& order, const std::string& secret) const;

  /// `audiences` empty: the API's own. Errors: why it is none, for people.
  tl::expected<ProvenToken, std::string> check(std::string_view token,
                                               const std::vector<std::string>& audiences) const;

  const std::string& issuer() const { return issuer_; }
  const tls::SigningKey& key() const { return key_; }

 private:
  using Claims = std::shared_ptr<const nlohmann::json>;
  Claims signed_claims(std::string_view token) const;
  tl::expected<ProvenToken, std::string> check_of_secret(const nlohmann::json& claims,
                                                         std::string_view token) const;
  bool alive(const std::string& prefix, const std::string& ns, const nlohmann::json& named) const;

  const ObjectStore& store_;
  seam::World world_;
  tls::SigningKey key_;
  std::string issuer_;
  mutable std::map<Sha256, Claims> remembered_;  // whose signature is right
};

}  // namespace skerry::standalone

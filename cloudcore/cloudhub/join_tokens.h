// The join tokens in the identity store: create, list, remove, redeem. Decisions: join_token.h.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cloudcore/cloudhub/identity_store.h"
#include "cloudcore/cloudhub/join_token.h"

namespace skerry::cloudhub {

/// Owner: App, or a command. Thread: the control loop.
class JoinTokens {
 public:
  JoinTokens(std::shared_ptr<IdentityStore> store, seam::World world);

  /// `ca_hash`: what the edge pins. Errors: kMalformed (the wish), the store's.
  async::Task<Result<PrintedToken>> create(TokenWish wish, std::string ca_hash);
  async::Task<Result<std::vector<JoinToken>>> list();
  /// Errors: kNotFound.
  async::Task<Result<void>> remove(std::string id);
  /// Removes those that expired more than a day ago. Answers how many.
  async::Task<Result<std::size_t>> sweep();

  struct Redemption {
    PresentedToken token;
    NodeName node;
    std::string key_hash;
    /// Signs; called for each attempt, its result counts only once it is recorded.
    std::function<Result<TokenUse>(const JoinToken&)> issue;
  };
  struct Redeemed {
    TokenUse use;
    JoinToken token;
    bool repeated = false;  // the certificate of an earlier join with the same key
  };
  /// Of any number of racers at most uses_max get a certificate. Errors: as decide_redeem, as
  /// issue, the store's (retryable: ask again with the same key).
  async::Task<Result<Redeemed>> redeem(Redemption redemption);

 private:
  std::shared_ptr<IdentityStore> store_;
  seam::World world_;
};

}  // namespace skerry::cloudhub

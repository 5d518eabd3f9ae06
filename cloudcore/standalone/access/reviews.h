// Questions about users and rights as requests: TokenReview, SelfSubjectReview, the four access
// reviews, and TokenRequest, which makes a token. Nothing of them is stored.
//
// Owner: Access. Thread: the API's loop. Errors: Kubernetes' own.
// Source: pkg/registry/{authentication,authorization}, serviceaccount/storage/token.go, as
// behaviour.
#pragma once

#include "cloudcore/standalone/access/authorizer.h"
#include "cloudcore/standalone/access/service_account_tokens.h"
#include "cloudcore/standalone/api/api.h"

namespace skerry::standalone {

class Reviews {
 public:
  Reviews(ObjectStore& store,
          seam::World world,
          const ServiceAccountTokens& tokens,
          const Authorizer& authorizer)
      : store_(store), world_(world), tokens_(tokens), authorizer_(authorizer) {}

  /// Answers their requests from now on.
  void join(Api& api);

  RestAnswer token_review(const ResourceRequest& request) const;
  RestAnswer self_review(const ResourceRequest& request) const;
  RestAnswer access_review(const ResourceRequest& request) const;
  RestAnswer local_access_review(const ResourceRequest& request) const;
  RestAnswer self_access_review(const ResourceRequest& request) const;
  RestAnswer self_rules_review(const ResourceRequest& request) const;
  RestAnswer token_request(const ResourceRequest& request) const;  // token_request.cc

 private:
  Answer<TokenOrder> token_order(const ResourceRequest& request,
                                 const StoredObject& account,
                                 nlohmann::json& spec) const;
  Answer<std::vector<TokenOrder::Bound>> bound_objects(const ResourceRequest& request,
                                                       const nlohmann::json& reference) const;

  ObjectStore& store_;
  seam::World world_;
  const ServiceAccountTokens& tokens_;
  const Authorizer& authorizer_;
};

/// The body of a review as an object of its type, with its kind set. Errors: 400, 413, 415.
Answer<nlohmann::json> review_body(const ResourceRequest& request, const KindRow& row);

}  // namespace skerry::standalone

// This node's certificate in use: how to dial with it and when to renew it.
#pragma once

#include <memory>

#include "common/async/task.h"
#include "common/lane/lane.h"
#include "common/seam/world.h"
#include "common/tls/context.h"
#include "edgecore/edgehub/identity_store.h"
#include "edgecore/edgehub/join_client.h"
#include "edgecore/edgehub/renewal.h"

namespace skerry::edgecore {

/// Owner: App. Thread: the loop.
class NodeIdentity {
 public:
  NodeIdentity(std::shared_ptr<edgehub::IdentityStore> files,
               edgehub::StoredIdentity identity,
               edgehub::ServerAddress server,
               seam::Clock& clock);

  /// One attempt. An expired certificate is renewed first.
  async::Task<Result<std::unique_ptr<lane::Lane>>> dial();
  /// kDue: renew over the live link. An expired certificate opens no session any more.
  edgehub::CertificateState state() const;
  WallTime issued() const;
  /// When it becomes kDue.
  WallTime renewal_time() const;
  Result<lane::RenewRequest> request() const { return edgehub::renew_request(identity_); }
  void renewed(const lane::CertificateReply& reply);
  void new_bundle(const std::string& pem);
  const edgehub::StoredIdentity& stored() const { return identity_; }
  /// Of the bundle that the next dial trusts.
  Digest ca_bundle_digest() const { return digest(identity_.ca_bundle_pem); }
  const edgehub::ServerAddress& server() const { return server_; }

 private:
  std::uint64_t jitter() const;
  void reload();

  std::shared_ptr<edgehub::IdentityStore> files_;
  edgehub::StoredIdentity identity_;
  edgehub::ServerAddress server_;
  seam::Clock& clock_;
  std::shared_ptr<tls::ClientContext> context_;  // null: to be made from identity_
};

}  // namespace skerry::edgecore

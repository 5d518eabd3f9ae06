// How a node gets its first certificate, and a new one when the old has expired: one connection,
// one question, one answer. `edgecore join` calls join(). Source: design.md section 6.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/async/task.h"
#include "common/base/hash.h"
#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/lane/lane.h"
#include "common/lane/message.h"
#include "common/seam/world.h"
#include "common/tls/context.h"
#include "edgecore/edgehub/identity_store.h"
#include "edgecore/edgehub/server_address.h"

namespace skerry::edgehub {

/// What `cloudcore token create` printed, taken apart.
struct JoinToken {
  Sha256 ca_hash{};
  std::string presented;  // "<id>.<secret>": sent only to a hub whose root has that hash
};
/// Errors: kMalformed, without repeating the text.
Result<JoinToken> parse_join_token(std::string_view text);

struct JoinOrder {
  std::string server;  // "host[:port]"
  std::string token;
  NodeName node;
  std::map<std::string, std::string> labels;
  std::string runtime_endpoint;
};

/// The way to the hub; tests hand in their own. `own`: certificate and key to show, or none.
using ConnectToHub =
    std::function<async::Task<Result<std::unique_ptr<lane::Lane>>>(ServerAddress server,
                                                                   tls::ServerTrust trust,
                                                                   std::optional<tls::Identity> own,
                                                                   TimePoint deadline)>;
/// The real one: websocket over TLS. `now` is asked at each connection (time floor).
ConnectToHub websocket_to_hub(std::function<WallTime()> now);

/// Joins and writes the identity. Repeating it with the same token is harmless. While the hub is
/// away or not ready it is tried again until the deadline. Errors: one line that says what to do.
async::Task<Result<void>> join(JoinOrder order,
                               std::shared_ptr<IdentityStore> identities,
                               ConnectToHub connect,
                               seam::World world,
                               TimePoint deadline);

/// A new certificate by the one that has expired (CertificateState::kExpired), stored. One attempt.
async::Task<Result<void>> renew_expired(std::shared_ptr<IdentityStore> identities,
                                        ServerAddress server,
                                        ConnectToHub connect,
                                        TimePoint deadline);

/// The request for renew over a live link (LinkProtocol::renew); the reply:
/// IdentityStore::save_renewed.
Result<lane::RenewRequest> renew_request(const StoredIdentity& identity);

}  // namespace skerry::edgehub

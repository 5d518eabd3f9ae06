// What a join token is and what may be done with it: pure decisions. The records' life:
// join_tokens.h. Source: design.md section 6, reference/reliability.md section 3.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloudcore/cloudhub/identity_store.h"
#include "common/base/ids.h"
#include "common/base/units.h"
#include "common/seam/world.h"

namespace skerry::cloudhub {

using Labels = std::map<std::string, std::string>;

inline constexpr std::int64_t kTokenUsesMax = 256;  // each use keeps its certificate in the record
inline constexpr std::size_t kTokenLabelsMax = 64;

/// One certificate that a token bought. The certificate is kept, so that the same question gets the
/// same answer when the first was lost on its way.
struct TokenUse {
  NodeName node;
  std::string key_hash;  // hex SHA-256 of the public key's SubjectPublicKeyInfo
  std::string serial;
  std::string certificate_pem;
  WallTime issued{};  // whole seconds
  WallTime not_after{};
};

/// As stored: the secret only as a salted hash.
struct JoinToken {
  std::string id;    // 6 of [a-z0-9], public
  std::string salt;  // 16 random bytes
  std::string hash;  // hex SHA-256 of salt + secret
  NodeName node;     // empty: any name that is not taken
  Labels labels;     // of the Node that joins
  std::int64_t uses_max = 1;
  WallTime created{};
  WallTime expires{};
  std::vector<TokenUse> uses;
  std::string resource_version;
};

/// "<sha256 of the CA's DER>.<id>.<secret>": what `token create` prints and `edgecore join` takes.
struct PrintedToken {
  std::string ca_hash;  // 64 hex digits
  std::string id;
  std::string secret;  // 32 hex digits
  std::string text() const { return ca_hash + "." + id + "." + secret; }
};

/// What the lane's JoinRequest carries.
struct PresentedToken {
  std::string id;
  std::string secret;
};
/// "<id>.<secret>", to the letter; nothing for anything else.
std::optional<PresentedToken> parse_presented_token(std::string_view text);

struct TokenWish {
  NodeName node = {};
  Labels labels = {};
  std::int64_t uses_max = 1;
  Duration life = kJoinTokenLifeMax;
};
/// Errors: kMalformed, naming what is wrong with the wish.
Result<void> check_wish(const TokenWish& wish);

struct NewToken {
  JoinToken token;
  std::string secret;
};
NewToken make_token(const TokenWish& wish, seam::World world);

bool secret_matches(const JoinToken& token, std::string_view secret);

/// A use to repeat; nothing: a new certificate may be issued. Errors: kUnauthorized (unknown, wrong
/// secret, expired), kForbidden (another node's, used up); one line that says what to do.
Result<std::optional<TokenUse>> decide_redeem(const JoinToken& token,
                                              std::string_view secret,
                                              const NodeName& node,
                                              std::string_view key_hash,
                                              WallTime now);

/// The refusal that does not tell a wrong id from a wrong secret.
Error unknown_token();

/// A label that a node may bring itself: as NodeRestriction has it for kubelets.
/// Source: k8s.io/kubernetes/plugin/pkg/admission/noderestriction.
bool is_label_for_nodes(std::string_view key);

Record encode_token(const JoinToken& token);
/// Errors: kMalformed.
Result<JoinToken> decode_token(const Record& record);
std::string token_record_name(std::string_view id);

}  // namespace skerry::cloudhub

// How long a credential is served that cannot be renewed. Pure. Source: design.md section 5: "a
// token or certificate that expires while the cloud is away is kept and served up to a declared
// limit, then stopped".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/units.h"
#include "common/lane/message.h"

namespace skerry::edged {

/// When a token's life really ends: the exp claim of the JWT, else `grant.expires`. The API server
/// signs default tokens for up to a year while it reports about an hour.
WallTime real_expiry(const lane::TokenGrant& grant);

enum class TokenState : std::uint8_t {
  kValid,
  kLeased,  // expired, and served under the offline lease
  kEnded,   // past the lease: no longer served
};
TokenState token_state(const lane::TokenGrant& grant, Duration lease, WallTime now);
/// When token_state() becomes kEnded.
WallTime lease_end(const lane::TokenGrant& grant, Duration lease);

/// The tokens of one pod: what is served, and until when that holds.
struct ServedTokens {
  using Place = std::pair<std::string, std::string>;  // volume, path in it
  std::map<Place, std::string> tokens;                // text; empty: its lease has ended
  std::vector<Place> ended;
  std::optional<WallTime> next_end;  // when the first that is served now ends

  void add(const Place& place, const lane::TokenGrant& grant, Duration lease, WallTime now);
};

}  // namespace skerry::edged

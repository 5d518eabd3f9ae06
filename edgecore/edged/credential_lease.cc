#include "edgecore/edged/credential_lease.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "common/base/base64.h"
#include "common/k8s/json_fields.h"

namespace skerry::edged {
namespace {

using std::chrono::seconds;

/// The year 2248: what 64 bits of nanoseconds can say, with a lease of years on top.
constexpr std::int64_t kLastSecond = 8'800'000'000;

}  // namespace

WallTime real_expiry(const lane::TokenGrant& grant) {
  const std::string_view token = grant.token;
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return grant.expires;
  const Result<std::string> claims = decode_base64url(token.substr(first + 1, second - first - 1));
  if (!claims) return grant.expires;
  const auto json = nlohmann::json::parse(*claims, nullptr, false);
  const std::int64_t exp = k8s::fields::number(json, "exp").value_or(0);
  return exp > 0 ? WallTime(seconds(std::min(exp, kLastSecond))) : grant.expires;
}

WallTime lease_end(const lane::TokenGrant& grant, Duration lease) {
  return real_expiry(grant) + std::chrono::duration_cast<WallTime::duration>(lease);
}

TokenState token_state(const lane::TokenGrant& grant, Duration lease, WallTime now) {
  if (now < real_expiry(grant)) return TokenState::kValid;
  return now < lease_end(grant, lease) ? TokenState::kLeased : TokenState::kEnded;
}

void ServedTokens::add(const Place& place,
                       const lane::TokenGrant& grant,
                       Duration lease,
                       WallTime now) {
  const bool is_served = token_state(grant, lease, now) != TokenState::kEnded;
  tokens[place] = is_served ? grant.token : "";
  if (!is_served) {
    ended.push_back(place);
    return;
  }
  const WallTime end = lease_end(grant, lease);
  next_end = std::min(next_end.value_or(end), end);
}

}  // namespace skerry::edged

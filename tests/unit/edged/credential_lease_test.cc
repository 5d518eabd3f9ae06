#include "edgecore/edged/credential_lease.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edged;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const WallTime kIssued{seconds(1'700'000'000)};
constexpr auto kMonth = hours(24 * 30);

lane::TokenGrant grant(std::string token, WallTime::duration reported_life) {
  lane::TokenGrant out;
  out.token = std::move(token);
  out.issued = kIssued;
  out.expires = kIssued + reported_life;
  return out;
}

// {"exp":1731536000}, {"exp":1700003600}, {"exp":9223372036854775807}; base64url.
constexpr const char* kOneYear = "e30.eyJleHAiOjE3MzE1MzYwMDB9.c2ln";
constexpr const char* kOneHour = "e30.eyJleHAiOjE3MDAwMDM2MDB9.c2ln";
constexpr const char* kAges = "e30.eyJleHAiOjkyMjMzNzIwMzY4NTQ3NzU4MDd9.c2ln";

}  // namespace

TEST_CASE("CredentialLease: the real life is the exp claim", "[edged]") {
  CHECK(real_expiry(grant(kOneYear, hours(1))) == kIssued + hours(24 * 365));
  CHECK(real_expiry(grant(kOneHour, hours(1))) == kIssued + hours(1));
}

TEST_CASE("CredentialLease: a token that is no JWT lives as long as was reported", "[edged]") {
  for (const char* token : {"", "opaque", "a.b", "a.!!.c", "a.e30.c", ".."}) {
    CHECK(real_expiry(grant(token, hours(2))) == kIssued + hours(2));
  }
}

TEST_CASE("CredentialLease: an absurd exp claim stays within what a clock can say", "[edged]") {
  CHECK(real_expiry(grant(kAges, hours(1))) > kIssued + hours(24 * 365 * 100));
  CHECK(token_state(grant(kAges, hours(1)), hours(24 * 3650), kIssued) == TokenState::kValid);
}

TEST_CASE("CredentialLease: an expired token is served up to the lease, then stopped", "[edged]") {
  const lane::TokenGrant token = grant(kOneHour, minutes(10));
  struct Row {
    WallTime::duration after;
    TokenState state;
  };
  const Row rows[] = {
      {-hours(1), TokenState::kValid},  // a clock that is behind
      {minutes(59), TokenState::kValid},
      {hours(1), TokenState::kLeased},
      {hours(1) + kMonth - seconds(1), TokenState::kLeased},
      {hours(1) + kMonth, TokenState::kEnded},
      {minutes(30), TokenState::kValid},  // and the clock is set back
      {hours(24 * 365), TokenState::kEnded},
  };
  for (const Row& row : rows) {
    INFO(std::chrono::duration_cast<minutes>(row.after).count());
    CHECK(token_state(token, kMonth, kIssued + row.after) == row.state);
  }
  CHECK(token_state(token, hours(0), kIssued + hours(1)) == TokenState::kEnded);
  CHECK(lease_end(token, kMonth) == kIssued + hours(1) + kMonth);
}

TEST_CASE("ServedTokens: what is served, what has ended, and when to look again", "[edged]") {
  ServedTokens served;
  const WallTime now = kIssued + hours(2) + kMonth;
  served.add({"api", "token"}, grant(kOneHour, hours(1)), kMonth, now);
  served.add({"vault", "token"}, grant(kOneYear, hours(1)), kMonth, now);
  served.add({"other", "token"}, grant("opaque", hours(3)), kMonth, now);
  CHECK(served.tokens.at({"api", "token"}).empty());
  CHECK(served.tokens.at({"vault", "token"}) == kOneYear);
  CHECK(served.ended == std::vector<ServedTokens::Place>{{"api", "token"}});
  CHECK(served.next_end == kIssued + hours(3) + kMonth);
}

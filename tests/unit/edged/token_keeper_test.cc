#include "edgecore/edged/token_keeper.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edged;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const WallTime kIssued{seconds(1'700'000'000)};

lane::TokenGrant grant(std::string token, WallTime::duration reported_life) {
  lane::TokenGrant out;
  out.token = std::move(token);
  out.issued = kIssued;
  out.expires = kIssued + reported_life;
  return out;
}

// {"exp":1731536000} and {"exp":1700003600}, base64url, between two other parts.
constexpr const char* kOneYear = "e30.eyJleHAiOjE3MzE1MzYwMDB9.c2ln";
constexpr const char* kOneHour = "e30.eyJleHAiOjE3MDAwMDM2MDB9.c2ln";

}  // namespace

TEST_CASE("TokenKeeper: renewal by the kubelet's rule, not before half the real life", "[edged]") {
  CHECK(renewal_due(grant(kOneHour, hours(1))) == kIssued + minutes(48));
  CHECK(renewal_due(grant("opaque", hours(100))) == kIssued + hours(50));
  CHECK(renewal_due(grant(kOneYear, hours(1))) == kIssued + hours(24 * 365 / 2));
}

#include "cloudcore/cloudhub/handshake_rate.h"

#include "tests/support/catch.h"

namespace {

using namespace skerry;
using cloudhub::HandshakeRate;

const TimePoint kStart{1h};

/// As the hub does it for `time` while more wait than may begin. Answers how many began.
int knock_for(HandshakeRate& rate, TimePoint& now, Duration time) {
  const TimePoint end = now + time;
  int begun = 0;
  while (now < end) {
    const TimePoint from = rate.next(now);
    if (from > TimePoint::min()) {
      REQUIRE(from > now);  // or the hub would spin
      now = from;
      continue;
    }
    rate.take(now);
    ++begun;
  }
  return begun;
}

}  // namespace

TEST_CASE("HandshakeRate: over any second there are rate and one burst at most", "[cloudhub]") {
  HandshakeRate rate(2000);
  TimePoint now = kStart;
  CHECK(knock_for(rate, now, 1s) == 2000 + 200 - 1);  // what the full bucket held, and the rate
  CHECK(knock_for(rate, now, 1s) == 2000);
  CHECK(knock_for(rate, now, 10s) == 20'000);
}

TEST_CASE("HandshakeRate: a quiet time fills the bucket, and no more than it", "[cloudhub]") {
  HandshakeRate rate(100);
  TimePoint now = kStart;
  knock_for(rate, now, 1s);
  now += 1h;
  int at_once = 0;
  while (rate.next(now) == TimePoint::min()) {
    rate.take(now);
    ++at_once;
  }
  CHECK(at_once == 10);
  CHECK(rate.next(now) == now + 10ms);
}

TEST_CASE("HandshakeRate: a slow rate still lets one begin at once", "[cloudhub]") {
  HandshakeRate rate(1);
  CHECK(rate.next(kStart) == TimePoint::min());
  rate.take(kStart);
  CHECK(rate.next(kStart) == kStart + 1s);
  CHECK(rate.next(kStart + 999ms) == kStart + 1s);
  CHECK(rate.next(kStart + 1s) == TimePoint::min());
}

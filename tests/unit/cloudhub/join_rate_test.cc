#include "cloudcore/cloudhub/join_rate.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::cloudhub;

TEST_CASE("JoinRate: one noisy address is held at its rate and costs the others nothing",
          "[cloudhub]") {
  JoinRate rate;
  const TimePoint start{std::chrono::hours(5)};
  int noisy = 0;
  int honest = 0;
  for (int ms = 0; ms < 60'000; ++ms) {
    const TimePoint now = start + std::chrono::milliseconds(ms);
    if (rate.take("198.51.100.1", now)) ++noisy;
    if (ms % 5000 == 0 && rate.take("198.51.100.2", now)) ++honest;
  }
  CHECK(noisy <= 610);  // 10/s and one burst
  CHECK(noisy >= 590);
  CHECK(honest == 12);
}

TEST_CASE("JoinRate: many addresses together are held too, and memory is bounded", "[cloudhub]") {
  JoinRate rate;
  const TimePoint start{std::chrono::hours(5)};
  int taken = 0;
  for (int ms = 0; ms < 10'000; ++ms) {
    const TimePoint now = start + std::chrono::milliseconds(ms);
    if (rate.take("host-" + std::to_string(ms), now)) ++taken;
  }
  CHECK(taken <= 550);
  CHECK(taken >= 490);
  CHECK(rate.names() <= 4096);
}

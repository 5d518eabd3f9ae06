#include "edgecore/edged/resource_amounts.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edged;

TEST_CASE("ResourceAmounts: an absent or broken resource counts as nothing", "[edged]") {
  const StringMap resources = {{"cpu", "100m"}, {"memory", "64Mi"}, {"odd", "x"}, {"half", "0.5"}};
  CHECK(milli_of(resources, "cpu") == 100);
  CHECK(value_of(resources, "memory") == 67108864);
  CHECK(value_of(resources, "half") == 1);
  CHECK(value_of(resources, "gpu") == 0);
  CHECK(value_of(resources, "odd") == 0);
  CHECK(quantity_value("odd").error().code == Code::kMalformed);
}

TEST_CASE("ResourceAmounts: bytes are written with the largest unit that divides", "[edged]") {
  CHECK(format_bytes(0) == "0");
  CHECK(format_bytes(1500) == "1500");
  CHECK(format_bytes(4143554560) == "4046440Ki");
  CHECK(format_bytes(std::int64_t{2} << 20) == "2Mi");
}

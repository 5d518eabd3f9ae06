#include "common/k8s/quantity.h"

#include <limits>

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::k8s;

namespace {
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
Quantity parsed(std::string_view text) {
  INFO(text);
  auto quantity = parse_quantity(text);
  REQUIRE(quantity);
  return *quantity;
}
}  // namespace

TEST_CASE("Quantity: values round up and are capped", "[k8s]") {
  CHECK(parsed("0").value() == 0);
  CHECK(parsed("500m").value() == 1);
  CHECK(parsed("500m").milli_value() == 500);
  CHECK(parsed("1.5").milli_value() == 1500);
  CHECK(parsed("100u").milli_value() == 1);
  CHECK(parsed("1n").value() == 1);
  CHECK(parsed("0.1n").value() == 1);
  CHECK(parsed("128Mi").value() == 134217728);
  CHECK(parsed("1.5Gi").value() == 1610612736);
  CHECK(parsed("0.1Gi").value() == 107374183);
  CHECK(parsed("129M").value() == 129000000);
  CHECK(parsed("129e6").value() == 129000000);
  CHECK(parsed("5E-3").milli_value() == 5);
  CHECK(parsed("-2.5").value() == -3);
  CHECK(parsed("7Ei").value() == 8070450532247928832);
  CHECK(parsed("8Ei").value() == kMax);
  CHECK(parsed("9999999999999999999999").value() == kMax);
  CHECK(parsed("10E").milli_value() == kMax);
  CHECK(parsed("1e999").value() == kMax);
  CHECK(parsed("1e-999").value() == 1);
}

TEST_CASE("Quantity: text is what the API server writes", "[k8s]") {
  // Examples of k8s.io/apimachinery/pkg/api/resource/quantity.go and its tests.
  const std::pair<const char*, const char*> cases[] = {
      {"0", "0"},         {"0Ki", "0"},         {"1000m", "1"},
      {"1500m", "1500m"}, {"1.5", "1500m"},     {"1.5Gi", "1536Mi"},
      {"1024Ki", "1Mi"},  {"1000Ki", "1000Ki"}, {"0.1Gi", "107374182400m"},
      {"512Ki", "512Ki"}, {"1000", "1k"},       {"1100", "1100"},
      {"1000000", "1M"},  {"1e3", "1e3"},       {"12E6", "12e6"},
      {"1E", "1E"},       {"100", "100"},       {"0.5Ki", "512"},
      {"1.25u", "1250n"}, {"-1500m", "-1500m"}, {"-0", "0"},
      {"+3", "3"},        {".5", "500m"},       {"1.", "1"},
      {"2Ti", "2Ti"},     {"1e-3", "1e-3"},     {"120e-3", "120e-3"}};
  for (const auto& [given, wanted] : cases) CHECK(parsed(given).text() == wanted);
}

TEST_CASE("Quantity: made from numbers", "[k8s]") {
  CHECK(Quantity::bytes(4ll << 30).text() == "4Gi");
  CHECK(Quantity::bytes(1000).text() == "1k");
  CHECK(Quantity::bytes(1001).text() == "1001");
  CHECK(Quantity::bytes(2050).text() == "2050");
  CHECK(Quantity::milli(1500).text() == "1500m");
  CHECK(Quantity::milli(4000).text() == "4");
  CHECK(Quantity::milli(0).text() == "0");
}

TEST_CASE("Quantity: anything else is refused", "[k8s]") {
  for (const char* bad : {"", "m", "-", "1.2.3", "1 Gi", "Gi", "1gi", "1KI", "0x10", "1e", "1ee3",
                          "1i", "--1", "1e3Ki", "NaN", "."}) {
    INFO(bad);
    CHECK_FALSE(parse_quantity(bad));
  }
  CHECK_FALSE(parse_quantity(std::string(100, '1')));
}

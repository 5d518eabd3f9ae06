#include "common/config/byte_size.h"
#include "common/config/go_duration.h"
#include "tests/support/catch.h"

using namespace skerry::config;
using std::chrono::milliseconds;

TEST_CASE("GoDuration: parses what Go parses and nothing else", "[config]") {
  const std::pair<const char*, std::int64_t> good[] = {
      {"0", 0},       {"10s", 10'000}, {"1h30m", 5'400'000}, {"1.5h", 5'400'000},
      {"250ms", 250}, {"0.3s", 300},   {"-2s", -2'000},      {"+1m", 60'000},
      {".5s", 500},   {"1500us", 1},   {"24h", 86'400'000},  {"1m1ms", 60'001},
  };
  for (const auto& [text, value] : good) {
    CAPTURE(text);
    REQUIRE(parse_go_duration(text));
    CHECK(parse_go_duration(text)->count() == value);
  }
  for (const char* bad : {"", "10", "s", "1d", "1 s", "1s ", "1h 2m", "--1s", ".s", "1e3s", "-",
                          "99999999999999999999h"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_go_duration(bad));
  }
}

TEST_CASE("GoDuration: prints as Go prints", "[config]") {
  CHECK(format_go_duration(milliseconds(0)) == "0s");
  CHECK(format_go_duration(milliseconds(250)) == "250ms");
  CHECK(format_go_duration(milliseconds(1'500)) == "1.5s");
  CHECK(format_go_duration(milliseconds(60'000)) == "1m0s");
  CHECK(format_go_duration(milliseconds(5'400'000)) == "1h30m0s");
  CHECK(format_go_duration(milliseconds(-2'000)) == "-2s");
}

TEST_CASE("ByteSize: both ways", "[config]") {
  CHECK(parse_byte_size("10Mi")->bytes == 10u * 1024 * 1024);
  CHECK(parse_byte_size("1k")->bytes == 1000);
  CHECK(parse_byte_size("4096")->bytes == 4096);
  for (const char* bad : {"", "Mi", "10MB", "-1", "1.5Gi", "10 Mi", "99999999999Ti"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_byte_size(bad));
  }
  for (const char* text : {"0", "10Mi", "1Gi", "4097", "1500k"}) {
    CHECK(parse_byte_size(format_byte_size(*parse_byte_size(text))) == parse_byte_size(text));
  }
}

#include "common/k8s/time.h"

#include "common/k8s/object.h"
#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::k8s;

TEST_CASE("Time: fractions and offsets", "[k8s]") {
  CHECK(parse_time("1970-01-01T00:00:01Z") == WallTime(1s));
  CHECK(parse_time("1970-01-01T00:00:01.250000Z") == WallTime(1250ms));
  CHECK(parse_time("1970-01-01T01:00:00+01:00") == WallTime{});
  CHECK(parse_time("1969-12-31T23:59:59Z") == WallTime(-1s));
  CHECK(format_time(*parse_time("2026-11-24T10:00:00Z")) == "2026-11-24T10:00:00Z");
}

TEST_CASE("Time: what WallTime cannot hold is no time", "[k8s]") {
  CHECK(parse_time("2262-04-11T23:47:16Z"));
  CHECK(parse_time("1677-09-21T00:12:44Z"));
  for (const char* text : {"2262-04-11T23:47:17Z", "4052-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
                           "1677-09-21T00:12:43Z", "0000-01-01T00:00:00Z"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_time(text));
  }
}

TEST_CASE("Time: in a status such a time stays as it is written", "[k8s]") {
  const Result<std::string> projected =
      status_projection(Kind::kPod, R"({"startTime":"4052-01-01T00:00:00Z"})");
  REQUIRE(projected);
  CHECK(projected->find("4052-01-01T00:00:00Z") != std::string::npos);
}

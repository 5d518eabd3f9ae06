#include "common/base/log.h"

#include "tests/support/catch.h"

using namespace skerry;

TEST_CASE("Log: the configuration's words", "[base]") {
  CHECK(log::level_from("debug") == log::Level::kDebug);
  CHECK(log::level_from("info") == log::Level::kInfo);
  CHECK(log::level_from("warning") == log::Level::kWarning);
  CHECK(log::level_from("error") == log::Level::kError);
  CHECK(log::level_from("loud") == log::Level::kInfo);
  CHECK(log::format_from("json") == log::Format::kJson);
  CHECK(log::format_from("text") == log::Format::kKeyValue);
}

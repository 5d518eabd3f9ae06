#include "cloudcore/kube/line_splitter.h"

#include <vector>

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::kube;

TEST_CASE("LineSplitter: lines are the same however the bytes are cut", "[kube]") {
  const std::string text = "one\n\ntwo\r\nthree is longer\nrest";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    LineSplitter splitter(64);
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size(); at += step) {
      REQUIRE(splitter.feed(std::string_view(text).substr(at, step), [&](std::string_view line) {
        lines.emplace_back(line);
        return true;
      }));
    }
    CHECK(lines == std::vector<std::string>{"one", "two", "three is longer"});
    CHECK(splitter.inside_line());
  }
}

TEST_CASE("LineSplitter: a line over the limit is refused, one at the limit is not", "[kube]") {
  const auto ignore = [](std::string_view) { return true; };
  LineSplitter splitter(4);
  CHECK(splitter.feed("abcd\nab", ignore));
  CHECK(splitter.feed("cd", ignore));
  const auto over = splitter.feed("e", ignore);
  REQUIRE_FALSE(over);
  CHECK(over.error().code == Code::kTooLarge);
  LineSplitter fresh(4);
  CHECK_FALSE(fresh.feed("abcde\n", ignore));
}

TEST_CASE("LineSplitter: a listener that has heard enough hears no more", "[kube]") {
  LineSplitter splitter(10);
  int heard = 0;
  REQUIRE(splitter.feed("a\nb\nc\n", [&](std::string_view) { return ++heard < 2; }));
  CHECK(heard == 2);
}

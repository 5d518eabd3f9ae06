#include "common/config/label_list.h"

#include "tests/support/catch.h"

using namespace skerry;
using skerry::config::parse_label_list;

TEST_CASE("LabelList: key=value, with commas between", "[config]") {
  CHECK(parse_label_list("")->empty());
  const auto labels = parse_label_list("site=a,example.com/rack=R_7.x,empty=,bare");
  REQUIRE(labels);
  CHECK(*labels == std::map<std::string, std::string>{
                       {"bare", ""}, {"empty", ""}, {"example.com/rack", "R_7.x"}, {"site", "a"}});
  for (const char* bad : {"=x", "a=b c", "a==b", "a=b,a=c", ",a=b", "a=b,,c=d", "/a=b", "x/=b",
                          "X_y/a=b", "a/b/c=d", "-a=b", "a=b-"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_label_list(bad));
  }
  CHECK_FALSE(parse_label_list("a=" + std::string(64, 'b')));
}

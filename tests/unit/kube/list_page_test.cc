#include "cloudcore/kube/list_page.h"

#include "cloudcore/kube/json_slice.h"
#include "cloudcore/kube/watch_event.h"
#include "common/base/units.h"
#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::kube;

TEST_CASE("JsonSlice: members and elements are cut where they end", "[kube]") {
  const auto members =
      json_members(R"( { "a" : 1 , "b\"x":"}]\"", "c":{"d":[1,{"e":"]"}]} ,"f":null} )");
  REQUIRE(members);
  REQUIRE(members->size() == 4);
  CHECK(json_value(*members, "a") == "1");
  CHECK((*members)[1].key == R"(b\"x)");
  CHECK((*members)[1].value == R"("}]\"")");
  CHECK(json_value(*members, "c") == R"({"d":[1,{"e":"]"}]})");
  CHECK(json_value(*members, "f") == "null");
  CHECK(json_value(*members, "absent").empty());

  const auto elements = json_elements(R"([ {"a":1},[2], "x" ,-1.5e3 ])");
  REQUIRE(elements);
  CHECK(*elements == std::vector<std::string_view>{R"({"a":1})", "[2]", "\"x\"", "-1.5e3"});
  CHECK(json_elements("[]")->empty());
  CHECK(json_members(" { } ")->empty());
}

TEST_CASE("JsonSlice: what is not whole is refused", "[kube]") {
  const std::string deep =
      "{\"a\":" + std::string(kJsonDepthMax + 1, '[') + std::string(kJsonDepthMax + 1, ']') + "}";
  const std::string cases[] = {"",
                               "{",
                               "[1]",
                               R"({"a")",
                               R"({"a":})",
                               R"({"a":1)",
                               R"({"a":1,})",
                               R"({"a":1}x)",
                               R"({"a":"x})",
                               R"({a:1})",
                               R"({"a":[1})",
                               R"({"a":{"b":1]})",
                               R"({"a":"\)",
                               R"({,})",
                               deep};
  for (const std::string& text : cases) {
    INFO(text);
    const auto members = json_members(text);
    REQUIRE_FALSE(members);
    CHECK(members.error().code == Code::kMalformed);
  }
  CHECK_FALSE(json_elements("[1,]"));
  CHECK_FALSE(json_elements("[1 2]"));
  CHECK_FALSE(json_elements("{}"));
}

TEST_CASE("ListPage: version, continue token and items of a page", "[kube]") {
  const auto page = parse_list_page(
      R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"812","continue":"eyJ\u0041",)"
      R"("remainingItemCount":7},"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]})");
  REQUIRE(page);
  CHECK(page->resource_version == ResourceVersion(812));
  CHECK(page->continue_token == "eyJA");
  REQUIRE(page->items.size() == 2);
  CHECK(page->items[1] == R"({"metadata":{"name":"b"}})");
}

TEST_CASE("ListPage: an empty list may be null", "[kube]") {
  const auto page = parse_list_page(R"({"metadata":{"resourceVersion":"1"},"items":null})");
  REQUIRE(page);
  CHECK(page->items.empty());
  CHECK(page->continue_token.empty());
}

TEST_CASE("ListPage: an answer that is no list is refused", "[kube]") {
  for (const char* body : {"", "<html>", "{}", R"({"metadata":{},"items":[]})",
                           R"({"metadata":{"resourceVersion":"0"},"items":[]})",
                           R"({"metadata":{"resourceVersion":"abc"},"items":[]})",
                           R"({"metadata":{"resourceVersion":"99999999999999999999"},"items":[]})",
                           R"({"metadata":{"resourceVersion":"5"}})",
                           R"({"metadata":{"resourceVersion":"5"},"items":{}})"}) {
    INFO(body);
    const auto page = parse_list_page(body);
    REQUIRE_FALSE(page);
    CHECK(page.error().code == Code::kMalformed);
  }
}

TEST_CASE("WatchEvent: type, version and object of a line", "[kube]") {
  const auto event = parse_watch_event(
      R"({"type":"MODIFIED","object":{"kind":"Pod","metadata":{"name":"a","resourceVersion":"42"}}})");
  REQUIRE(event);
  CHECK(event->type == WatchEventType::kModified);
  CHECK(event->resource_version == ResourceVersion(42));
  CHECK(event->object.starts_with(R"({"kind":"Pod")"));
  CHECK(parse_watch_event(R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}})")
            ->type == WatchEventType::kBookmark);
}

TEST_CASE("WatchEvent: an ERROR carries the server's Status", "[kube]") {
  const auto event = parse_watch_event(
      R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}})");
  REQUIRE(event);
  CHECK(event->type == WatchEventType::kError);
  CHECK(event->error.code == Code::kGone);
}

TEST_CASE("WatchEvent: a line that is no event is refused", "[kube]") {
  for (const char* line : {"x", "{}", R"({"type":"ADDED"})", R"({"type":"NEWS","object":{}})",
                           R"({"type":"ADDED","object":{"metadata":{}}})",
                           R"({"type":"ADDED","object":{"metadata":{"resourceVersion":"1"}})"}) {
    INFO(line);
    const auto event = parse_watch_event(line);
    REQUIRE_FALSE(event);
    CHECK(event.error().code == Code::kMalformed);
  }
}

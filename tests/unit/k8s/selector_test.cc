#include "common/k8s/selector.h"

#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

namespace skerry::k8s {
namespace {

struct Row {
  const char* selector;
  bool matches;
};

const LabelSelector::Labels kLabels = {
    {"app", "web"}, {"tier", "front"}, {"size", "10"}, {"e", ""}};

const Row kRows[] = {
    {"", true},
    {"app=web", true},
    {"app==web", true},
    {"app=db", false},
    {"app!=db", true},
    {"none!=db", true},
    {"app", true},
    {"none", false},
    {"!none", true},
    {"!app", false},
    {"app in (db, web)", true},
    {"app in (db)", false},
    {"app notin (db),tier=front", true},
    {"none notin (x)", true},
    {"size>9", true},
    {"size<9", false},
    {"app>1", false},
    {"e=", true},
    {"app=web,tier=back", false},
};

TEST_CASE("LabelSelector: matches as Kubernetes does", "[k8s]") {
  for (const Row& row : kRows) {
    INFO(row.selector);
    const auto selector = LabelSelector::parse(row.selector);
    REQUIRE(selector.has_value());
    CHECK(selector->matches(kLabels) == row.matches);
  }
}

TEST_CASE("LabelSelector: what is no selector is refused", "[k8s]") {
  for (const char* text : {"=a", "a in", "a in (b", "a,,b", "a=b,", "a b", "!"}) {
    INFO(text);
    CHECK_FALSE(LabelSelector::parse(text).has_value());
  }
}

TEST_CASE("LabelSelector: as an object; null matches nothing, empty everything", "[k8s]") {
  using nlohmann::json;
  const auto matches = [](const char* text) {
    return LabelSelector::from_object(json::parse(text)).value().matches(kLabels);
  };
  CHECK_FALSE(matches("null"));
  CHECK(matches("{}"));
  CHECK(matches(R"({"matchLabels":{"app":"web"}})"));
  CHECK_FALSE(matches(R"({"matchLabels":{"app":"db"}})"));
  CHECK(matches(R"({"matchExpressions":[{"key":"none","operator":"DoesNotExist"}]})"));
  CHECK_FALSE(LabelSelector::from_object(
                  json::parse(R"({"matchExpressions":[{"key":"a","operator":"Like"}]})"))
                  .has_value());
}

TEST_CASE("FieldSelector: terms with = == and !=", "[k8s]") {
  const auto selector = FieldSelector::parse("metadata.name=a,status.phase!=Running,spec.x==y");
  REQUIRE(selector.has_value());
  REQUIRE(selector->terms().size() == 3);
  CHECK(selector->required("metadata.name") == "a");
  CHECK(selector->required("spec.x") == "y");
  CHECK_FALSE(selector->required("status.phase").has_value());
  CHECK_FALSE(FieldSelector::parse("metadata.name").has_value());
}

}  // namespace
}  // namespace skerry::k8s

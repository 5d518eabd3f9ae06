#include "cloudcore/standalone/schema/discovery.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

using namespace skerry::standalone;
using nlohmann::json;

namespace {

const std::vector<KindRow>& rows() { return built_in_kinds()->rows; }

json named(const json& list, const char* key, std::string_view name) {
  const auto found =
      std::ranges::find_if(list, [&](const json& each) { return each[key] == name; });
  INFO(name);
  REQUIRE(found != list.end());
  return *found;
}

std::vector<KindRow> with_custom() {
  std::vector<KindRow> all = rows();
  for (const char* version : {"v1beta1", "v1"}) {
    KindRow row;
    row.gv = {"stable.example.com", version};
    row.kind = "CronTab";
    row.plural = "crontabs";
    row.singular = "crontab";
    row.verbs = {"get", "list"};
    row.subresources = {"status", "scale"};
    row.custom = true;
    all.push_back(row);
  }
  return all;
}

}  // namespace

TEST_CASE("Discovery: the list of a group's resources", "[standalone_schema]") {
  const json list = json::parse(*api_resource_list_document(rows(), {"apps", "v1"}));
  CHECK(list["apiVersion"] == "v1");
  CHECK(list["groupVersion"] == "apps/v1");
  CHECK(named(list["resources"], "name", "deployments") == json::parse(R"({
    "name":"deployments","singularName":"deployment","namespaced":true,"kind":"Deployment",
    "verbs":["create","delete","deletecollection","get","list","patch","update","watch"],
    "shortNames":["deploy"],"categories":["all"]})"));
  CHECK(named(list["resources"], "name", "deployments/scale") == json::parse(R"({
    "name":"deployments/scale","singularName":"","namespaced":true,"group":"autoscaling",
    "version":"v1","kind":"Scale","verbs":["get","patch","update"]})"));
  CHECK_FALSE(api_resource_list_document(rows(), {"apps", "v1beta1"}));
  CHECK_FALSE(json::parse(*api_resource_list_document(rows(), {"", "v1"})).contains("apiVersion"));
}

TEST_CASE("Discovery: groups prefer their best version", "[standalone_schema]") {
  const json list = json::parse(api_group_list_document(with_custom()));
  const json& groups = list["groups"];
  CHECK(named(groups, "name", "autoscaling")["preferredVersion"]["version"] == "v2");
  const json custom = named(groups, "name", "stable.example.com");
  CHECK(custom["preferredVersion"]["groupVersion"] == "stable.example.com/v1");
  CHECK(custom["versions"][1]["version"] == "v1beta1");
  CHECK(json::parse(*api_group_document(rows(), "apps"))["kind"] == "APIGroup");
  CHECK_FALSE(api_group_document(rows(), "nobody.example.com"));
  CHECK_FALSE(api_group_document(rows(), ""));
}

TEST_CASE("Discovery: aggregated", "[standalone_schema]") {
  const json legacy = json::parse(aggregated_legacy_document(rows()));
  REQUIRE(legacy["items"].size() == 1);
  const json pods =
      named(legacy["items"][0]["versions"][0]["resources"], "resource", "pods");
  CHECK(pods["responseKind"] == json({{"group", ""}, {"version", ""}, {"kind", "Pod"}}));
  CHECK(named(pods["subresources"], "subresource", "eviction")["responseKind"] ==
        json({{"group", "policy"}, {"version", "v1"}, {"kind", "Eviction"}}));

  const json groups = json::parse(aggregated_groups_document(with_custom()));
  const json custom = groups["items"].back();
  CHECK(custom["metadata"]["name"] == "stable.example.com");
  CHECK(custom["versions"][0]["resources"][0]["responseKind"] ==
        json({{"group", "stable.example.com"}, {"version", "v1"}, {"kind", "CronTab"}}));
}

TEST_CASE("Discovery: versions in Kubernetes' order", "[standalone_schema]") {
  const std::vector<std::string_view> order = {
      "v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "foo1", "foo10"};
  for (std::size_t i = 0; i < order.size(); ++i)
    for (std::size_t j = 0; j < order.size(); ++j) {
      INFO(order[i] << " " << order[j]);
      CHECK(has_priority_over(order[i], order[j]) == (i < j));
    }
}

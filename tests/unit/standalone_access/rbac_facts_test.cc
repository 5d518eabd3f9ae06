#include "cloudcore/standalone/access/rbac_facts.h"

#include "cloudcore/standalone/access/cluster_role_aggregation.h"
#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

const BootstrapObject* find(const std::vector<BootstrapObject>& all,
                            const std::string& plural,
                            const std::string& name) {
  for (const BootstrapObject& each : all) {
    if (each.plural == plural && each.name == name) return &each;
  }
  return nullptr;
}

TEST_CASE("RbacFacts: every binding names a role that is there", "[standalone_access]") {
  const auto all = parse_rbac_facts(kRbacFactsText);
  CHECK(all.size() > 100);
  for (const BootstrapObject& each : all) {
    if (!each.object.contains("roleRef")) continue;
    const json& ref = each.object["roleRef"];
    INFO(each.name);
    CHECK(find(all, ref["kind"] == "Role" ? "roles" : "clusterroles", ref["name"]) != nullptr);
  }
  const BootstrapObject* admin = find(all, "clusterroles", "cluster-admin");
  REQUIRE(admin != nullptr);
  CHECK(admin->object["rules"] ==
        json::parse(R"([{"verbs":["*"],"apiGroups":["*"],"resources":["*"]},
                        {"verbs":["*"],"nonResourceURLs":["*"]}])"));
  CHECK(!node_rules().empty());
}

TEST_CASE("RbacFacts: cloudcore's rights are bound to its own user", "[standalone_access]") {
  const auto all = cloudcore_rights(kCloudcoreRightsYaml);
  const BootstrapObject* binding = find(all, "clusterrolebindings", "skerry-cloudcore");
  REQUIRE(binding != nullptr);
  CHECK(binding->object["subjects"] ==
        json::parse(R"([{"apiGroup":"rbac.authorization.k8s.io","kind":"User",
                         "name":"system:skerry:cloudcore"}])"));
  CHECK(find(all, "clusterroles", "skerry-cloudcore") != nullptr);
  CHECK(all.size() == 6);
}

TEST_CASE("RbacFacts: what an existing role or binding lacks is added, what it has more is kept",
          "[standalone_access]") {
  const json wanted = json::parse(R"({"metadata":{"labels":{"a":"true"}},
      "rules":[{"verbs":["get","list"],"apiGroups":[""],"resources":["pods"]}]})");
  json less = json::parse(R"({"metadata":{"name":"x"},
      "rules":[{"verbs":["get","delete"],"apiGroups":[""],"resources":["pods"]}]})");
  const auto made = completed(less, wanted);
  REQUIRE(made.has_value());
  CHECK((*made)["rules"].size() == 2);
  CHECK((*made)["rules"][1] ==
        json::parse(R"({"verbs":["list"],"apiGroups":[""],"resources":["pods"]})"));
  CHECK((*made)["metadata"]["labels"]["a"] == "true");
  CHECK(!completed(*made, wanted).has_value());
  less["metadata"]["annotations"]["rbac.authorization.kubernetes.io/autoupdate"] = "false";
  CHECK(!completed(less, wanted).has_value());
}

TEST_CASE("ClusterRoleAggregation: rules by label, each once", "[standalone_access]") {
  const auto role = [](const char* name, const char* label, const char* verb) {
    return json{{"metadata", {{"name", name}, {"labels", {{label, "true"}}}}},
                {"rules", {{{"verbs", {verb}}, {"apiGroups", {""}}, {"resources", {"pods"}}}}}};
  };
  json view = {
      {"metadata", {{"name", "view"}}},
      {"aggregationRule", {{"clusterRoleSelectors", {{{"matchLabels", {{"to-view", "true"}}}}}}}}};
  const std::vector<json> all = {role("a", "to-view", "get"), role("b", "to-edit", "create"),
                                 role("c", "to-view", "list"), role("d", "to-view", "get"), view};
  const json rules = aggregated_rules(view, all);
  REQUIRE(rules.size() == 2);
  CHECK(rules[0]["verbs"][0] == "get");
  CHECK(rules[1]["verbs"][0] == "list");
}

}  // namespace
}  // namespace skerry::standalone

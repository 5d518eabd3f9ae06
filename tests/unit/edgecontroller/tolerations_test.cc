#include "cloudcore/edgecontroller/tolerations.h"

#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edgecontroller;
using Json = nlohmann::json;

namespace {

Json pod_with(Json tolerations) {
  return {{"metadata", {{"name", "p"}, {"uid", "u1"}}}, {"spec", {{"tolerations", tolerations}}}};
}

Json absence(const char* key, int seconds) {
  return {{"key", key},
          {"operator", "Exists"},
          {"effect", "NoExecute"},
          {"tolerationSeconds", seconds}};
}

constexpr const char* kNotReady = "node.kubernetes.io/not-ready";
constexpr const char* kUnreachable = "node.kubernetes.io/unreachable";

/// The tolerations that the patch writes; null when there is none.
Json patched(const Json& pod, const OfflinePolicy& policy) {
  const auto patch = toleration_patch(pod.dump(), policy);
  REQUIRE(patch);
  if (!*patch) return nullptr;
  return Json::parse(**patch).back()["value"];
}

}  // namespace

TEST_CASE("Tolerations: what stays explicit is told, the shortest of each taint",
          "[edgecontroller]") {
  const auto limits = [](Json tolerations, OfflinePolicy policy = {}) {
    std::string text;
    for (const ExplicitLimit& limit : explicit_limits(pod_with(tolerations).dump(), policy)) {
      text += limit.taint.substr(limit.taint.find('/') + 1) + "=" +
              std::to_string(limit.limit.count()) + " ";
    }
    return text;
  };
  CHECK(limits(Json::array()).empty());
  CHECK(limits({absence(kNotReady, 300), absence(kUnreachable, 300)}).empty());  // the default's
  CHECK(limits({absence(kNotReady, 60), absence(kNotReady, 20), absence(kNotReady, 300)}) ==
        "not-ready=20 ");
  const Json all = {{"operator", "Exists"}, {"tolerationSeconds", 7}};
  CHECK(limits({all}) == "not-ready=7 unreachable=7 ");
  CHECK(limits({{{"operator", "Exists"}}}).empty());
  CHECK(limits({absence(kUnreachable, 600)}, *parse_offline_policy("evict-after=10m")).empty());
  CHECK(explicit_limits("not JSON", {}).empty());
}

TEST_CASE("Tolerations: keep takes the limit off the defaults", "[edgecontroller]") {
  const Json out = patched(pod_with({absence(kNotReady, 300), absence(kUnreachable, 300)}), {});
  REQUIRE(out.size() == 2);
  CHECK_FALSE(out[0].contains("tolerationSeconds"));
  CHECK_FALSE(out[1].contains("tolerationSeconds"));
}

TEST_CASE("Tolerations: an explicit limit of the user stays", "[edgecontroller]") {
  const Json out = patched(pod_with({absence(kNotReady, 30), absence(kUnreachable, 300)}), {});
  CHECK(out[0]["tolerationSeconds"] == 30);
  CHECK_FALSE(out[1].contains("tolerationSeconds"));
}

TEST_CASE("Tolerations: one is added only where none matches", "[edgecontroller]") {
  CHECK(patched(pod_with(Json::array()), {}).size() == 2);
  CHECK(patched(pod_with({{{"operator", "Exists"}}}), {}).is_null());  // a DaemonSet's tolerate-all
  const Json other = {{"key", "dedicated"}, {"operator", "Equal"}, {"value", "x"}};
  CHECK(patched(pod_with({other, absence(kNotReady, 300)}), {}).size() == 3);
}

TEST_CASE("Tolerations: evict-after sets the seconds", "[edgecontroller]") {
  const auto policy = parse_offline_policy("evict-after=10m");
  REQUIRE(policy);
  const Json out =
      patched(pod_with({absence(kNotReady, 300), absence(kUnreachable, 300)}), *policy);
  CHECK(out[0]["tolerationSeconds"] == 600);
  CHECK(out[1]["tolerationSeconds"] == 600);
}

TEST_CASE("Tolerations: the patch is bound to the pod's uid", "[edgecontroller]") {
  const auto patch = toleration_patch(pod_with({absence(kNotReady, 300)}).dump(), {});
  REQUIRE(patch);
  REQUIRE(*patch);
  CHECK(Json::parse(**patch)[0] ==
        Json{{"op", "test"}, {"path", "/metadata/uid"}, {"value", "u1"}});
}

TEST_CASE("Tolerations: a policy that nobody can read is an error that names it",
          "[edgecontroller]") {
  for (const char* bad :
       {"never", "evict-after=", "evict-after=5", "evict-after=-1s", "evict-after=5d"}) {
    const auto policy = parse_offline_policy(bad);
    REQUIRE_FALSE(policy);
    CHECK(policy.error().what.find(bad) != std::string::npos);
  }
  CHECK_FALSE(toleration_patch("null", {}));
  CHECK_FALSE(toleration_patch("{\"spec\":[]}", {}));
}

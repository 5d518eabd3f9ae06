#include "cloudcore/standalone/admission/pod_admission.h"

#include "tests/support/catch.h"
#include "tests/support/manual_world.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

json pod(const char* spec = R"({"containers":[{"name":"a"}]})") {
  return {{"spec", json::parse(spec)}};
}

TEST_CASE("give_account: the token is mounted into every container, once", "[standalone]") {
  test::ManualWorld world;
  json given = pod(R"({"initContainers":[{"name":"i"}],"containers":[{"name":"a"},{"name":"b",
    "volumeMounts":[{"name":"own","mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}]}]})");
  give_account(given, json::object(), world);
  const json& spec = given["spec"];
  CHECK(spec["serviceAccountName"] == "default");
  CHECK(spec["volumes"].size() == 1);
  const json name = spec["volumes"][0]["name"];
  CHECK(name.get<std::string>().size() == std::string("kube-api-access-").size() + 5);
  CHECK(spec["containers"][0]["volumeMounts"][0]["name"] == name);
  CHECK(spec["initContainers"][0]["volumeMounts"][0]["name"] == name);
  CHECK(spec["containers"][1]["volumeMounts"].size() == 1);
  CHECK(spec["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"] ==
        json({{"expirationSeconds", 3607}, {"path", "token"}}));

  json again = given;
  give_account(again, json::object(), world);
  CHECK(again == given);
}

TEST_CASE("give_account: who wants no token gets none, and the Pod's word counts", "[standalone]") {
  test::ManualWorld world;
  const json quiet = {{"automountServiceAccountToken", false}};
  json by_account = pod();
  give_account(by_account, quiet, world);
  CHECK_FALSE(by_account["spec"].contains("volumes"));
  json by_pod = pod(R"({"automountServiceAccountToken":true,"containers":[{"name":"a"}]})");
  give_account(by_pod, quiet, world);
  CHECK(by_pod["spec"].contains("volumes"));
}

TEST_CASE("give_account: the account's registry secrets, unless the Pod has its own",
          "[standalone]") {
  test::ManualWorld world;
  const json account = {{"imagePullSecrets", {{{"name", "registry"}}}}};
  json without = pod();
  give_account(without, account, world);
  CHECK(without["spec"]["imagePullSecrets"][0]["name"] == "registry");
  json with = pod(R"({"imagePullSecrets":[{"name":"own"}],"containers":[]})");
  give_account(with, account, world);
  CHECK(with["spec"]["imagePullSecrets"][0]["name"] == "own");
}

TEST_CASE("give_priority: by class, and not by the user's number", "[standalone]") {
  json plain = pod();
  CHECK_FALSE(give_priority(plain, nullptr));
  CHECK(plain["spec"]["priority"] == 0);
  CHECK(plain["spec"]["preemptionPolicy"] == "PreemptLowerPriority");
  const json high = {{"metadata", {{"name", "high"}}}, {"value", 7}, {"preemptionPolicy", "Never"}};
  json chosen = pod();
  CHECK_FALSE(give_priority(chosen, high));
  CHECK(chosen["spec"]["priority"] == 7);
  CHECK(chosen["spec"]["preemptionPolicy"] == "Never");
  CHECK(chosen["spec"]["priorityClassName"] == "high");
  json own = pod(R"({"priority":5})");
  CHECK(give_priority(own, high) ==
        "the integer value of priority (5) must not be provided in pod spec; priority admission "
        "controller computed 7 from the given PriorityClass name");
}

TEST_CASE("give_tolerations: of absent nodes, unless the Pod says so itself", "[standalone]") {
  json plain = pod();
  give_tolerations(plain, 300);
  CHECK(plain["spec"]["tolerations"].size() == 2);
  CHECK(plain["spec"]["tolerations"][1]["tolerationSeconds"] == 300);
  json all = pod(R"({"tolerations":[{"operator":"Exists"}]})");
  give_tolerations(all, 300);
  CHECK(all["spec"]["tolerations"].size() == 1);
  json one =
      pod(R"({"tolerations":[{"key":"node.kubernetes.io/not-ready","effect":"NoExecute"}]})");
  give_tolerations(one, 300);
  CHECK(one["spec"]["tolerations"].size() == 2);
  json other_effect = pod(R"({"tolerations":[{"operator":"Exists","effect":"NoSchedule"}]})");
  give_tolerations(other_effect, 300);
  CHECK(other_effect["spec"]["tolerations"].size() == 3);
}

}  // namespace
}  // namespace skerry::standalone

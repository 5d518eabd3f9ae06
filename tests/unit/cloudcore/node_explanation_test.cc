#include "cloudcore/node_explanation.h"

#include "cloudcore/local_api.h"
#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::cloudcore;
using k8s::Kind;
using k8s::ObjectKey;

namespace {

const WallTime kNow{std::chrono::seconds(1'800'000'000)};

const ObjectKey kSettings{Kind::kConfigMap, "default", "settings"};
const ObjectKey kPod{Kind::kPod, "default", "web"};

k8s::ObjectPtr pod(const std::string& tolerations) {
  const std::string json = R"({"metadata":{"name":"web","namespace":"default","uid":"u1",
      "resourceVersion":"7"},"spec":{"nodeName":"gw","tolerations":)" +
                           tolerations + R"(,"containers":[{"name":"c","envFrom":[
      {"configMapRef":{"name":"settings"}},
      {"secretRef":{"name":"extra","optional":true}}]}]},"status":{"phase":"Pending"}})";
  Result<k8s::ObjectPtr> made = k8s::make_object(Kind::kPod, json);
  REQUIRE(made);
  return *made;
}

NodeFacts usual() {
  NodeFacts facts;
  facts.node = NodeName("gw");
  facts.now = kNow;
  cloudhub::NodeIdentity identity;
  identity.node = facts.node;
  identity.not_after = kNow + 24h;
  identity.registered = true;
  facts.identity = identity;
  facts.node_json = R"({"metadata":{"labels":{"node-role.kubernetes.io/edge":""}},"status":
      {"conditions":[{"type":"Ready","status":"True","reason":"EdgeReady"}]}})";
  facts.view = edgecontroller::NodeView{true, true, Epoch(7), false, 3, {}};
  return facts;
}

void check_says(const NodeFacts& facts, const std::string& words) {
  CHECK_THAT(explain(facts), Catch::Matchers::Contains(words));
}
void check_silent(const NodeFacts& facts, const std::string& words) {
  CHECK_THAT(explain(facts), !Catch::Matchers::Contains(words));
}

}  // namespace

TEST_CASE("explain: a node that is well", "[cloudcore]") {
  const NodeFacts facts = usual();
  check_says(facts, "certificate valid until");
  check_says(facts, "Ready=True");
  check_says(facts, "live (epoch 7), 3 objects");
  check_says(facts, "keep: pods stay");
  check_says(facts, "pods            none");
}

TEST_CASE("explain: who is not let in, and what to do", "[cloudcore]") {
  NodeFacts facts = usual();
  SECTION("never joined") {
    facts.identity.reset();
    check_says(facts, "never joined");
  }
  SECTION("revoked") {
    facts.revoked = true;
    check_says(facts, "revoked; `edgecore join`");
  }
  SECTION("expired, may be renewed") {
    facts.identity->not_after = kNow - 24h;
    check_says(facts, "renews it when it comes back");
  }
  SECTION("expired for too long") {
    facts.identity->not_after = kNow - 24h * 366;
    check_says(facts, "too long ago");
  }
  SECTION("deleted") {
    facts.node_json.clear();
    check_says(facts, "it was deleted; `edgecore join`");
  }
  SECTION("joined and never connected") {
    facts.node_json.clear();
    facts.identity->registered = false;
    check_says(facts, "registers with its first session");
  }
  SECTION("not an edge node") {
    facts.node_json = "{}";
    check_says(facts, "lacks the label");
  }
}

TEST_CASE("explain: what is not known is said to be not known", "[cloudcore]") {
  NodeFacts facts = usual();
  facts.view.reset();
  facts.no_view = "no cloudcore answers at /x";
  facts.lease = kNow - 12s;
  check_says(facts, "not known here (no cloudcore answers at /x); some cloudcore renewed its lease "
                    "12 s ago");
  facts.lease.reset();
  check_says(facts, "no cloudcore ever renewed its lease");
  facts.view = edgecontroller::NodeView{};
  check_says(facts, "has not listed the Kubernetes API yet");
  facts.view->ready = true;
  check_says(facts, "none at the cloudcore here");
  facts.view->foreign = true;
  check_says(facts, "`cloudcore node accept gw`");
}

TEST_CASE("explain: why a pod waits", "[cloudcore]") {
  NodeFacts facts = usual();
  facts.pods = {pod("[]")};
  check_says(facts, "default/web  Pending");
  check_silent(facts, "waits");
  facts.missing = {kSettings};
  check_says(facts, "waits: ConfigMap default/settings does not exist");
  check_silent(facts, "Secret");  // optional
  facts.missing.clear();
  facts.view->incomplete_pods = {{kPod, {kSettings}, {}}};
  check_says(facts, "not sent yet: cloudcore does not know whether ConfigMap default/settings");
}

TEST_CASE("explain: the offline policy, and tolerations that stay", "[cloudcore]") {
  NodeFacts facts = usual();
  facts.pods = {pod(R"([{"key":"node.kubernetes.io/not-ready","operator":"Exists",
      "effect":"NoExecute","tolerationSeconds":60}])")};
  check_says(facts, "leaves after 60 s of node.kubernetes.io/not-ready");
  const auto with_policy = [&facts](const std::string& policy) {
    facts.node_json = R"({"metadata":{"annotations":{"skerry.io/offline-policy":")" + policy +
                      R"("}}})";
  };
  with_policy("evict-after=1m");
  check_says(facts, "evict-after=60s");
  check_silent(facts, "leaves after 60 s");
  with_policy("maybe");
  check_says(facts, "keep, because it is not understood");
}

TEST_CASE("local API: a view survives the socket", "[cloudcore]") {
  edgecontroller::NodeView view{true, true, Epoch(9), true, 12, {}};
  view.incomplete_pods = {{kPod, {kSettings}, {{Kind::kSecret, "default", "s"}}}};
  const Result<edgecontroller::NodeView> read = decode_view(encode_view(view));
  REQUIRE(read);
  CHECK(read->ready);
  CHECK(read->live == Epoch(9));
  CHECK(read->desired == 12);
  CHECK(read->foreign);
  REQUIRE(read->incomplete_pods.size() == 1);
  CHECK(read->incomplete_pods[0].pod == kPod);
  CHECK(read->incomplete_pods[0].unknown == std::vector{kSettings});
  CHECK(read->incomplete_pods[0].absent.size() == 1);
  CHECK_FALSE(decode_view(encode_view({}))->live);
  CHECK_FALSE(decode_view("[]"));
}

#include "cloudcore/standalone/controllers/service_endpoints.h"

#include "cloudcore/standalone/controllers/endpoint_slices.h"
#include "cloudcore/standalone/controllers/endpoints.h"
#include "tests/support/catch.h"
#include "tests/support/controller_scene.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

json service(const char* spec) {
  return {{"metadata", {{"name", "web"}, {"namespace", "default"}}}, {"spec", json::parse(spec)}};
}

json pod(int number, bool ready = true) {
  const std::string name = "p" + std::to_string(number);
  return {
      {"metadata", {{"name", name}, {"namespace", "default"}, {"uid", name}}},
      {"spec",
       {{"nodeName", "n"},
        {"containers",
         json::array({{{"ports", json::array({{{"name", "http"}, {"containerPort", 8080}}})}}})}}},
      {"status",
       {{"podIP", "10.0.0." + std::to_string(number)},
        {"phase", "Running"},
        {"conditions", json::array({{{"type", "Ready"}, {"status", ready ? "True" : "False"}}})}}}};
}

const ZoneOf kNoZone = [](const std::string&) { return std::string(); };
const char* const kHttp = R"({"ports":[{"name":"web","port":80,"targetPort":"http"}]})";

TEST_CASE("endpoint_subsets: ready and not ready, by name of the port", "[standalone]") {
  const json subsets = endpoint_subsets(service(kHttp), {pod(2), pod(1), pod(3, false)});
  REQUIRE(subsets.size() == 1);
  CHECK(subsets[0]["ports"] ==
        json::array({{{"name", "web"}, {"port", 8080}, {"protocol", "TCP"}}}));
  CHECK(subsets[0]["addresses"][0]["ip"] == "10.0.0.1");
  CHECK(subsets[0]["addresses"][0]["targetRef"]["name"] == "p1");
  CHECK(subsets[0]["addresses"].size() == 2);
  CHECK(subsets[0]["notReadyAddresses"].size() == 1);
  CHECK(endpoint_subsets(service(R"({"ports":[{"port":80,"targetPort":"none"}]})"), {pod(1)})
            .empty());
}

TEST_CASE("endpoint_subsets: a Pod on its way out, and Services that do not mind", "[standalone]") {
  json leaving = pod(1, false);
  leaving["metadata"]["deletionTimestamp"] = "2027-01-01T00:00:00Z";
  CHECK(endpoint_subsets(service(kHttp), {leaving}).empty());
  const json all = service(R"({"ports":[{"port":80}],"publishNotReadyAddresses":true})");
  CHECK(endpoint_subsets(all, {leaving})[0]["addresses"].size() == 1);
  const auto groups = endpoint_groups(service(kHttp), {leaving}, kNoZone);
  CHECK(groups[0].endpoints[0]["conditions"] ==
        json{{"ready", false}, {"serving", false}, {"terminating", true}});
  json ended = pod(1);
  ended["status"]["phase"] = "Succeeded";
  CHECK(endpoint_subsets(all, {ended}).empty());
}

TEST_CASE("endpoint_subsets: a headless Service without ports", "[standalone]") {
  const json headless = service(R"({"clusterIP":"None"})");
  const json subsets = endpoint_subsets(headless, {pod(1)});
  CHECK_FALSE(subsets[0].contains("ports"));
  CHECK(endpoint_groups(headless, {pod(1)}, kNoZone)[0].ports.is_null());
}

TEST_CASE("truncate_subsets: a thousand addresses, ready ones first", "[standalone]") {
  json subset = {{"addresses", json::array()}, {"notReadyAddresses", json::array()}};
  for (int i = 0; i < 700; ++i) {
    subset["addresses"].push_back({{"ip", i}});
    subset["notReadyAddresses"].push_back({{"ip", i}});
  }
  json subsets = json::array({subset});
  CHECK(truncate_subsets(subsets));
  CHECK(subsets[0]["addresses"].size() == 700);
  CHECK(subsets[0]["notReadyAddresses"].size() == 300);
  CHECK_FALSE(truncate_subsets(subsets));
}

TEST_CASE("plan_slices: a hundred a slice, and as few changes as possible", "[standalone]") {
  std::vector<json> pods;
  for (int i = 1; i <= 150; ++i) pods.push_back(pod(i));
  const auto wanted = [&] { return endpoint_groups(service(kHttp), pods, kNoZone); };
  SlicePlan plan = plan_slices({}, wanted());
  REQUIRE(plan.create.size() == 2);
  CHECK(plan.create[0]["endpoints"].size() == 100);
  CHECK(plan.create[1]["endpoints"].size() == 50);

  std::vector<json> slices = plan.create;
  for (std::size_t i = 0; i < slices.size(); ++i) slices[i]["metadata"]["name"] = i;
  plan = plan_slices(slices, wanted());
  CHECK((plan.create.empty() && plan.update.empty() && plan.remove.empty()));

  pods.push_back(pod(151));
  plan = plan_slices(slices, wanted());
  CHECK(plan.update.size() == 1);
  CHECK(plan.create.empty());

  pods.clear();
  plan = plan_slices(slices, wanted());  // one stays, and says that there are none
  CHECK(plan.create.size() == 1);
  CHECK(plan.remove.size() == 2);
}

TEST_CASE("endpoint_groups: Pods whose ports differ are apart", "[standalone]") {
  json other = pod(2);
  other["spec"]["containers"][0]["ports"][0]["containerPort"] = 9090;
  CHECK(endpoint_groups(service(kHttp), {pod(1), other}, kNoZone).size() == 2);
}

// ---- on the API ---------------------------------------------------------------------------------

class Scene : public test::ControllerScene {
 public:
  Scene() {
    add(make_endpoints_controller(client, world()));
    add(make_endpoint_slice_controller(client, world()));
    add(make_endpoint_mirror_controller(client, world()));
  }
  void add_pod(const std::string& name, const std::string& ip) {
    create(resources::kPods, R"({"metadata":{"name":")" + name + R"(","labels":{"app":"web"}},
        "spec":{"nodeName":"n","containers":[{"name":"c","image":"i"}]}})");
    patch(resources::kPods, name,
          R"({"status":{"podIP":")" + ip +
              R"(","phase":"Running","conditions":[{"type":"Ready","status":"True"}]}})",
          "status");
  }
  std::size_t addresses(const std::string& name) {
    const json endpoints = get(resources::kEndpoints, name);
    const json& subsets = fields::list(endpoints, "subsets");
    return subsets.empty() ? 0 : fields::list(subsets[0], "addresses").size();
  }
};

TEST_CASE("Endpoints: follow the Pods of a Service, in both forms", "[standalone]") {
  Scene scene;
  scene.create(resources::kServices, R"({"metadata":{"name":"web","labels":{"l":"x"}},
      "spec":{"clusterIP":"None","selector":{"app":"web"},"ports":[{"port":80}]}})");
  scene.settle();
  CHECK(scene.addresses("web") == 0);
  CHECK(scene.list(resources::kEndpointSlices).size() == 1);
  scene.add_pod("a", "10.0.0.1");
  scene.add_pod("b", "10.0.0.2");
  scene.settle();
  CHECK(scene.addresses("web") == 2);
  const auto slices = scene.list(resources::kEndpointSlices);
  REQUIRE(slices.size() == 1);
  CHECK(slices[0]["endpoints"].size() == 2);
  CHECK(slices[0]["metadata"]["labels"]["kubernetes.io/service-name"] == "web");
  CHECK(slices[0]["metadata"]["labels"]["l"] == "x");
  CHECK(slices[0]["metadata"]["ownerReferences"][0]["kind"] == "Service");
  scene.remove(resources::kPods, "a");
  scene.settle();
  CHECK(scene.addresses("web") == 1);
  scene.remove(resources::kServices, "web");
  scene.settle();
  CHECK(scene.names(resources::kEndpoints) == "");
  CHECK(scene.names(resources::kEndpointSlices) == "");
}

TEST_CASE("Endpoints: what somebody wrote by hand stays, and is mirrored", "[standalone]") {
  Scene scene;
  scene.create(resources::kServices,
               R"({"metadata":{"name":"hand"},"spec":{"clusterIP":"None","ports":[{"port":80}]}})");
  scene.create(resources::kEndpoints, R"({"metadata":{"name":"hand"},"subsets":[{"addresses":
      [{"ip":"10.9.9.9"}],"ports":[{"port":80,"protocol":"TCP"}]}]})");
  scene.settle();
  CHECK(scene.addresses("hand") == 1);
  const auto slices = scene.list(resources::kEndpointSlices);
  REQUIRE(slices.size() == 1);
  CHECK(slices[0]["endpoints"][0]["addresses"][0] == "10.9.9.9");
  CHECK(slices[0]["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] ==
        "endpointslicemirroring-controller.k8s.io");
  scene.remove(resources::kEndpoints, "hand");
  scene.settle();
  CHECK(scene.names(resources::kEndpointSlices) == "");
}

}  // namespace
}  // namespace skerry::standalone

#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/kind_behaviour.h"
#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

json created(const char* prefix, const char* text) {
  json object = json::parse(text);
  const KindBehaviour& behaviour = behaviour_of(prefix);
  if (behaviour.set_defaults != nullptr) behaviour.set_defaults(object);
  if (behaviour.prepare_create != nullptr) behaviour.prepare_create(object);
  return object;
}

std::string problems(const char* prefix, const char* text) {
  std::string out;
  const json object = created(prefix, text);
  for (const FieldError& each : behaviour_of(prefix).validate(object)) out += each.text() + "\n";
  return out;
}

/// `text` is a merge patch of what `first` makes.
std::string update_problems(const char* prefix, const char* first, const char* change) {
  const json old = created(prefix, first);
  json object = old;
  object.merge_patch(json::parse(change));
  const KindBehaviour& behaviour = behaviour_of(prefix);
  if (behaviour.set_defaults != nullptr) behaviour.set_defaults(object);
  if (behaviour.prepare_update != nullptr) behaviour.prepare_update(object, old);
  std::string out;
  for (const FieldError& each : behaviour.validate_update(object, old)) out += each.text() + "\n";
  return out;
}

TEST_CASE("Pod: its class of service comes from its resources", "[standalone]") {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"containers":[{}]})", "BestEffort"},
      {R"({"containers":[{"resources":{"limits":{"cpu":"1","memory":"1Gi"}}}]})", "Guaranteed"},
      {R"({"containers":[{"resources":{"limits":{"cpu":"1"}}}]})", "Burstable"},
      {R"({"containers":[{"resources":{"limits":{"cpu":"1","memory":"1Gi"},
          "requests":{"cpu":"500m"}}}]})",
       "Burstable"},
      {R"({"containers":[{"resources":{"limits":{"cpu":"1","memory":"1Gi"}}},{}]})", "Burstable"},
      {R"({"containers":[{"resources":{"requests":{"cpu":"0"}}}]})", "BestEffort"},
      {R"({"containers":[{}],"initContainers":[{"resources":{"requests":{"cpu":"1"}}}]})",
       "Burstable"}};
  for (const auto& [spec, wanted] : rows) {
    const json pod =
        created("pods", (std::string(R"({"metadata":{},"spec":)") + spec + "}").c_str());
    CHECK(pod["status"]["qosClass"] == wanted);
  }
}

TEST_CASE("Pod: an update changes images, deadlines and tolerations only", "[standalone]") {
  const char* pod = R"({"metadata":{},"spec":{"containers":[{"name":"a","image":"i"}],
    "activeDeadlineSeconds":9,"schedulingGates":[{"name":"g"}]}})";
  const auto change = [pod](const char* to) { return update_problems("pods", pod, to); };
  CHECK(change(R"({"spec":{"containers":[{"name":"a","image":"j"}]}})").empty());
  CHECK(change(R"({"spec":{"tolerations":[{"operator":"Exists"}]}})").empty());
  CHECK(change(R"({"spec":{"activeDeadlineSeconds":3}})").empty());
  CHECK(change(R"({"spec":{"schedulingGates":null}})").empty());
  CHECK(change(R"({"spec":{"nodeSelector":{"a":"b"}}})").empty());  // while it is gated
  CHECK(change(R"({"spec":{"activeDeadlineSeconds":10}})") ==
        "spec.activeDeadlineSeconds: Invalid value: 10: must be less than or equal to previous "
        "value\n");
  CHECK(change(R"({"spec":{"hostNetwork":true}})")
            .starts_with("spec: Forbidden: pod updates may not change fields other than "
                         "`spec.containers[*].image`,"));
  CHECK(change(R"({"spec":{"containers":[]}})") ==
        "spec.containers: Forbidden: pod updates may not add or remove containers\n");
}

TEST_CASE("Secret: plain text becomes data, and types have their keys", "[standalone]") {
  const json secret = created("secrets", R"({"stringData":{"a":"b"},"data":{"c":"ZA=="}})");
  CHECK(secret == json({{"type", "Opaque"}, {"data", {{"a", "Yg=="}, {"c", "ZA=="}}}}));
  CHECK(problems("secrets", R"({"type":"kubernetes.io/tls"})") ==
        "data[tls.crt]: Required value\ndata[tls.key]: Required value\n");
  CHECK(update_problems("secrets", "{}", R"({"type":"x/y"})") ==
        "type: Invalid value: \"x/y\": field is immutable\n");
  CHECK(update_problems("secrets", R"({"immutable":true})", R"({"stringData":{"a":"b"}})") ==
        "data: Forbidden: field is immutable when `immutable` is set\n");
}

TEST_CASE("Service: ports, and what stays through a change of type", "[standalone]") {
  const json service = created("services", R"({"spec":{"ports":[{"port":80}],"type":"NodePort"}})");
  CHECK(service["spec"]["ports"][0] ==
        json({{"port", 80}, {"protocol", "TCP"}, {"targetPort", 80}}));
  CHECK(service["spec"]["externalTrafficPolicy"] == "Cluster");
  CHECK(problems("services", R"({"spec":{}})") == "spec.ports: Required value\n");

  const json old = json::parse(R"({"spec":{"type":"NodePort","clusterIP":"10.43.0.9",
    "clusterIPs":["10.43.0.9"],"externalTrafficPolicy":"Cluster",
    "ports":[{"port":80,"protocol":"TCP","targetPort":80,"nodePort":30001}]}})");
  json replaced = json::parse(R"({"spec":{"type":"NodePort","ports":[{"port":80}]}})");
  const KindBehaviour& behaviour = behaviour_of("services");
  behaviour.set_defaults(replaced);
  behaviour.prepare_update(replaced, old);
  CHECK(replaced["spec"]["clusterIP"] == "10.43.0.9");
  CHECK(replaced["spec"]["ports"][0]["nodePort"] == 30001);
  json inside = old;
  inside["spec"]["type"] = "ClusterIP";
  behaviour.prepare_update(inside, old);
  CHECK_FALSE(inside["spec"]["ports"][0].contains("nodePort"));
  CHECK_FALSE(inside["spec"].contains("externalTrafficPolicy"));
  CHECK(inside["spec"]["clusterIP"] == "10.43.0.9");
}

TEST_CASE("PersistentVolumeClaim: its spec stays", "[standalone]") {
  const char* claim =
      R"({"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}})";
  CHECK(update_problems("persistentvolumeclaims", claim, R"({"spec":{"volumeName":"v"}})").empty());
  CHECK(update_problems("persistentvolumeclaims", claim,
                        R"({"spec":{"accessModes":["ReadWriteMany"]}})") ==
        "spec: Forbidden: spec is immutable after creation except resources.requests and "
        "volumeAttributesClassName for bound claims\n");
}

}  // namespace
}  // namespace skerry::standalone

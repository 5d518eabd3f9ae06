#include "edgecore/edged/pod_spec.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edged;

namespace {

std::string pod_json(const std::string& spec, const std::string& metadata = "") {
  return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop","uid":"u1")" +
         metadata + R"(},"spec":)" + spec + "}";
}

PodSpec parsed(const std::string& spec, const std::string& metadata = "") {
  const Result<PodPtr> pod = parse_pod(pod_json(spec, metadata));
  REQUIRE(pod);
  return **pod;
}

std::string refusal(const std::string& spec) {
  const auto object =
      k8s::received_object({k8s::Kind::kPod, "shop", "web"}, Uid("u1"), {}, {}, pod_json(spec));
  const Result<void> admitted = admit(*object);
  return admitted ? "" : admitted.error().what;
}

}  // namespace

TEST_CASE("PodSpec: what the API leaves out has the API's defaults", "[edged]") {
  const PodSpec pod = parsed(R"({"containers":[{"name":"app","image":"busybox:1.36"}]})");
  CHECK(pod.text() == "shop/web");
  CHECK(pod.termination_grace == Seconds(30));
  CHECK(pod.restart_policy == RestartPolicy::kAlways);
  CHECK(pod.dns_policy == DnsPolicy::kClusterFirst);
  CHECK(pod.hostname == "web");
  CHECK_FALSE(pod.deletion);
  const ContainerSpec& app = pod.containers.at(0);
  CHECK(app.pull_policy == ImagePullPolicy::kIfNotPresent);
  CHECK(app.termination_message_path == "/dev/termination-log");
  CHECK(app.hash.size() == 8);
}

TEST_CASE("PodSpec: the hash changes with the image and nothing else", "[edged]") {
  const auto hash = [](const std::string& container) {
    return parsed(R"({"containers":[)" + container + "]}").containers.at(0).hash;
  };
  const std::string base = hash(R"({"name":"a","image":"x:1"})");
  CHECK(base == hash(R"({"name":"a","image":"x:1","resources":{"limits":{"cpu":"1"}}})"));
  CHECK(base != hash(R"({"name":"a","image":"x:2"})"));
}

TEST_CASE("PodSpec: pull policy follows the tag", "[edged]") {
  const auto policy = [](const std::string& image) {
    return parsed(R"({"containers":[{"name":"a","image":")" + image + R"("}]})")
        .containers.at(0)
        .pull_policy;
  };
  CHECK(policy("busybox") == ImagePullPolicy::kAlways);
  CHECK(policy("busybox:latest") == ImagePullPolicy::kAlways);
  CHECK(policy("host:5000/busybox") == ImagePullPolicy::kAlways);
  CHECK(policy("host:5000/busybox:1") == ImagePullPolicy::kIfNotPresent);
  CHECK(policy("busybox@sha256:00") == ImagePullPolicy::kIfNotPresent);
}

TEST_CASE("PodSpec: reads containers, sidecars, probes and security", "[edged]") {
  const PodSpec pod = parsed(R"({
    "securityContext":{"runAsUser":1000,"fsGroup":2000,"supplementalGroups":[7]},
    "initContainers":[{"name":"once","image":"i:1"},
                      {"name":"side","image":"i:1","restartPolicy":"Always"}],
    "containers":[{"name":"app","image":"i:1",
      "securityContext":{"runAsUser":5,"capabilities":{"add":["NET_ADMIN"],"drop":["ALL"]}},
      "livenessProbe":{"httpGet":{"path":"/x","port":"web"},"periodSeconds":3},
      "lifecycle":{"preStop":{"exec":{"command":["bye"]}}},
      "ports":[{"name":"web","containerPort":80}]}]})");
  CHECK_FALSE(pod.init_containers.at(0).sidecar);
  CHECK(pod.init_containers.at(1).sidecar);
  CHECK(pod.init_containers.at(0).security.run_as_user == 1000);
  const ContainerSpec& app = *pod.container("app");
  CHECK(app.security.run_as_user == 5);
  CHECK(app.security.drop_capabilities == std::vector<std::string>{"ALL"});
  CHECK(std::get<HttpGetAction>(app.liveness->action).port == "web");
  CHECK(app.liveness->period == Seconds(3));
  CHECK(std::get<ExecAction>(*app.pre_stop).command == std::vector<std::string>{"bye"});
  CHECK(pod.fs_group == 2000);
  CHECK(pod.container("nobody") == nullptr);
}

TEST_CASE("PodSpec: names the objects and tokens it needs, each once", "[edged]") {
  const PodSpec pod = parsed(R"({
    "imagePullSecrets":[{"name":"reg"}],
    "containers":[{"name":"app","image":"i:1",
      "envFrom":[{"configMapRef":{"name":"cm"}}],
      "env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}},
             {"name":"B","valueFrom":{"configMapKeyRef":{"name":"cm","key":"k"}}}]}],
    "volumes":[{"name":"t","projected":{"sources":[
      {"serviceAccountToken":{"path":"token","expirationSeconds":3607}},
      {"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},
      {"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"fieldPath":"metadata.namespace"}}]}}]}}]})");
  std::vector<std::string> names;
  for (const k8s::ObjectKey& key : referenced_objects(pod)) names.push_back(key.text());
  CHECK(names == std::vector<std::string>{"configmap/shop/cm", "configmap/shop/kube-root-ca.crt",
                                          "secret/shop/reg", "secret/shop/s"});
  REQUIRE(token_needs(pod).size() == 1);
  CHECK(token_needs(pod)[0].volume == "t");
  CHECK(token_needs(pod)[0].expiration == Seconds(3607));
}

TEST_CASE("PodSpec: deletion and gates", "[edged]") {
  const Result<PodPtr> pod = parse_pod(
      R"({"metadata":{"name":"web","namespace":"shop","uid":"u1",
          "deletionTimestamp":"2024-05-01T10:00:00Z","deletionGracePeriodSeconds":5},
          "spec":{"readinessGates":[{"conditionType":"x/y"}],
                  "containers":[{"name":"a","image":"i:1"}]},
          "status":{"conditions":[{"type":"x/y","status":"True"},{"type":"z","status":"True"}]}})");
  REQUIRE(pod);
  CHECK((*pod)->deletion);
  CHECK((*pod)->deletion_grace == Seconds(5));
  CHECK((*pod)->gate_conditions == StringMap{{"x/y", "True"}});
}

TEST_CASE("parse_pod: refuses what is no pod", "[edged]") {
  for (const char* json : {"", "[]", "{}", R"({"metadata":{"name":"a","uid":"u"},"spec":{}})",
                           R"({"metadata":{"name":"a"},"spec":{"containers":[{"name":"x"}]}})"}) {
    CHECK(parse_pod(json).error().code == Code::kMalformed);
  }
  const auto twice = parse_pod(pod_json(
      R"({"initContainers":[{"name":"a","image":"i"}],"containers":[{"name":"a","image":"i"}]})"));
  CHECK_FALSE(twice);
}

TEST_CASE("admit: names the field that this node cannot do", "[edged]") {
  const auto with_container = [](const std::string& more) {
    return R"({"containers":[{"name":"app","image":"i:1")" + more + "}]}";
  };
  const auto with_volume = [](const std::string& source) {
    return R"({"containers":[{"name":"app","image":"i:1"}],"volumes":[{"name":"v",)" + source +
           "}]}";
  };
  CHECK(refusal(with_container("")).empty());
  CHECK(refusal(with_volume(R"("emptyDir":{})")).empty());
  CHECK(refusal(with_volume(R"("emptyDir":{},"nfs":null)")).empty());
  CHECK(refusal(with_volume(R"("nfs":{"server":"x","path":"/"})")) ==
        "volume v: nfs is not supported by this edge node");
  CHECK(refusal(with_volume(R"("projected":{"sources":[{"clusterTrustBundle":{"path":"x"}}]})")) ==
        "volume v: projected clusterTrustBundle is not supported by this edge node");
  CHECK(refusal(with_container(R"(,"livenessProbe":{"grpc":{"port":1}})")) ==
        "container app: livenessProbe grpc is not supported by this edge node");
  CHECK(refusal(R"({"runtimeClassName":"kata","containers":[{"name":"a","image":"i:1"}]})") ==
        "spec.runtimeClassName is not supported by this edge node");
  CHECK(refusal(R"({"hostUsers":false,"containers":[{"name":"a","image":"i:1"}]})") ==
        "spec.hostUsers false is not supported by this edge node");
}

TEST_CASE("Admit: no uid or name leads out of its directory", "[edged]") {
  const auto admitted = [](const std::string& uid, const std::string& name,
                           const std::string& container, const std::string& volume) {
    const std::string json = R"({"metadata":{"namespace":"shop","name":")" + name +
                             R"(","uid":")" + uid + R"("},"spec":{"containers":[{"name":")" +
                             container + R"("}],"volumes":[{"name":")" + volume +
                             R"(","emptyDir":{}}]}})";
    return admit(*k8s::received_object({k8s::Kind::kPod, "shop", name}, Uid(uid), {}, {}, json));
  };
  const bool usual = admitted("1f0c-2", "web-0.a", "app", "data").has_value();
  CHECK(usual);
  for (const std::string bad : {"..", "../x", "a/b", ".hidden", "a b", "a:b", "\xc3\xa4"}) {
    INFO(bad);
    for (int place = 0; place < 4; ++place) {
      const auto at = [&](int here, const char* good) { return place == here ? bad : good; };
      const Result<void> refused = admitted(at(0, "u1"), at(1, "web"), at(2, "app"), at(3, "data"));
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == Code::kMalformed);
    }
  }
  const std::string other = R"({"metadata":{"namespace":"shop","name":"web","uid":"u2"},)"
                            R"("spec":{"containers":[{"name":"a"}]}})";
  const k8s::ObjectKey web{k8s::Kind::kPod, "shop", "web"};
  const auto differs = admit(*k8s::received_object(web, Uid("u1"), {}, {}, other));
  CHECK_FALSE(differs);
}

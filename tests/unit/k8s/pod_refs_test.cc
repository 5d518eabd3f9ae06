#include "common/k8s/pod_refs.h"

#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::k8s;

namespace {
const char kPod[] = R"({"metadata":{"name":"p","namespace":"n","uid":"u"},"spec":{
  "imagePullSecrets":[{"name":"pull"}],
  "initContainers":[{"env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s-env","key":"k"}}}]}],
  "containers":[{
    "env":[{"name":"B","value":"x"},
           {"name":"C","valueFrom":{"configMapKeyRef":{"name":"both","key":"k","optional":true}}},
           {"name":"D","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],
    "envFrom":[{"configMapRef":{"name":"c-from","optional":true}},{"secretRef":{"name":"s-from"}}]}],
  "volumes":[
    {"name":"v1","configMap":{"name":"both"}},
    {"name":"v2","secret":{"secretName":"s-vol","optional":true}},
    {"name":"v3","emptyDir":{}},
    {"name":"kube-api-access","projected":{"sources":[
      {"serviceAccountToken":{"path":"token","expirationSeconds":3607}},
      {"serviceAccountToken":{"path":"vault","audience":"vault.io"}},
      {"configMap":{"name":"kube-root-ca.crt"}},
      {"secret":{"name":"s-proj"}},
      {"downwardAPI":{"items":[]}}]}}]}})";
ObjectKey config(const char* name) { return {Kind::kConfigMap, "n", name}; }
ObjectKey secret(const char* name) { return {Kind::kSecret, "n", name}; }
}  // namespace

TEST_CASE("PodRefs: every place that names a ConfigMap or Secret is found", "[k8s]") {
  const auto pod = make_object(Kind::kPod, kPod);
  REQUIRE(pod);
  const auto refs = referenced_objects(**pod);
  REQUIRE(refs);
  CHECK(*refs == PodRefs{{config("both"), RefNeed::kRequired},
                         {config("c-from"), RefNeed::kOptional},
                         {config("kube-root-ca.crt"), RefNeed::kRequired},
                         {secret("pull"), RefNeed::kOptional},
                         {secret("s-env"), RefNeed::kRequired},
                         {secret("s-from"), RefNeed::kRequired},
                         {secret("s-proj"), RefNeed::kRequired},
                         {secret("s-vol"), RefNeed::kOptional}});
}

TEST_CASE("PodRefs: token sources carry audience and life", "[k8s]") {
  const auto pod = make_object(Kind::kPod, kPod);
  REQUIRE(pod);
  const auto tokens = token_sources(**pod);
  REQUIRE(tokens);
  CHECK(*tokens == std::vector<TokenSource>{{"kube-api-access", "token", "", 3607},
                                            {"kube-api-access", "vault", "vault.io", 3600}});
}

TEST_CASE("PodRefs: a pod of strange shape has no references", "[k8s]") {
  for (const char* text :
       {"null", "[]", R"({"spec":[]})", R"({"spec":{"volumes":"x","containers":{"a":1}}})",
        R"({"spec":{"volumes":[1,{"configMap":"c"}],"containers":[{"env":[[]]}]}})"}) {
    const auto pod = nlohmann::json::parse(text);
    CHECK(referenced_objects(pod).empty());
    CHECK(token_sources(pod).empty());
  }
}

#include "cloudcore/manifest_export.h"

#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

namespace skerry::cloudcore {
namespace {

using nlohmann::json;

ExportedResource resource(const char* group, const char* plural, const char* kind) {
  return {group, "v1", plural, kind, true};
}

const ExportedResource kPods = resource("", "pods", "Pod");
const ExportedResource kServices = resource("", "services", "Service");
const ExportedResource kJobs = resource("batch", "jobs", "Job");
const ExportedResource kSecrets = resource("", "secrets", "Secret");

TEST_CASE("manifest_of: what a cluster makes for itself is left out", "[cloudcore]") {
  struct Row {
    ExportedResource resource;
    const char* object;
  };
  const Row rows[] = {
      {kPods, R"({"metadata":{"name":"a","ownerReferences":[{"uid":"u","controller":true}]}})"},
      {kPods, R"({"metadata":{"name":"a"},"status":{"phase":"Succeeded"}})"},
      {kPods, R"({"metadata":{"name":"a","deletionTimestamp":"2026-01-01T00:00:00Z"}})"},
      {kJobs, R"({"metadata":{"name":"a"},"status":{"conditions":
                 [{"type":"Complete","status":"True"}]}})"},
      {kServices, R"({"metadata":{"name":"kubernetes","namespace":"default"}})"},
      {kSecrets, R"({"metadata":{"name":"a"},"type":"kubernetes.io/service-account-token"})"},
      {resource("", "serviceaccounts", "ServiceAccount"), R"({"metadata":{"name":"default"}})"},
      {resource("", "configmaps", "ConfigMap"), R"({"metadata":{"name":"kube-root-ca.crt"}})"},
      {resource("rbac.authorization.k8s.io", "clusterroles", "ClusterRole"),
       R"({"metadata":{"name":"edit","labels":{"kubernetes.io/bootstrapping":"rbac-defaults"}}})"},
  };
  for (const Row& row : rows) {
    INFO(row.object);
    CHECK_FALSE(manifest_of(row.resource, json::parse(row.object)).has_value());
  }
}

TEST_CASE("manifest_of: an object without what only its old cluster knows", "[cloudcore]") {
  struct Row {
    ExportedResource resource;
    const char* object;
    const char* wanted;
  };
  const Row rows[] = {
      {kSecrets,
       R"({"metadata":{"name":"a","namespace":"n","uid":"u","resourceVersion":"5","generation":1,
           "creationTimestamp":"t","managedFields":[{}],"labels":{"k":"v"},
           "finalizers":["kubernetes.io/x","mine.example/y"]},"type":"Opaque","data":{"k":"dg=="}})",
       R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"a","namespace":"n",
           "labels":{"k":"v"},"finalizers":["mine.example/y"]},"type":"Opaque",
           "data":{"k":"dg=="}})"},
      {kServices,
       R"({"metadata":{"name":"a"},"spec":{"clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],
           "ipFamilies":["IPv4"],"ports":[{"port":80}]},"status":{"loadBalancer":{}}})",
       R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},
           "spec":{"ports":[{"port":80}]}})"},
      {kServices, R"({"metadata":{"name":"a"},"spec":{"clusterIP":"None","clusterIPs":["None"]}})",
       R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},
           "spec":{"clusterIP":"None","clusterIPs":["None"]}})"},
      {kPods,
       R"({"metadata":{"name":"a"},"spec":{"nodeName":"edge","priority":0,
           "volumes":[{"name":"kube-api-access-x"}],
           "containers":[{"name":"c","volumeMounts":[{"name":"kube-api-access-x"}]}],
           "tolerations":[{"key":"node.kubernetes.io/not-ready"},{"key":"mine"}]}})",
       R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{
           "containers":[{"name":"c"}],"tolerations":[{"key":"mine"}]}})"},
      {kJobs,
       R"({"metadata":{"name":"a"},"spec":{"selector":{"matchLabels":{"controller-uid":"u"}},
           "template":{"metadata":{"labels":{"controller-uid":"u","app":"x"}},"spec":{}}}})",
       R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"a"},"spec":{
           "template":{"metadata":{"labels":{"app":"x"}},"spec":{}}}})"},
      {resource("", "persistentvolumes", "PersistentVolume"),
       R"({"metadata":{"name":"a"},"spec":{"claimRef":{"name":"c","namespace":"n","uid":"u"}}})",
       R"({"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":"a"},
           "spec":{"claimRef":{"name":"c","namespace":"n"}}})"},
  };
  for (const Row& row : rows) {
    INFO(row.object);
    const auto made = manifest_of(row.resource, json::parse(row.object));
    REQUIRE(made.has_value());
    CHECK(*made == json::parse(row.wanted));
  }
}

TEST_CASE("exported_resources: whole ones that can be listed and made, in order", "[cloudcore]") {
  const json list = json::parse(R"({"groupVersion":"apps/v1","resources":[
      {"name":"deployments","kind":"Deployment","namespaced":true,"verbs":["create","list"]},
      {"name":"deployments/scale","kind":"Scale","namespaced":true,"verbs":["create","list"]},
      {"name":"controllerrevisions","kind":"ControllerRevision","verbs":["create","list"]},
      {"name":"reviews","kind":"Review","verbs":["create"]}]})");
  const auto found = exported_resources(list);
  REQUIRE(found.size() == 1);
  CHECK(found[0].plural == "deployments");
  CHECK(found[0].group == "apps");
  const int crds = apply_rank(resource("apiextensions.k8s.io", "customresourcedefinitions", ""));
  CHECK(crds < apply_rank(resource("", "secrets", "")));
  CHECK(apply_rank(resource("", "secrets", "")) < apply_rank(found[0]));
  CHECK(apply_rank(found[0]) < apply_rank(resource("example.com", "widgets", "")));
}

}  // namespace
}  // namespace skerry::cloudcore

#include "cloudcore/standalone/access/policy_rule.h"

#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

AccessQuestion about(const std::string& verb,
                     const std::string& group,
                     const std::string& resource,
                     const std::string& name = {}) {
  AccessQuestion out;
  out.verb = verb;
  out.group = group;
  const std::size_t slash = resource.find('/');
  out.resource = resource.substr(0, slash);
  if (slash != std::string::npos) out.subresource = resource.substr(slash + 1);
  out.name = name;
  return out;
}

AccessQuestion path(const std::string& verb, const std::string& path) {
  AccessQuestion out;
  out.verb = verb;
  out.is_resource = false;
  out.path = path;
  return out;
}

PolicyRules rules(const std::string& text) { return rules_of({{"rules", json::parse(text)}}); }

TEST_CASE("PolicyRule: allows what it names and nothing else", "[standalone_access]") {
  struct Row {
    const char* rule;
    AccessQuestion question;
    bool allowed;
  };
  const char* const pods = R"([{"verbs":["get","list"],"apiGroups":[""],"resources":["pods"]}])";
  const char* const logs = R"([{"verbs":["get"],"apiGroups":[""],"resources":["pods/log"]}])";
  const char* const scales = R"([{"verbs":["get"],"apiGroups":["*"],"resources":["*/scale"]}])";
  const char* const named =
      R"([{"verbs":["*"],"apiGroups":["apps"],"resources":["*"],"resourceNames":["web"]}])";
  const char* const all = R"([{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}])";
  const char* const urls = R"([{"verbs":["get"],"nonResourceURLs":["/healthz","/apis/*"]}])";
  const Row kTable[] = {
      {pods, about("get", "", "pods"), true},
      {pods, about("get", "", "pods", "web"), true},
      {pods, about("delete", "", "pods"), false},
      {pods, about("get", "apps", "pods"), false},
      {pods, about("get", "", "pods/log"), false},
      {pods, path("get", "/healthz"), false},
      {logs, about("get", "", "pods/log"), true},
      {logs, about("get", "", "pods"), false},
      {scales, about("get", "apps", "deployments/scale"), true},
      {scales, about("get", "apps", "deployments/status"), false},
      {scales, about("get", "apps", "deployments"), false},
      {named, about("delete", "apps", "deployments", "web"), true},
      {named, about("delete", "apps", "deployments", "shop"), false},
      {named, about("list", "apps", "deployments"), false},
      {all, about("list", "x.io", "things/odd"), true},
      {all, path("get", "/metrics"), false},
      {urls, path("get", "/healthz"), true},
      {urls, path("get", "/healthz/etcd"), false},
      {urls, path("get", "/apis/apps"), true},
      {urls, path("get", "/apis"), false},
      {urls, path("post", "/healthz"), false},
  };
  for (const Row& row : kTable) {
    INFO(row.rule << " " << row.question.verb << " " << row.question.resource << "/"
                  << row.question.subresource << row.question.path);
    CHECK(allows(rules(row.rule), row.question) == row.allowed);
  }
}

std::string lacking(const std::string& held, const std::string& wanted) {
  std::string out;
  for (const PolicyRule& rule : uncovered(rules(held), rules(wanted))) out += text_of(rule);
  return out;
}

TEST_CASE("PolicyRule: what is granted must be held, each verb of each resource by one rule",
          "[standalone_access]") {
  const std::string two =
      R"([{"verbs":["get","list"],"apiGroups":[""],"resources":["pods","secrets"]}])";
  CHECK(lacking(two, two).empty());
  CHECK(lacking("[]", two) == R"({APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]})"
                              R"({APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]})");
  CHECK(lacking(R"([{"verbs":["get"],"apiGroups":[""],"resources":["*"]},
                    {"verbs":["list"],"apiGroups":["*"],"resources":["pods"]}])",
                two) == R"({APIGroups:[""], Resources:["secrets"], Verbs:["list"]})");
  const std::string one_name =
      R"([{"verbs":["get"],"apiGroups":[""],"resources":["pods"],"resourceNames":["a"]}])";
  CHECK(lacking(two, one_name).empty());
  CHECK(lacking(one_name, R"([{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}])") ==
        R"({APIGroups:[""], Resources:["pods"], Verbs:["get"]})");
  CHECK(lacking(R"([{"verbs":["*"],"apiGroups":["*"],"resources":["*/scale"]}])",
                R"([{"verbs":["get"],"apiGroups":["apps"],"resources":["deployments/scale"]}])")
            .empty());
  CHECK(lacking(R"([{"verbs":["get"],"nonResourceURLs":["/apis/*"]}])",
                R"([{"verbs":["get"],"nonResourceURLs":["/apis/apps","/api"]}])") ==
        R"({NonResourceURLs:["/api"], Verbs:["get"]})");
  CHECK(lacking(R"([{"verbs":["get"],"nonResourceURLs":["/apis"]}])",
                R"([{"verbs":["get"],"nonResourceURLs":["/apis/*"]}])") ==
        R"({NonResourceURLs:["/apis/*"], Verbs:["get"]})");
}

}  // namespace
}  // namespace skerry::standalone

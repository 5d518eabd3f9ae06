#include "cloudcore/standalone/scheduler/node_fit.h"

#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

json node(const char* spec = "{}") {
  return {{"metadata", {{"name", "n1"}, {"labels", {{"zone", "a"}, {"size", "4"}}}}},
          {"spec", json::parse(spec)},
          {"status", {{"allocatable", {{"cpu", "2"}, {"memory", "1Gi"}, {"pods", "3"}}}}}};
}

json pod(const char* spec) { return {{"spec", json::parse(spec)}}; }

struct Row {
  const char* what;
  const char* node_spec;
  const char* pod_spec;
  const char* why;  // empty: it fits
};

const Row kRows[] = {
    {"nothing asked", "{}", "{}", ""},
    {"cordoned", R"({"unschedulable":true})", "{}", "node(s) were unschedulable"},
    {"a taint", R"({"taints":[{"key":"k","value":"v","effect":"NoSchedule"}]})", "{}",
     "node(s) had untolerated taint {k: v}"},
    {"a tolerated taint", R"({"taints":[{"key":"k","value":"v","effect":"NoSchedule"}]})",
     R"({"tolerations":[{"key":"k","operator":"Exists"}]})", ""},
    {"tolerated by value only", R"({"taints":[{"key":"k","value":"v","effect":"NoSchedule"}]})",
     R"({"tolerations":[{"key":"k","value":"w"}]})", "node(s) had untolerated taint {k: v}"},
    {"all taints tolerated", R"({"taints":[{"key":"k","effect":"NoExecute"}]})",
     R"({"tolerations":[{"operator":"Exists"}]})", ""},
    {"a taint that only prefers", R"({"taints":[{"key":"k","effect":"PreferNoSchedule"}]})", "{}",
     ""},
    {"the selector's label", "{}", R"({"nodeSelector":{"zone":"a"}})", ""},
    {"another label", "{}", R"({"nodeSelector":{"zone":"b"}})",
     "node(s) didn't match Pod's node affinity/selector"},
    {"affinity: one of two terms", "{}",
     R"({"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
        {"matchExpressions":[{"key":"zone","operator":"In","values":["x"]}]},
        {"matchExpressions":[{"key":"size","operator":"Gt","values":["3"]}]}]}}}})",
     ""},
    {"affinity by name", "{}",
     R"({"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
        {"matchFields":[{"key":"metadata.name","operator":"In","values":["n2"]}]}]}}}})",
     "node(s) didn't match Pod's node affinity/selector"},
    {"too much CPU", "{}", R"({"containers":[{"resources":{"requests":{"cpu":"1500m"}}},
        {"resources":{"requests":{"cpu":"501m"}}}]})",
     "Insufficient cpu"},
    {"just enough", "{}",
     R"({"containers":[{"resources":{"requests":{"cpu":"2","memory":"1Gi"}}}]})", ""},
    {"init containers do not add up", "{}",
     R"({"initContainers":[{"resources":{"requests":{"cpu":"2"}}}],
        "containers":[{"resources":{"requests":{"cpu":"1"}}}]})",
     ""},
    {"too much memory", "{}", R"({"containers":[{"resources":{"requests":{"memory":"2Gi"}}}]})",
     "Insufficient memory"},
};

TEST_CASE("misfits: why a Pod does not fit a Node", "[standalone]") {
  for (const Row& row : kRows) {
    INFO(row.what);
    const auto why = misfits(empty_node(node(row.node_spec)), pod(row.pod_spec));
    CHECK((why.empty() ? "" : why.front()) == std::string(row.why));
  }
}

TEST_CASE("misfits: what runs already takes room and ports", "[standalone]") {
  NodeState state = empty_node(node());
  const json one = pod(R"({"containers":[{"ports":[{"hostPort":80}],
                          "resources":{"requests":{"cpu":"1"}}}]})");
  place(state, one);
  CHECK(misfits(state, one) ==
        std::vector<std::string>{"node(s) didn't have free ports for the requested pod ports"});
  const json other = pod(R"({"containers":[{"resources":{"requests":{"cpu":"1"}}}]})");
  CHECK(misfits(state, other).empty());
  CHECK(score(state, other) < score(empty_node(node()), other));
  place(state, other);
  place(state, pod("{}"));
  CHECK(misfits(state, pod("{}")) == std::vector<std::string>{"Too many pods"});
}

TEST_CASE("why_nowhere: counts the reasons as the scheduler does", "[standalone]") {
  CHECK(why_nowhere({{"Insufficient cpu"}, {"Insufficient cpu"}, {"node(s) were unschedulable"}}) ==
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.");
  CHECK(why_nowhere({}) == "no nodes available to schedule pods");
}

}  // namespace
}  // namespace skerry::standalone

#include "cloudcore/standalone/scheduler/node_fit.h"

#include <nlohmann/json.hpp>

#include "cloudcore/standalone/scheduler/failure_text.h"
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
     "node(s) had untolerated taint(s)"},
    {"a tolerated taint", R"({"taints":[{"key":"k","value":"v","effect":"NoSchedule"}]})",
     R"({"tolerations":[{"key":"k","operator":"Exists"}]})", ""},
    {"tolerated by value only", R"({"taints":[{"key":"k","value":"v","effect":"NoSchedule"}]})",
     R"({"tolerations":[{"key":"k","value":"w"}]})", "node(s) had untolerated taint(s)"},
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

NodeInfo info(const char* node_spec = "{}") { return read_node(node(node_spec)); }

std::string reasons(const std::optional<Misfit>& misfit) {
  std::string out;
  if (!misfit) return out;
  for (const std::string& each : misfit->reasons) out += (out.empty() ? "" : ", ") + each;
  return out;
}

TEST_CASE("misfit: why a Pod does not fit a Node", "[standalone]") {
  for (const Row& row : kRows) {
    INFO(row.what);
    CHECK(reasons(misfit(info(row.node_spec), *read_pod(pod(row.pod_spec)))) == row.why);
  }
}

TEST_CASE("misfit: what runs already takes room and ports", "[standalone]") {
  NodeInfo state = info();
  const PodInfoPtr one = read_pod(pod(R"({"containers":[{"ports":[{"hostPort":80}],
                                          "resources":{"requests":{"cpu":"1"}}}]})"));
  state.add(one);
  CHECK(reasons(misfit(state, *one)) ==
        "node(s) didn't have free ports for the requested pod ports");
  CHECK(misfit(state, *one)->removals_help);
  const PodInfoPtr other_address =
      read_pod(pod(R"({"containers":[{"ports":[{"hostPort":80,"hostIP":"10.0.0.1"}]}]})"));
  CHECK_FALSE(reasons(misfit(state, *other_address)).empty());  // 80 is taken on all addresses
  const PodInfoPtr other =
      read_pod(pod(R"({"containers":[{"resources":{"requests":{"cpu":"1"}}}]})"));
  CHECK_FALSE(misfit(state, *other));
  state.add(other);
  state.add(read_pod(pod("{}")));
  CHECK(reasons(misfit(state, *read_pod(pod("{}")))) == "Too many pods");
}

TEST_CASE("misfit: what is more than the whole Node has is not helped by removals",
          "[standalone]") {
  const PodInfoPtr fits_alone =
      read_pod(pod(R"({"containers":[{"resources":{"requests":{"cpu":"2"}}}]})"));
  const PodInfoPtr never =
      read_pod(pod(R"({"containers":[{"resources":{"requests":{"cpu":"3"}}}]})"));
  NodeInfo state = info();
  state.add(read_pod(pod(R"({"containers":[{"resources":{"requests":{"cpu":"1"}}}]})")));
  CHECK(misfit(state, *fits_alone)->removals_help);
  CHECK_FALSE(misfit(state, *never)->removals_help);
}

TEST_CASE("misfit: room is kept for those that were nominated, not from more important ones",
          "[standalone]") {
  NodeInfo state = info();
  json waiting = pod(R"({"priority":10,"containers":[{"resources":{"requests":{"cpu":"2"}}}]})");
  waiting["metadata"] = {{"uid", "waiting"}};
  state.nominated.push_back(read_pod(waiting));
  json asks = pod(R"({"priority":5,"containers":[{"resources":{"requests":{"cpu":"1"}}}]})");
  CHECK(reasons(misfit(state, *read_pod(asks))) == "Insufficient cpu");
  asks["spec"]["priority"] = 11;
  CHECK_FALSE(misfit(state, *read_pod(asks)));
}

TEST_CASE("requested: sidecars count with what starts after them", "[standalone]") {
  const auto of = [](const char* spec) { return requested(pod(spec)).milli_cpu; };
  CHECK(of(R"({"initContainers":[{"restartPolicy":"Always","resources":{"requests":{"cpu":"1"}}},
                                  {"resources":{"requests":{"cpu":"3"}}}],
               "containers":[{"resources":{"requests":{"cpu":"2"}}}]})") == 4000);
  CHECK(
      of(R"({"overhead":{"cpu":"100m"},"containers":[{"resources":{"requests":{"cpu":"2"}}}]})") ==
      2100);
  const json gpu = pod(R"({"containers":[{"resources":{"requests":{"example.com/gpu":"2"}}}]})");
  CHECK(requested(gpu).others.at("example.com/gpu") == 2);
  CHECK(reasons(misfit(info(), *read_pod(gpu))) == "Insufficient example.com/gpu");
}

TEST_CASE("why_nowhere: counts the reasons as the scheduler does", "[standalone]") {
  const Misfit cpu{FitRule::kRoom, {"Insufficient cpu"}, true};
  const Misfit cordoned{FitRule::kNode, {"node(s) were unschedulable"}, false};
  CHECK(why_nowhere({cpu, cpu, cordoned}) ==
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.");
  CHECK(why_nowhere({}) == "no nodes available to schedule pods");
  CHECK(why_no_preemption({cpu, cpu, cordoned}) ==
        " no new claims to deallocate, preemption: 0/3 nodes are available: 1 Preemption is not "
        "helpful for scheduling, 2 No preemption victims found for incoming pod.");
}

}  // namespace
}  // namespace skerry::standalone

// Nodes and Pods from short JSON, for the scheduler's tests.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cloudcore/standalone/scheduler/cluster_state.h"

namespace skerry::standalone {

using nlohmann::json;

/// `labels`, `spec` as JSON; 2 CPUs, 1 GiB, 10 Pods.
inline json make_node(const std::string& name, const char* labels = "{}", const char* spec = "{}") {
  json node = {{"metadata", {{"name", name}, {"labels", json::parse(labels)}}},
               {"spec", json::parse(spec)},
               {"status", {{"allocatable", {{"cpu", "2"}, {"memory", "1Gi"}, {"pods", "10"}}}}}};
  node["metadata"]["labels"]["kubernetes.io/hostname"] = name;
  return node;
}

/// In namespace "default"; its uid is its name.
inline json make_pod(const std::string& name, const char* spec = "{}", const char* labels = "{}") {
  return {
      {"metadata",
       {{"name", name}, {"namespace", "default"}, {"uid", name}, {"labels", json::parse(labels)}}},
      {"spec", json::parse(spec)}};
}

inline json asking(const char* cpu) {
  return json::array({{{"resources", {{"requests", {{"cpu", cpu}}}}}}});
}

inline void place(ClusterState& cluster, json pod, const std::string& node) {
  pod["spec"]["nodeName"] = node;
  cluster.put_pod(read_pod(pod));
}

}  // namespace skerry::standalone

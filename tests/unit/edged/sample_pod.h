// Pods for tables: small, with just what a row needs.
#pragma once

#include <initializer_list>
#include <string>

#include "edgecore/edged/pod_spec.h"

namespace skerry::edged {

struct Amount {
  std::string cpu_request, cpu_limit, memory_request, memory_limit;
};

inline ContainerSpec sample_container(const std::string& name, const Amount& amount = {}) {
  ContainerSpec container;
  container.name = name;
  container.image = "busybox";
  const auto put = [](StringMap& map, const char* key, const std::string& value) {
    if (!value.empty()) map[key] = value;
  };
  put(container.resources.requests, "cpu", amount.cpu_request);
  put(container.resources.limits, "cpu", amount.cpu_limit);
  put(container.resources.requests, "memory", amount.memory_request);
  put(container.resources.limits, "memory", amount.memory_limit);
  return container;
}

inline PodSpec sample_pod(std::initializer_list<ContainerSpec> containers = {}) {
  PodSpec pod;
  pod.ns = "default";
  pod.name = "web";
  pod.uid = Uid("1234-abcd");
  pod.node_name = "gateway-1";
  pod.service_account = "builder";
  pod.containers = containers;
  return pod;
}

}  // namespace skerry::edged

// A container's environment, command and arguments as the kubelet would make them. Pure.
// Source: kubelet 1.34, makeEnvironmentVariables, third_party/forked/golang/expansion.
//
//   Result<EnvList> env = expand_env({*pod, container, facts, lookup});
//   CommandLine line = expand_command(container, *env);
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "edgecore/edged/object_data.h"
#include "edgecore/edged/pod_spec.h"

namespace skerry::edged {

struct EnvEntry {
  std::string name;
  std::string value;
  friend bool operator==(const EnvEntry&, const EnvEntry&) = default;
};
using EnvList = std::vector<EnvEntry>;

/// What the node knows about a pod besides its spec.
struct PodFacts {
  std::vector<std::string> host_ips;  // InternalIP first
  std::vector<std::string> pod_ips;   // of the sandbox; the host's for hostNetwork pods
  // Defaults of resourceFieldRef limits.* where a container has none.
  std::int64_t allocatable_cpu_milli = 0;
  std::int64_t allocatable_memory_bytes = 0;
  std::int64_t allocatable_storage_bytes = 0;
  // In-cluster API server address. Empty host: neither variable is set.
  std::string kubernetes_service_host;
  std::string kubernetes_service_port;
};

struct EnvInputs {
  const PodSpec& pod;
  const ContainerSpec& container;
  const PodFacts& facts;
  const ObjectLookup& objects;
};

/// envFrom first, env over it, in the order of declaration. Kubernetes 1.34 takes every key of an
/// envFrom source as a name (relaxed validation), so none is skipped.
/// Errors: kNotFound with the kubelet's words (a CreateContainerConfigError), kMalformed.
Result<EnvList> expand_env(const EnvInputs& inputs);

struct CommandLine {
  std::vector<std::string> command;
  std::vector<std::string> args;
};
CommandLine expand_command(const ContainerSpec& container, const EnvList& env);

/// An exec probe's or hook's command: only literal values of the container are known there.
std::vector<std::string> expand_static(const std::vector<std::string>& command,
                                       const std::vector<EnvVar>& env);

/// volumeMounts[].subPathExpr. Errors: kNotFound for a variable without a value.
Result<std::string> expand_sub_path(std::string_view expression, const EnvList& env);

/// $(NAME) replaced, $$ is $, an unknown name stays as it is.
std::string expand_references(std::string_view text,
                              const std::map<std::string, std::string>& vars);

/// A fieldRef of an env variable or downwardAPI file. Errors: kMalformed (unsupported path).
Result<std::string> field_value(const std::string& path, const PodSpec& pod, const PodFacts& facts);
/// A resourceFieldRef; `self` is used when the reference names no container.
Result<std::string> resource_value(const ResourceFieldRef& ref,
                                   const PodSpec& pod,
                                   const ContainerSpec* self,
                                   const PodFacts& facts);

}  // namespace skerry::edged

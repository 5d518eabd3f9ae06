#include "cloudcore/standalone/kinds/zero_values.h"

#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

namespace skerry::standalone {
namespace {

using nlohmann::json;
using Shape = TypeSchema::Shape;
using Names = std::set<std::string_view>;

/// Lists and maps that are written also when they are empty.
const Names& written_lists() {
  static const Names kNames = {"rules"};
  return kNames;
}

/// Texts that are pointers: "" is a choice.
const Names& pointer_texts() {
  static const Names kNames = {"storageClassName",
                               "volumeAttributesClassName",
                               "service",
                               "ipFamilyPolicy",
                               "runtimeClassName",
                               "internalTrafficPolicy",
                               "loadBalancerClass",
                               "appProtocol",
                               "apiGroup",
                               "volumeMode",
                               "fsType",
                               "cachingMode",
                               "holderIdentity",
                               "ingressClassName",
                               "hostnameOverride",
                               "preemptionPolicy",
                               "mountPropagation",
                               "procMount",
                               "reclaimPolicy",
                               "volumeBindingMode"};
  return kNames;
}

bool is_pointer_text(const TypeSchema& type, std::string_view name) {
  return pointer_texts().contains(name) ||
         (name == "type" && type.name.ends_with(".HostPathVolumeSource")) ||
         type.name.find(".discovery.") != std::string::npos ||
         type.name.ends_with(".EndpointAddress");
}

/// Numbers and flags that are no pointers.
const Names& plain_numbers() {
  static const Names kNames = {"hostPort",
                               "nodePort",
                               "healthCheckNodePort",
                               "initialDelaySeconds",
                               "minReadySeconds",
                               "observedGeneration",
                               "readyReplicas",
                               "availableReplicas",
                               "updatedReplicas",
                               "currentReplicas",
                               "unavailableReplicas",
                               "fullyLabeledReplicas",
                               "active",
                               "succeeded",
                               "failed"};
  return kNames;
}
const Names& plain_flags() {
  static const Names kNames = {
      "hostNetwork", "hostPID", "hostIPC",       "readOnly", "stdin",
      "stdinOnce",   "tty",     "unschedulable", "paused",   "publishNotReadyAddresses"};
  return kNames;
}

/// StatefulSet's and DaemonSet's counts are written always; most others' are not.
bool is_plain_number(const TypeSchema& type, std::string_view name) {
  if (name == "availableReplicas" && type.name.ends_with(".StatefulSetStatus")) return false;
  if (name == "replicas") return type.name.ends_with(".DeploymentStatus");
  return plain_numbers().contains(name);
}

}  // namespace

bool is_unwritten(const TypeSchema& type, const FieldSchema& field, const json& value) {
  if (field.required || !type.name.starts_with("io.k8s.")) return false;
  if (type.name.starts_with("io.k8s.apiextensions-apiserver.")) return false;
  switch (field.type->shape) {
    case Shape::kList:
    case Shape::kMap:
      return value.is_structured() && value.empty() && !written_lists().contains(field.name);
    case Shape::kString:
      return value.is_string() && value.get_ref<const std::string&>().empty() &&
             !is_pointer_text(type, field.name);
    case Shape::kInteger:
      return value.is_number_integer() && value == 0 && is_plain_number(type, field.name);
    case Shape::kBoolean:
      return value.is_boolean() && !value.get<bool>() && plain_flags().contains(field.name);
    default:
      return false;
  }
}

}  // namespace skerry::standalone

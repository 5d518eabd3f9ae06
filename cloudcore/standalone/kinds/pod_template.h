// The spec of a Pod, as a Pod and the templates of all workloads share it: its defaults, and what
// is wrong with it. Pure.
//
// A kind with a template calls default_pod_template() in its set_defaults and
// validate_pod_template() in its validate; what is the Pod's alone (enableServiceLinks, requests
// from limits, host ports of hostNetwork) is default_pod()'s.
//
// Files: pod_defaults.cc; pod_spec.cc -> pod_containers.cc, pod_volumes.cc, pod_scheduling.cc.
// Source: k8s.io/kubernetes/pkg/apis/core/v1/defaults.go, core/validation/validation.go: as facts.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cloudcore/standalone/kinds/field_error.h"

namespace skerry::standalone {

/// `spec` is the spec of a Pod or of a template; one that is no object is left alone.
void default_pod_spec(nlohmann::json& spec);
/// `pod_template` has metadata and spec ("spec.template"); its spec is made when it is missing.
void default_pod_template(nlohmann::json& pod_template);
/// A whole Pod's.
void default_pod(nlohmann::json& pod);

/// `path`: of the spec, "spec" or "spec.template.spec". After defaults.
FieldErrors validate_pod_spec(const nlohmann::json& spec, const std::string& path);
/// Labels, annotations and spec; `path`: of the template, "spec.template".
FieldErrors validate_pod_template(const nlohmann::json& pod_template, const std::string& path);

}  // namespace skerry::standalone

// The payload of a ConfigMap or Secret, decoded once. Pure. Never log it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "edgecore/edged/pod_spec.h"

namespace skerry::edged {

struct ObjectData {
  StringMap data;    // ConfigMap data as it is, Secret data decoded
  StringMap binary;  // ConfigMap binaryData decoded; not used for env
  std::string type;  // Secret type
};
using ObjectDataPtr = std::shared_ptr<const ObjectData>;

/// Errors: kMalformed (not JSON, not base64).
Result<ObjectDataPtr> parse_object_data(k8s::Kind kind, std::string_view json);

/// What the pod's namespace holds: null where the object does not exist. Kinds: ConfigMap, Secret.
using ObjectLookup = std::function<ObjectDataPtr(k8s::Kind kind, const std::string& name)>;

}  // namespace skerry::edged

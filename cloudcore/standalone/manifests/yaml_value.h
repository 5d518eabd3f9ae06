// YAML as the JSON that Kubernetes reads it as: YAML 1.1's words for true and false, octal numbers.
// Pure. Limits: those of common/config/yaml_document.h. Errors: kMalformed, kTooLarge, with the
// line. Source: go-yaml 2's resolution, as behaviour; merge keys are not known.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "common/base/result.h"

namespace skerry::standalone {

Result<nlohmann::json> read_yaml_value(std::string_view text);

}  // namespace skerry::standalone

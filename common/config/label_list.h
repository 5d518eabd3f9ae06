// "site=a,rack=7" as --labels takes it. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace skerry::config {

/// Keys and values as Kubernetes allows them; "key" alone is a label with an empty value.
/// Errors: kMalformed, naming the label and the rule.
/// Source: k8s.io/apimachinery/pkg/util/validation (IsQualifiedName, IsValidLabelValue).
Result<std::map<std::string, std::string>> parse_label_list(std::string_view text);

}  // namespace skerry::config

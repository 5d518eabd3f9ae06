// metadata.resourceVersion as the number that it is (KEP-5504).
#pragma once

#include <string_view>

#include "common/base/ids.h"
#include "common/base/result.h"

namespace skerry::kube {

/// `json` is an object or a list with a metadata member. Errors: kMalformed.
Result<ResourceVersion> resource_version_of(std::string_view json);
Result<ResourceVersion> parse_resource_version(std::string_view text);

}  // namespace skerry::kube

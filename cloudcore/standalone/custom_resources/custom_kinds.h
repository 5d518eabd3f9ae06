// A CustomResourceDefinition as rows of kinds: one for each version that is served.
//
// Pure; any thread. Errors: kMalformed: a schema that is not structural, which only an older or
// foreign store can have.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "cloudcore/standalone/schema/kind_table.h"
#include "common/base/result.h"

namespace skerry::standalone {

struct CustomKinds {
  std::vector<KindRow> rows;
  std::shared_ptr<const void> types;  // owns what the rows point to
};

/// `revision`: that of the definition. No rows when it is not established.
Result<CustomKinds> custom_kinds(const nlohmann::json& definition, std::int64_t revision);

}  // namespace skerry::standalone

// One message of a built-in type as JSON, by the numbers of its fields in the facts table.
//
// Pure. Limits and errors: those of kubernetes_protobuf.h. A field that the type does not know is
// skipped, as every reader of protobuf does. Internal to cloudcore/standalone/protobuf.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "cloudcore/standalone/schema/kind_table.h"
#include "common/base/result.h"

namespace skerry::standalone {

Result<nlohmann::json> decode_message(std::string_view bytes,
                                      const TypeSchema& type,
                                      const BuiltInKinds& kinds);

}  // namespace skerry::standalone

#include "cloudcore/standalone/schema/type_schema.h"

#include <algorithm>

namespace skerry::standalone {

const FieldSchema* TypeSchema::field(std::string_view field_name) const {
  const auto found = std::ranges::lower_bound(fields, field_name, {}, &FieldSchema::name);
  return found != fields.end() && found->name == field_name ? &*found : nullptr;
}

}  // namespace skerry::standalone

// What a CustomResourceDefinition says of one of its versions besides the type: its columns, its
// scale, what field selectors may name, and the version that objects are stored in. It is the row's
// type itself: what made the row made it of this struct and marked it.
//
// Owner: whoever owns the row's types. Immutable; any thread.
// Source: apiextensions.k8s.io/v1 CustomResourceDefinitionVersion.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloudcore/standalone/schema/kind_table.h"

namespace skerry::standalone {

/// In TypeSchema::format, which a type of a whole object has no other use for.
inline constexpr std::string_view kCustomVersionMark = "skerry.io/custom-version";

struct CustomVersion : TypeSchema {
  struct Column {
    std::string name;
    std::string type;  // "string", "integer", "number", "boolean", "date"
    std::string format;
    std::string description;
    int priority = 0;
    std::string path;  // ".status.conditions[?(@.type==\"Ready\")].status"
  };
  struct Scale {
    std::string spec_replicas;    // ".spec.replicas"
    std::string status_replicas;  // ".status.replicas"
    std::string label_selector;   // a field with a selector as text; empty: none
  };

  std::vector<Column> columns;
  std::optional<Scale> scale;
  std::vector<std::string> selectable;  // "spec.color"
  std::string deprecation;              // the warning of every answer; empty: none

  GroupVersion stored;  // conversion is None: only apiVersion differs
  const TypeSchema* stored_type = nullptr;
  /// What was written after this revision was fitted to this type.
  std::int64_t since = 0;
  bool terminating = false;  // nothing new: the definition is being deleted
};

/// Null: a built-in kind, or a custom one that only has a schema.
inline const CustomVersion* custom_version(const KindRow& row) {
  const bool is = row.custom && row.type != nullptr && row.type->format == kCustomVersionMark;
  return is ? static_cast<const CustomVersion*>(row.type) : nullptr;
}

}  // namespace skerry::standalone

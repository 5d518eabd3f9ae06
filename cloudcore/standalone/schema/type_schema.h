// What a Kubernetes type looks like: its fields, their types, and how lists merge. One model for the
// built-in kinds (read from the facts table) and for the structural schemas of
// CustomResourceDefinitions, so that validation, pruning, defaulting, the patches, server-side apply
// and OpenAPI are written once.
//
// Owner: a SchemaSet. Immutable after it was built; any thread. Pointers live as long as their set.
// Source: the OpenAPI of kube-apiserver 1.34; structured-merge-diff's list and map kinds.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skerry::standalone {

struct TypeSchema;

/// Where a field is in Kubernetes' protobuf. Of built-in types only.
struct WireNumber {
  std::uint8_t number = 0;  // 0: JSON alone has it
  std::uint8_t inside = 0;  // of the message whose fields JSON has inline; 0: of the type itself
  bool drops_zero = false;  // no field of JSON holds "", 0, false, [] or {}: Go's omitempty
};

struct FieldSchema {
  std::string name;
  const TypeSchema* type = nullptr;
  bool required = false;
  WireNumber wire;
  /// As OpenAPI v3 says it: also the zero values ("", 0, {}) of what Kubernetes always writes out.
  std::optional<nlohmann::json> default_value;
  // Strategic merge patch (x-kubernetes-patch-strategy, -patch-merge-key).
  bool patch_merge = false;        // the list or map is merged, not replaced
  bool patch_retain_keys = false;  // `retainKeys`: the union's other members go
  bool patch_replace = false;      // `replace`: an object that is not merged, as others are
  std::string patch_merge_key;     // of a list of objects; empty: a list of scalars
};

struct TypeSchema {
  enum class Shape : std::uint8_t {
    kObject,       // the fields below
    kMap,          // any keys, values of type `item`
    kList,         // elements of type `item`
    kString,
    kInteger,
    kNumber,
    kBoolean,
    kIntOrString,
    kAny,          // anything, kept as it is (RawExtension, x-kubernetes-preserve-unknown-fields)
  };
  // How server-side apply owns a list (x-kubernetes-list-type) or an object/map (-map-type).
  enum class Ownership : std::uint8_t { kGranular, kAtomic, kSet, kByKeys };

  Shape shape = Shape::kAny;
  std::string name;    // "io.k8s.api.core.v1.Pod"; empty for an anonymous one
  /// "date-time", "int32", "int64", "double", "byte", "quantity" (a string or a number), "object" (of
  /// kAny: any object); a CustomResourceDefinition's may be anything. Empty: none.
  std::string format;
  Ownership ownership = Ownership::kGranular;  // lists: kAtomic unless said otherwise
  std::vector<std::string> list_map_keys;      // of kByKeys
  std::vector<FieldSchema> fields;             // sorted by name; kObject only
  const TypeSchema* item = nullptr;            // kMap, kList
  std::optional<nlohmann::json> item_default;  // what stands for a null among the items
  bool preserve_unknown = false;               // an object that also keeps fields it does not name
  bool embedded_resource = false;              // has apiVersion, kind, metadata of its own
  bool nullable = false;

  // Limits of structural schemas (OpenAPI v3 keywords); empty for most built-in types.
  std::vector<nlohmann::json> enum_values;
  nlohmann::json limits;  // {"minimum":..,"pattern":..,"maxLength":..,"oneOf":[..]...}; null: none

  /// What OpenAPI shows and nothing here decides by: x-kubernetes-group-version-kind, -unions,
  /// -validations; description, title, example and externalDocs of a CustomResourceDefinition.
  nlohmann::json annotations;

  const FieldSchema* field(std::string_view field_name) const;  // nullptr: unknown
};

}  // namespace skerry::standalone

// metadata.managedFields as a list of entries, one for each manager, operation, version and
// subresource. Internal to patch/.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cloudcore/standalone/patch/field_set.h"
#include "cloudcore/standalone/patch/managed_fields.h"

namespace skerry::standalone {

struct ManagedEntry {
  std::string manager;
  bool applied = false;
  std::string api_version;
  std::string subresource;
  std::string time;
  FieldSet fields;

  /// `"kubectl" with subresource "status" using v1`: as conflicts name it.
  std::string shown() const;
};
using ManagedEntries = std::vector<ManagedEntry>;

/// False: not the list of an object; `out` is empty.
bool decode_entries(const nlohmann::json& managed_fields, ManagedEntries& out);
/// Sorted as Kubernetes sorts it; null when there is none.
nlohmann::json encode_entries(ManagedEntries entries);

/// The writer's own entry; an applier has one for all versions. Null: none.
ManagedEntry* find_entry(ManagedEntries& entries, const FieldWriter& writer, bool applied);
void drop_empty(ManagedEntries& entries);
/// The oldest updates above the limit become one entry of each version.
void cap_updates(ManagedEntries& entries);

}  // namespace skerry::standalone

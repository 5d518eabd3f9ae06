// Files of manifests as objects: YAML or JSON, several documents in a file, lists in a document.
// Pure. Limits: kManifestBytesMax. Source: kubectl's resource builder and K3s' deploy controller,
// as behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/base/units.h"

namespace skerry::standalone {

inline constexpr std::size_t kManifestBytesMax = 16 * kMiB;

/// One object of a file, or why there is none.
struct ManifestObject {
  std::string file;  // its name, without folders
  int document = 1;  // from 1, as a person counts
  nlohmann::json object;
  std::string error;  // empty: `object` has apiVersion, kind and a name
  /// "edge.yaml, document 2"
  std::string place() const;
};

bool is_manifest_name(std::string_view file_name);
std::vector<ManifestObject> read_manifest(const std::string& file, std::string_view text);

/// What others stand on comes first: namespaces, definitions, classes, accounts; the order of the
/// files and in them stays otherwise.
void sort_for_creation(std::vector<ManifestObject>& objects);

/// The merge patch that makes `current` what the manifest says: its fields, and without those that
/// the manifest had before (`last_applied`) and has no more.
nlohmann::json manifest_patch(const nlohmann::json& last_applied, const nlohmann::json& wanted);

}  // namespace skerry::standalone

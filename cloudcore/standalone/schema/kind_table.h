// Every kind that the API serves by itself, one row each: a new kind is a row. Discovery, routing,
// OpenAPI, printing and storage keys all read it; kinds of CustomResourceDefinitions become rows of
// the same type at run time.
//
// Owner: Api. Immutable; any thread. Source: discovery of kube-apiserver 1.34.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cloudcore/standalone/schema/type_schema.h"

namespace skerry::standalone {

struct GroupVersion {
  std::string group;  // empty: the legacy API, /api/v1
  std::string version;
  std::string text() const;  // "v1", "apps/v1"
  friend auto operator<=>(const GroupVersion&, const GroupVersion&) = default;
};

struct KindRow {
  GroupVersion gv;
  std::string kind;      // "Deployment"
  std::string plural;    // "deployments"
  std::string singular;  // "deployment"
  bool namespaced = true;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  /// create delete deletecollection get list patch update watch
  std::vector<std::string> verbs;
  std::vector<std::string> subresources;  // "status", "scale", "binding", "eviction", "token", ...
  /// The rows that share objects (events of v1 and events.k8s.io/v1) name one storage prefix.
  std::string storage_prefix;  // "pods", "deployments.apps"
  const TypeSchema* type = nullptr;
  bool custom = false;  // of a CustomResourceDefinition
};

/// What a subresource of a row takes and gives, and by which verbs. Errors: none; a name that
/// Kubernetes does not know is read and changed as "status" is.
struct Subresource {
  GroupVersion gv;
  std::string kind;
  std::vector<std::string> verbs;
};
Subresource subresource_of(const KindRow& row, std::string_view name);

/// The built-in rows with their types, in discovery's order. Parsed once from the facts table that
/// is part of the binary; the shared_ptr owns all TypeSchemas.
struct BuiltInKinds {
  std::vector<KindRow> rows;
  const KindRow* find(const GroupVersion& gv, std::string_view kind) const;
  const TypeSchema* type(std::string_view name) const;  // by TypeSchema::name; nullptr: unknown
  /// Also of what has no row: lists, Scale, Eviction, DeleteOptions (of any group and version).
  const TypeSchema* type_of(const GroupVersion& gv, std::string_view kind) const;

  struct Types;
  std::shared_ptr<const Types> types;
};
std::shared_ptr<const BuiltInKinds> built_in_kinds();

}  // namespace skerry::standalone

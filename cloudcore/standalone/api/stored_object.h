// An object as the API keeps and serves it: its JSON once, with its resourceVersion inside, and the
// few things that lists and watches select by. Pure.
//
// Stored bytes begin with `{"metadata":{`; the served ones have the resourceVersion put in right
// there. So nothing is parsed or encoded again between the storage and a client.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cloudcore/standalone/storage/storage.h"
#include "common/base/result.h"

namespace skerry::standalone {

using Labels = std::map<std::string, std::string>;

/// Immutable; shared between the store, lists and watches.
struct StoredObject {
  std::string ns;  // empty: cluster-scoped
  std::string name;
  std::string uid;
  Revision revision = 0;
  std::shared_ptr<const std::string> json;  // as served
  Labels labels;
  std::map<std::string, std::string> fields;  // field selectors' answers beyond name and namespace
  std::vector<std::string> owners;            // uids of metadata.ownerReferences
  std::string controller;                     // the uid of the one that controls it; empty: none
};
using StoredObjectPtr = std::shared_ptr<const StoredObject>;

/// What a field selector may ask of a kind: "spec.nodeName", "status.phase", ... By storage prefix.
/// Source: the conversion functions for field labels of each kind.
const std::vector<std::string>& selectable_fields(std::string_view storage_prefix);

/// The stored bytes of an object: metadata first, without resourceVersion. `object` has a metadata
/// with a name.
std::string stored_bytes(const nlohmann::json& object);

/// Errors: kMalformed (bytes that stored_bytes() did not make).
Result<StoredObjectPtr> served_object(std::string_view storage_prefix,
                                      std::string_view stored,
                                      Revision revision);

/// The same object at another revision.
StoredObjectPtr at_revision(const StoredObject& object, Revision revision);

/// "<prefix>/<ns>/<name>"
std::string storage_key(std::string_view storage_prefix,
                        std::string_view ns,
                        std::string_view name);

}  // namespace skerry::standalone

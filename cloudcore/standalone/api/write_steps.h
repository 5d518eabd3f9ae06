// The steps that create, update and patch share: what a body may say, how an answer is made.
//
// Pure. Internal to api/.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cloudcore/standalone/api/rest.h"

namespace skerry::standalone {

/// How one request changes an object; tried again when another writer came between.
struct Rest::Update {
  /// The object that the client wants, from the one that is there.
  std::function<Answer<nlohmann::json>(const nlohmann::json& current)> wish;
  std::vector<std::string> warnings;
  bool tracked = false;  // the wish has its managedFields
};

/// An object to be created, in the request's version.
struct Rest::Creation {
  nlohmann::json object;
  std::vector<std::string> warnings;
  bool tracked = false;  // it has its managedFields
};

bool has_status(const KindRow& row);
/// metadata.resourceVersion; 0: none.
Revision revision_of(const nlohmann::json& object);
Answer<nlohmann::json> parse_stored(const StoredObject& object);
/// The namespace that an object of this request has; empty: cluster-scoped.
std::string namespace_of(const ResourceRequest& request);
bool dry_run(const ApiRequest& request);

/// apiVersion and kind of the body against those of the path; a body may leave them out.
Answer<void> check_type(nlohmann::json& object, const KindRow& row);
/// Namespace and name of the body against those of the path; what is missing is filled in.
Answer<void> check_place(nlohmann::json& object, const ResourceRequest& request);
/// A body that names a uid means that object and no other of its name.
Answer<void> check_uid(const nlohmann::json& object,
                       const nlohmann::json& current,
                       const KindRow& row);
/// The body of a create or update; what a strict client does not want is an error, warnings, or
/// nothing, by the client's choice.
struct ReadObject {
  nlohmann::json object;
  std::vector<std::string> warnings;
};
Answer<ReadObject> read_object(const ResourceRequest& request);
/// Unknown fields of what a patch makes, by the client's choice.
Answer<std::vector<std::string>> fit(nlohmann::json& object, const ResourceRequest& request);
void add(FieldErrors& to, FieldErrors from);
/// What the schema of a custom kind says against an object; none for other kinds. Both are in the
/// stored version; `old` null: the object is new.
FieldErrors custom_errors(const KindRow& row,
                          const nlohmann::json& object,
                          const nlohmann::json* old,
                          bool status_only = false);

/// What a client is told of an object that is stored as it is.
void note_warnings(const KindRow& row,
                   const nlohmann::json& object,
                   std::vector<std::string>& warnings);

ApiFailure write_failed(const Error& error, const KindRow& row, const std::string& name);
ApiResponse object_response(int status,
                            std::shared_ptr<const std::string> body,
                            const std::vector<std::string>& warnings);
/// What would have been stored, for a dry run.
ApiResponse unstored_response(const KindRow& row,
                              int status,
                              nlohmann::json object,
                              const std::vector<std::string>& warnings = {});

}  // namespace skerry::standalone

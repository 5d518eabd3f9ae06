// The OpenAPI documents of the API, made from the rows of the kinds and their types: what kubectl
// reads for explain, apply, diff and the check of fields, and client generators for their types.
// There are no descriptions of built-in kinds.
//
// Owner: whoever asks; pure functions, any thread. A document has up to 1 MB and takes a few
// milliseconds: the caller keeps its text until its rows change. Errors: nothing when no row has
// that group and version. Source: OpenAPI of kube-apiserver 1.34; paths of the deprecated
// /watch/ and of proxies below {path} are left out, and so are parameters' descriptions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cloudcore/standalone/schema/kind_table.h"

namespace skerry::standalone {

/// /openapi/v3/api/v1 and /openapi/v3/apis/<group>/<version>.
std::optional<std::string> openapi_v3_document(std::span<const KindRow> rows,
                                               const GroupVersion& gv);

/// /openapi/v3: where the documents are. Clients keep a document for ever by its hash: the server
/// answers a request with another `hash` than the current one by a redirect to that.
struct OpenApiPlace {
  GroupVersion gv;
  std::string hash;  // openapi_hash of its document
};
std::string openapi_v3_index(std::span<const OpenApiPlace> places);
std::string openapi_hash(std::string_view document);

/// /openapi/v2, for clients that ask for JSON.
std::string openapi_v2_document(std::span<const KindRow> rows);

}  // namespace skerry::standalone

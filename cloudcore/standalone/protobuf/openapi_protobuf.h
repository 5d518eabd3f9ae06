// The document of OpenAPI version 2 as the protobuf in which kubectl asks for it: to check a List
// before it sends it, and for kinds whose version 3 it does not find.
//
// Pure. Without the document's security section, which no client of this form reads. A keyword that
// a schema of version 2 does not have is left out. Source: OpenAPIv2.proto of gnostic-models 0.7,
// field numbers only; extensions are YAML there, and JSON is YAML.
#pragma once

#include <string>
#include <string_view>

namespace skerry::standalone {

inline constexpr std::string_view kOpenApiV2Protobuf =
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

/// `document`: openapi_v2_document's.
std::string openapi_v2_protobuf(std::string_view document);

}  // namespace skerry::standalone

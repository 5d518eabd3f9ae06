// In which form a client wants an answer, by its Accept header. Pure.
// Source: content negotiation of k8s.io/apiserver (pkg/endpoints/handlers/negotiation), as
// behaviour.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace skerry::standalone {

enum class Form : std::uint8_t { kObject, kTable, kPartialMetadata, kPartialMetadataList };

struct Representation {
  Form form = Form::kObject;
  std::string api_version = "meta.k8s.io/v1";  // of what is not the object itself
};

/// Can one of the header's media types be made? Also when there is no header.
bool is_acceptable(std::string_view accept);
/// What is_acceptable knows, as a client that wants something else reads it.
inline constexpr std::string_view kRepresentations =
    "application/json, application/json;stream=watch";

/// The first of the header's media types that can be made, by quality and then by place; plain JSON
/// when there is none.
Representation representation(std::string_view accept);

/// What a table's row carries of its object.
enum class IncludeObject : std::uint8_t { kNone, kMetadata, kObject };

/// Of the query parameter includeObject; nothing: not one of its values.
std::optional<IncludeObject> include_object(std::string_view text);

}  // namespace skerry::standalone

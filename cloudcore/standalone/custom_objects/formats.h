// The `format` of a string: those that Kubernetes checks. Pure.
// Source: k8s.io/kube-openapi/pkg/validation/strfmt, as behaviour; "isbn", "isbn10",
// "isbn13" and "creditcard" are known and not checked.
#pragma once

#include <string_view>

namespace skerry::standalone {

/// Whether Kubernetes knows the format at all; of one that it does not know it says so in a
/// warning.
bool is_known_format(std::string_view format);
/// True for a format that is not checked.
bool has_format(std::string_view text, std::string_view format);

}  // namespace skerry::standalone

// Base64 as Go's encoding/base64 reads and writes it, and so Kubernetes. Pure.
// Source: RFC 4648 sections 4 and 5; Go's StdEncoding and RawURLEncoding.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace skerry {

/// Standard alphabet, padded.
std::string encode_base64(std::string_view bytes);

/// Standard alphabet, padded; line ends anywhere are passed over, as Go does. Errors: kMalformed.
Result<std::string> decode_base64(std::string_view text);

/// The URL alphabet without padding, as in a JSON Web Token. Errors: kMalformed.
Result<std::string> decode_base64url(std::string_view text);

}  // namespace skerry

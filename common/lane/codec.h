// Messages to bytes and back. The only place that knows the wire form (proto/lane.proto).
// Pure; any thread. Source: design.md section 4.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/base/units.h"
#include "common/lane/message.h"

namespace skerry::lane {

struct DecodeLimits {
  std::size_t object_bytes_max = kObjectBytesMax;  // an object's JSON after decompression
  std::size_t entries_max = 65'536;                // of one repeated field: Listing, ReportAck, ...
};

/// Texts for people (reasons, errors) that are not UTF-8 are sent with '?' for each foreign byte,
/// so that a strange error message never ends a session.
std::string encode(const Message& message);

/// Unhandled for a message this version does not know, and for a ReportAgain of an unknown kind.
/// Errors: kMalformed (not a lane message, a digest of the wrong length, an unknown kind: the text
/// names it), kTooLarge (more entries or a larger object than the limits; checked before
/// allocation).
Result<Message> decode(std::string_view bytes, const DecodeLimits& limits = {});

}  // namespace skerry::lane

// Ids on the wire: nearly all are UUIDs, and 36 characters of text for 16 bytes are dear where a
// whole reconnect has 1 KB. Pure.
#pragma once

#include <string>
#include <string_view>

namespace skerry::lane {

/// 0x01 and 16 bytes for a UUID in lower case; any other id as it is.
std::string packed_id(const std::string& id);
/// What is not printable becomes '?': such an id equals none, and never reaches a log or JSON.
std::string unpacked_id(const std::string& wire);

}  // namespace skerry::lane

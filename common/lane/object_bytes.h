// An object's JSON on the wire: zstd, level 3. Pure; any thread (each keeps its own zstd contexts).
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace skerry::lane {

std::string compress(std::string_view json);

/// `declared`: the size that the sender promised; the result has exactly that size.
/// Errors: kTooLarge (declared > limit; nothing is allocated), kMalformed (not zstd, other size).
Result<std::string> decompress(std::string_view zstd, std::size_t declared, std::size_t limit);

}  // namespace skerry::lane

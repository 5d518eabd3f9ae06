// Text between double quotes, with what would end or garble it escaped: Go's %q for the characters
// that labels and annotations may hold, and a YAML double-quoted scalar. Pure.
#pragma once

#include <string>
#include <string_view>

namespace skerry {

std::string quote(std::string_view text);

}  // namespace skerry

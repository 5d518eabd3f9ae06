// How deep a JSON text nests, before anything recursive walks what it says. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace skerry::standalone {

/// Also of text that is no JSON: it counts brackets outside of strings.
bool nested_deeper_than(std::string_view json, std::size_t levels);

}  // namespace skerry::standalone

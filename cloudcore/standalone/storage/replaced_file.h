// Where restore_sqlite_storage() keeps the file that it replaced; an older one of that name goes.
// Pure.
#pragma once

#include <string>

namespace skerry::standalone {

inline std::string replaced_file(const std::string& file) { return file + ".replaced"; }

}  // namespace skerry::standalone

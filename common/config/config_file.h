// From a file's text to the table. Private to this module.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/config/key_table.h"

namespace skerry::config {

/// Errors: kNotFound, kTooLarge, kStorage.
Result<std::string> read_config_file(const std::string& path);

/// parse_yaml and apply; the error names the source.
Result<std::vector<std::string>> apply_text(std::string_view yaml,
                                            const KeyTable& table,
                                            std::string_view source);

}  // namespace skerry::config

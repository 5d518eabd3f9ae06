// A whole file of a known modest size: kubeconfig, certificate, key, token.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "common/base/result.h"

namespace skerry::kube {

/// Errors: kNotFound (absent or not readable), kTooLarge.
Result<std::string> read_small_file(const std::filesystem::path& file, std::size_t bytes_max);

}  // namespace skerry::kube

// JSON that somebody sent: its value, and what is wrong with it in the words of a kube-apiserver.
//
// Pure. Limits: the caller's; read_json does not recurse. Errors: kMalformed. Source: the texts of
// Go's encoding/json scanner, as behaviour.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace skerry::standalone {

struct JsonText {
  nlohmann::json value;
  bool duplicates = false;  // a key stands twice somewhere; the last one counts
};
Result<JsonText> read_json(std::string_view text);

/// "invalid character 'x' after object key:value pair"; empty: it is JSON.
std::string json_syntax_problem(std::string_view text);

}  // namespace skerry::standalone

// A Record as the JSON of a Secret and back. Pure. Private to this module.
#pragma once

#include <string>
#include <string_view>

#include "cloudcore/cloudhub/identity_store.h"

namespace skerry::cloudhub {

/// Errors: kTooLarge.
Result<std::string> encode_secret(const Record& record);
/// Errors: kMalformed: not a Secret of ours.
Result<Record> decode_secret(std::string_view json);

}  // namespace skerry::cloudhub

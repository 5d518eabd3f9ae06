// What Hello compares. Cloud and edge compute these with the same functions.
#pragma once

#include "common/lane/message.h"

namespace skerry::lane {

std::size_t bucket_of(const ObjectKey& key);

/// Entries in any order. A bucket without entries is the zero digest.
Buckets content_digests(const std::vector<ContentEntry>& entries);
/// Zero for no entries.
Digest status_digest(const std::vector<StatusEntry>& entries);

}  // namespace skerry::lane

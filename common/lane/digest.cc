#include "common/lane/digest.h"

#include <algorithm>

namespace skerry::lane {
namespace {

// Length first: no two lists of entries give the same bytes, whatever a name contains.
void append_field(std::string& out, std::string_view field) {
  const auto size = static_cast<std::uint32_t>(field.size());
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 0xff);
  out += field;
}

// By its wire word: an enumerator's number may differ between versions.
std::string entry_bytes(const ObjectKey& key, const Uid& uid, const Digest& digest) {
  std::string out;
  append_field(out, k8s::info(key.kind).wire);
  append_field(out, key.ns);
  append_field(out, key.name);
  append_field(out, uid.str());
  out += digest.view();
  return out;
}

Digest digest_of(std::vector<std::string> entries) {
  if (entries.empty()) return {};
  std::sort(entries.begin(), entries.end());
  std::string bytes;
  for (const std::string& entry : entries) bytes += entry;
  return digest(bytes);
}

}  // namespace

std::size_t bucket_of(const ObjectKey& key) { return sha256(key.text())[0] >> 4; }

Buckets content_digests(const std::vector<ContentEntry>& entries) {
  std::array<std::vector<std::string>, kBuckets> by_bucket;
  for (const ContentEntry& entry : entries) {
    by_bucket[bucket_of(entry.key)].push_back(entry_bytes(entry.key, entry.uid, entry.version));
  }
  Buckets out;
  for (std::size_t i = 0; i < kBuckets; ++i) out[i] = digest_of(std::move(by_bucket[i]));
  return out;
}

Digest status_digest(const std::vector<StatusEntry>& entries) {
  std::vector<std::string> sorted;
  sorted.reserve(entries.size());
  for (const StatusEntry& entry : entries) {
    sorted.push_back(entry_bytes(entry.key, entry.uid, entry.hash));
  }
  return digest_of(std::move(sorted));
}

}  // namespace skerry::lane

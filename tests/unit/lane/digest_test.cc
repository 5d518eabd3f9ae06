#include "common/lane/digest.h"

#include <algorithm>
#include <random>

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::lane;

namespace {

ContentEntry content(const std::string& name, const std::string& uid, const std::string& json) {
  return {{k8s::Kind::kPod, "default", name}, Uid(uid), k8s::ContentVersion(digest(json))};
}

std::vector<ContentEntry> hundred_pods() {
  std::vector<ContentEntry> out;
  for (int i = 0; i < 100; ++i) {
    out.push_back(content("pod-" + std::to_string(i), "uid", std::to_string(i)));
  }
  return out;
}

}  // namespace

TEST_CASE("content_digests: the order of the entries does not matter", "[lane]") {
  std::vector<ContentEntry> entries = hundred_pods();
  const Buckets want = content_digests(entries);
  std::shuffle(entries.begin(), entries.end(), std::mt19937(7));
  CHECK(content_digests(entries) == want);
}

TEST_CASE("content_digests: a bucket without entries is zero, no other is", "[lane]") {
  CHECK(content_digests({}) == Buckets{});
  const std::vector<ContentEntry> one = {content("web", "u1", "{}")};
  const Buckets digests = content_digests(one);
  for (std::size_t i = 0; i < kBuckets; ++i) {
    CHECK((digests[i] == Digest{}) == (i != bucket_of(one[0].key)));
  }
}

TEST_CASE("content_digests: a change of uid, version or key changes its bucket alone", "[lane]") {
  std::vector<ContentEntry> entries = hundred_pods();
  const Buckets before = content_digests(entries);
  const std::size_t bucket = bucket_of(entries[42].key);
  SECTION("uid") { entries[42].uid = Uid("other"); }
  SECTION("version") { entries[42].version = k8s::ContentVersion(digest("other")); }
  SECTION("missing") { entries.erase(entries.begin() + 42); }
  const Buckets after = content_digests(entries);
  for (std::size_t i = 0; i < kBuckets; ++i) CHECK((before[i] == after[i]) == (i != bucket));
}

TEST_CASE("content_digests: fields cannot be shifted into one another", "[lane]") {
  // Same concatenation of namespace and name in one bucket's bytes, other meaning.
  const StatusEntry one{{k8s::Kind::kPod, "ab", "c"}, Uid("d"), {}};
  const StatusEntry two{{k8s::Kind::kPod, "a", "bc"}, Uid("d"), {}};
  const StatusEntry three{{k8s::Kind::kPod, "a", "b"}, Uid("cd"), {}};
  CHECK(status_digest({one}) != status_digest({two}));
  CHECK(status_digest({two}) != status_digest({three}));
}

TEST_CASE("bucket_of: is the first nibble of SHA-256 of the key's text", "[lane]") {
  const ObjectKey key{k8s::Kind::kPod, "default", "web"};
  const std::string hex = digest(key.text()).hex();
  CHECK(bucket_of(key) == std::stoul(hex.substr(0, 1), nullptr, 16));
}

TEST_CASE("status_digest: is zero for nothing and free of order", "[lane]") {
  CHECK(status_digest({}) == Digest{});
  std::vector<StatusEntry> entries;
  for (int i = 0; i < 20; ++i) {
    entries.push_back({{k8s::Kind::kPod, "default", std::to_string(i)},
                       Uid("u"),
                       k8s::StatusHash(digest(std::to_string(i)))});
  }
  const Digest want = status_digest(entries);
  std::reverse(entries.begin(), entries.end());
  CHECK(status_digest(entries) == want);
  entries.front().hash = {};
  CHECK(status_digest(entries) != want);
}

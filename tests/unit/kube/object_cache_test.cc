#include "cloudcore/kube/object_cache.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::kube;

namespace {

k8s::ObjectPtr object(const std::string& name,
                      std::uint64_t version,
                      const std::string& content = "") {
  return k8s::received_object({k8s::Kind::kConfigMap, "default", name}, Uid("u-" + name),
                              k8s::ContentVersion(digest(content)), ResourceVersion(version),
                              content);
}

}  // namespace

TEST_CASE("ObjectCache: keeps only what is newer", "[kube]") {
  ObjectCache cache;
  CacheChange change;
  const auto first = object("a", 5);
  REQUIRE(cache.put(first, change));
  CHECK_FALSE(change.before);
  CHECK(change.after == first);
  CHECK_FALSE(cache.put(object("a", 5), change));
  CHECK_FALSE(cache.put(object("a", 4), change));
  const auto second = object("a", 6);
  REQUIRE(cache.put(second, change));
  CHECK(change.before == first);
  CHECK(cache.find(first->key) == second);
  CHECK(cache.size() == 1);
}

TEST_CASE("ObjectCache: a deletion older than the object is not believed", "[kube]") {
  ObjectCache cache;
  CacheChange change;
  const auto kept = object("a", 9);
  cache.put(kept, change);
  CHECK_FALSE(cache.erase(object("a", 8), change));
  CHECK_FALSE(cache.erase(object("b", 20), change));
  REQUIRE(cache.erase(object("a", 10), change));
  CHECK(change.before == kept);
  CHECK_FALSE(change.after);
  CHECK(cache.size() == 0);
}

TEST_CASE("ObjectCache: a list gives the differences, removals first", "[kube]") {
  ObjectCache cache;
  CacheChange change;
  const auto a = object("a", 1), b = object("b", 2, "old"), c = object("c", 3);
  for (const auto& one : {a, b, c}) cache.put(one, change);
  const auto b2 = object("b", 7, "new"), d = object("d", 8);
  const auto changes = cache.replace({object("c", 3), b2, d});
  REQUIRE(changes.size() == 3);
  CHECK((changes[0].before == a && !changes[0].after));
  CHECK((changes[1].before == b && changes[1].after == b2));
  CHECK((!changes[2].before && changes[2].after == d));
  CHECK(cache.find(c->key) == c);  // unchanged: the bytes that others share already
  CHECK(cache.size() == 3);
}

TEST_CASE("ObjectCache: a restored cluster's list is taken also where numbers are lower or equal",
          "[kube]") {
  ObjectCache cache;
  CacheChange change;
  cache.put(object("a", 50, "x"), change);
  cache.put(object("b", 60, "x"), change);
  const auto changes = cache.replace({object("a", 50, "y"), object("b", 20, "x")});
  CHECK(changes.size() == 2);
  CHECK(cache.find({k8s::Kind::kConfigMap, "default", "b"})->resource_version ==
        ResourceVersion(20));
}

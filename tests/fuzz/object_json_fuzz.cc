// What the Kubernetes API, or a store that was damaged, can give for an object: any bytes, through
// canonical JSON and what is read from it. Input: a byte that chooses the kind, then JSON.
// Corpus: tests/fuzz/corpus/object_json.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "common/base/assert.h"
#include "common/k8s/object.h"
#include "common/k8s/pod_refs.h"

using namespace skerry;
using namespace skerry::k8s;

namespace {

// Canonical is a fixed point: the same bytes at every place that holds the object.
void check_canonical(const std::string& canonical) {
  const Result<std::string> again = canonical_json(canonical);
  SKERRY_ASSERT(again && *again == canonical, "canonical JSON changes when it is made again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Kind kind = static_cast<Kind>(data[0] % static_cast<unsigned>(Kind::kCount));
  const std::string_view json(reinterpret_cast<const char*>(data + 1), size - 1);
  if (const Result<std::string> canonical = canonical_json(json)) check_canonical(*canonical);
  const Result<std::string> projected = status_projection(kind, json);
  if (projected && !projected->empty()) {  // empty: the edge owns no status of this kind
    check_canonical(*projected);
    const Result<std::string> again = status_projection(kind, *projected);
    SKERRY_ASSERT(again && *again == *projected, "a projection changes when it is projected");
  }
  const Result<ObjectPtr> object = make_object(kind, json);
  if (!object) return 0;
  check_canonical(*(*object)->json);
  SKERRY_ASSERT(!(*object)->key.name.empty() && !(*object)->uid.empty(), "an object has a name");
  (void)referenced_objects(**object);
  (void)token_sources(**object);
  return 0;
}

// What people write into a CustomResourceDefinition and its objects. Input: JSON, {"schema": of the
// root, "object": anything, "path": of a printer column}. Corpus: tests/fuzz/corpus/custom_object.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "cloudcore/standalone/custom_objects/value_validation.h"
#include "cloudcore/standalone/printing/json_path.h"
#include "cloudcore/standalone/schema/pruning.h"
#include "cloudcore/standalone/schema/structural_schema.h"
#include "common/base/assert.h"
#include "common/k8s/json_fields.h"

using namespace skerry;
using namespace skerry::standalone;
using nlohmann::json;

namespace {
constexpr std::size_t kDepthMax = 100;  // the API's decoder has such a limit, too

bool too_deep(std::string_view text) {
  std::size_t depth = 0;
  for (const char c : text) {
    if ((c == '[' || c == '{') && ++depth > kDepthMax) return true;
    if ((c == ']' || c == '}') && depth > 0) --depth;
  }
  return false;
}
}  // namespace

// What was pruned and defaulted once stays as it is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (too_deep(text)) return 0;
  const json input = json::parse(text, nullptr, false);
  if (!input.is_object()) return 0;
  json object = k8s::fields::at(input, "object");
  if (const auto path = JsonPath::parse(k8s::fields::text(input, "path"))) path->find(object);
  const auto schema = structural_schema(k8s::fields::at(input, "schema"));
  if (!schema || !object.is_object()) return 0;
  prune(object, *(*schema)->root);
  set_defaults(object, *(*schema)->root);
  json again = object;
  prune(again, *(*schema)->root);
  set_defaults(again, *(*schema)->root);
  SKERRY_ASSERT(prune(again, *(*schema)->root).empty(), "what was pruned has nothing to prune");
  validate_value(object, nullptr, *(*schema)->root);
  validate_lists(object, *(*schema)->root);
  validate_embedded(object, *(*schema)->root);
  return 0;
}

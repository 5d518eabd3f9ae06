#include "cloudcore/standalone/kinds/kind_behaviours.h"

#include <map>

namespace skerry::standalone {
namespace {

std::map<std::string_view, const KindBehaviour*> all_rows() {
  std::map<std::string_view, const KindBehaviour*> out;
  for (const auto& rows :
       {core_behaviours(), apps_behaviours(), batch_behaviours(), scaling_behaviours(),
        networking_behaviours(), access_behaviours(), storage_behaviours(), cluster_behaviours()}) {
    for (const KindBehaviour& row : rows) out.emplace(row.storage_prefix, &row);
  }
  return out;
}

}  // namespace

const KindBehaviour& behaviour_of(std::string_view storage_prefix) {
  static const std::map<std::string_view, const KindBehaviour*> rows = all_rows();
  // A custom resource: its spec is counted, as apiextensions does.
  static const KindBehaviour kCustom = [] {
    KindBehaviour row;
    row.generation = true;
    return row;
  }();
  const auto found = rows.find(storage_prefix);
  return found == rows.end() ? kCustom : *found->second;
}

}  // namespace skerry::standalone

// Kinds of the core group, and Event.
#include <nlohmann/json.hpp>
#include <vector>

#include "cloudcore/standalone/kinds/core_rows.h"
#include "cloudcore/standalone/kinds/kind_behaviours.h"

namespace skerry::standalone {

std::span<const KindBehaviour> core_behaviours() {
  static const std::vector<KindBehaviour> kRows = [] {
    std::vector<KindBehaviour> rows;
    for (const auto& family : {pod_rows(), service_rows(), endpoint_rows(), config_rows(),
                               volume_rows(), cluster_rows()}) {
      rows.insert(rows.end(), family.begin(), family.end());
    }
    return rows;
  }();
  return kRows;
}

}  // namespace skerry::standalone

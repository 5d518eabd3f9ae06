// Kinds of apps, batch, autoscaling and policy.
#include <nlohmann/json.hpp>
#include <vector>

#include "cloudcore/standalone/kinds/kind_behaviours.h"

namespace skerry::standalone {
namespace {

std::vector<KindBehaviour> make_rows() {
  std::vector<KindBehaviour> rows;
  for (const std::string_view prefix :
       {"deployments.apps", "replicasets.apps", "daemonsets.apps", "statefulsets.apps",
        "jobs.batch", "cronjobs.batch", "poddisruptionbudgets.policy"}) {
    KindBehaviour row;
    row.storage_prefix = prefix;
    row.generation = true;
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

std::span<const KindBehaviour> workload_behaviours() {
  static const std::vector<KindBehaviour> rows = make_rows();
  return rows;
}

}  // namespace skerry::standalone

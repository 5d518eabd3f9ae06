#include "cloudcore/standalone/access/cluster_role_aggregation.h"

#include <algorithm>

#include "common/k8s/json_fields.h"
#include "common/k8s/selector.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

const ResourceType kClusterRoles{{"rbac.authorization.k8s.io", "v1"}, "clusterroles"};

class ClusterRoleAggregation final : public Controller {
 public:
  explicit ClusterRoleAggregation(ApiClient& client) : client_(client) {}

  std::string name() const override { return "clusterrole-aggregation"; }

  /// Any role may be part of any other: one key for all.
  std::vector<ControllerSource> sources() override {
    const auto all = [](const StoredObject&) { return std::vector<std::string>{"/"}; };
    return {{kClusterRoles, all}};
  }

  Task<Answer<LookAgain>> reconcile(std::string) override {
    std::vector<json> all;
    for (const StoredObjectPtr& role : client_.list(kClusterRoles, ""))
      all.push_back(parsed(*role));
    for (json& role : all) {
      if (!fields::at(role, "aggregationRule").is_object()) continue;
      json rules = aggregated_rules(role, all);
      if (fields::list(role, "rules") == rules) continue;
      role["rules"] = std::move(rules);
      const auto written = co_await client_.update(kClusterRoles, role);
      if (!written) co_return ApiFailure(written.error());
    }
    co_return LookAgain();
  }

 private:
  ApiClient& client_;
};

}  // namespace

json aggregated_rules(const json& role, const std::vector<json>& all) {
  json out = json::array();
  const std::string own = fields::text(fields::object(role, "metadata"), "name");
  for (const json& each :
       fields::list(fields::object(role, "aggregationRule"), "clusterRoleSelectors")) {
    const auto selector = k8s::LabelSelector::from_object(each);
    if (!selector) continue;
    for (const json& other : all) {
      const json& metadata = fields::object(other, "metadata");
      const bool chosen = fields::text(metadata, "name") != own &&
                          selector->matches(fields::text_map(metadata, "labels"));
      if (!chosen) continue;
      for (const json& rule : fields::list(other, "rules")) {
        if (std::find(out.begin(), out.end(), rule) == out.end()) out.push_back(rule);
      }
    }
  }
  return out;
}

std::unique_ptr<Controller> make_cluster_role_aggregation(ApiClient& client) {
  return std::make_unique<ClusterRoleAggregation>(client);
}

}  // namespace skerry::standalone

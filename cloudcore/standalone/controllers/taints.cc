#include "cloudcore/standalone/controllers/taints.h"

#include <algorithm>

#include "common/k8s/json_fields.h"

namespace skerry::standalone {

using nlohmann::json;
namespace fields = k8s::fields;

bool Toleration::tolerates(const Taint& taint) const {
  if (!effect.empty() && effect != taint.effect) return false;
  if (key.empty()) return exists;
  if (key != taint.key) return false;
  return exists || value == taint.value;
}

std::vector<Taint> taints_of(const json& node) {
  std::vector<Taint> out;
  for (const json& each : fields::list(fields::object(node, "spec"), "taints")) {
    out.push_back(
        {fields::text(each, "key"), fields::text(each, "value"), fields::text(each, "effect")});
  }
  return out;
}

std::vector<Toleration> tolerations_of(const json& pod) {
  std::vector<Toleration> out;
  for (const json& each : fields::list(fields::object(pod, "spec"), "tolerations")) {
    Toleration one;
    one.key = fields::text(each, "key");
    one.exists = fields::text(each, "operator") == "Exists";
    one.value = fields::text(each, "value");
    one.effect = fields::text(each, "effect");
    one.seconds = fields::number(each, "tolerationSeconds");
    out.push_back(std::move(one));
  }
  return out;
}

bool tolerated(const std::vector<Toleration>& tolerations, const Taint& taint) {
  return std::any_of(tolerations.begin(), tolerations.end(),
                     [&](const Toleration& each) { return each.tolerates(taint); });
}

}  // namespace skerry::standalone

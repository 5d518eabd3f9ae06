// Ingress, IngressClass, NetworkPolicy, EndpointSlice.
#include <nlohmann/json.hpp>
#include <vector>

#include "cloudcore/standalone/kinds/default_table.h"
#include "cloudcore/standalone/kinds/endpoint_slice_rules.h"
#include "cloudcore/standalone/kinds/ingress_rules.h"
#include "cloudcore/standalone/kinds/kind_behaviours.h"
#include "cloudcore/standalone/kinds/network_policy_rules.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;
using enum DefaultRow::When;

void create_ingress(json& object) { object["status"] = {{"loadBalancer", json::object()}}; }

void default_ingress_class(json& object) {
  static const DefaultTable table = {{"spec.parameters.scope", R"("Cluster")", kAbsent}};
  table.apply(object);
}

void default_network_policy(json& object) {
  static const DefaultTable table = {
      {"spec.podSelector", "{}"},
      {"spec.ingress[].ports[].protocol", R"("TCP")", kAbsent},
      {"spec.egress[].ports[].protocol", R"("TCP")", kAbsent},
  };
  table.apply(object);
  json& spec = object["spec"];
  if (!spec.is_object() || !fields::list(spec, "policyTypes").empty()) return;
  spec["policyTypes"] = json::array({"Ingress"});
  if (!fields::list(spec, "egress").empty()) spec["policyTypes"].push_back("Egress");
}

void default_endpoint_slice(json& object) {
  static const DefaultTable table = {
      {"endpoints", "null"},  // written also where there are none
      {"ports", "null"},
      {"ports[].name", R"("")", kAbsent},
      {"ports[].protocol", R"("TCP")", kAbsent},
      {"endpoints[].conditions", "{}"},
  };
  table.apply(object);
}

/// Everything but its metadata is its spec.
void update_endpoint_slice(json& object, const json& old) {
  json now = object;
  json before = old;
  now.erase("metadata");
  before.erase("metadata");
  if (now == before) return;
  const json& metadata = fields::object(old, "metadata");
  object["metadata"]["generation"] = fields::number(metadata, "generation").value_or(0) + 1;
}

std::vector<KindBehaviour> make_rows() {
  std::vector<KindBehaviour> rows(4);
  for (KindBehaviour& row : rows) row.generation = true;
  KindBehaviour& ingresses = rows[0];
  ingresses.storage_prefix = "ingresses.networking.k8s.io";
  ingresses.prepare_create = create_ingress;
  ingresses.validate = validate_ingress;
  KindBehaviour& classes = rows[1];
  classes.storage_prefix = "ingressclasses.networking.k8s.io";
  classes.set_defaults = default_ingress_class;
  classes.validate = validate_ingress_class;
  classes.validate_update = validate_ingress_class_update;
  KindBehaviour& policies = rows[2];
  policies.storage_prefix = "networkpolicies.networking.k8s.io";
  policies.set_defaults = default_network_policy;
  policies.validate = validate_network_policy;
  KindBehaviour& slices = rows[3];
  slices.storage_prefix = "endpointslices.discovery.k8s.io";
  slices.set_defaults = default_endpoint_slice;
  slices.prepare_update = update_endpoint_slice;
  slices.validate = validate_endpoint_slice;
  slices.validate_update = validate_endpoint_slice_update;
  return rows;
}

}  // namespace

std::span<const KindBehaviour> networking_behaviours() {
  static const std::vector<KindBehaviour> rows = make_rows();
  return rows;
}

}  // namespace skerry::standalone

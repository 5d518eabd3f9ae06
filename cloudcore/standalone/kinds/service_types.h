// What the type of a Service asks for. Pure; of its spec, after defaults.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace skerry::standalone {

bool needs_cluster_ip(const nlohmann::json& spec);   // all but ExternalName
bool needs_node_ports(const nlohmann::json& spec);   // NodePort, most LoadBalancers
bool needs_health_port(const nlohmann::json& spec);  // a LoadBalancer to local endpoints only
bool is_external(const nlohmann::json& spec);        // NodePort, LoadBalancer

}  // namespace skerry::standalone

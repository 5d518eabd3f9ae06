// The rows of core_kinds.cc, a file a family. Internal to kinds.
#pragma once

#include <vector>

#include "cloudcore/standalone/kinds/kind_behaviour.h"

namespace skerry::standalone {

std::vector<KindBehaviour> pod_rows();       // core_pods.cc
std::vector<KindBehaviour> service_rows();   // core_services.cc
std::vector<KindBehaviour> endpoint_rows();  // core_endpoints.cc: Endpoints
std::vector<KindBehaviour> config_rows();    // core_config.cc: Secret, ConfigMap, ServiceAccount
std::vector<KindBehaviour> volume_rows();    // core_volumes.cc: PersistentVolume and its claim
std::vector<KindBehaviour> cluster_rows();   // core_cluster.cc: Namespace, Node, Event

}  // namespace skerry::standalone

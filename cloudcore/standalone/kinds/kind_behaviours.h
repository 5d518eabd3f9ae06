// Rows of the families of kinds; kind_behaviours.cc puts them together. Internal to kinds.
#pragma once

#include <span>

#include "cloudcore/standalone/kinds/kind_behaviour.h"

namespace skerry::standalone {

std::span<const KindBehaviour> core_behaviours();  // Namespace, Node, Pod, Service, ...
std::span<const KindBehaviour> apps_behaviours();
std::span<const KindBehaviour> batch_behaviours();
std::span<const KindBehaviour> scaling_behaviours();     // policy, autoscaling
std::span<const KindBehaviour> networking_behaviours();  // and discovery
std::span<const KindBehaviour> access_behaviours();      // rbac
std::span<const KindBehaviour> storage_behaviours();
std::span<const KindBehaviour> cluster_behaviours();  // what is left: PriorityClass, Lease, ...

}  // namespace skerry::standalone

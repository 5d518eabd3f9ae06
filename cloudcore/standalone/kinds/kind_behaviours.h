// Rows of the families of kinds; kind_behaviours.cc puts them together. Internal to kinds.
#pragma once

#include <span>

#include "cloudcore/standalone/kinds/kind_behaviour.h"

namespace skerry::standalone {

std::span<const KindBehaviour> core_behaviours();      // Namespace, Node, Pod, Service, ...
std::span<const KindBehaviour> workload_behaviours();  // apps, batch, autoscaling, policy

}  // namespace skerry::standalone

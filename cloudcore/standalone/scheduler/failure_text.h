// Why a Pod has no Node, in the words of Kubernetes' scheduler. Pure.
// Source: pkg/scheduler/framework (FitError), defaultpreemption; 1.34's texts.
#pragma once

#include <string>
#include <vector>

#include "cloudcore/standalone/scheduler/node_fit.h"

namespace skerry::standalone {

/// "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable." `misfits`: one for
/// each Node.
std::string why_nowhere(const std::vector<Misfit>& misfits);
/// For a reason that is the same on every Node.
std::string why_nowhere(std::size_t nodes, const std::string& reason);

/// What follows when no Pod was preempted: " no new claims to deallocate, preemption: ..."
std::string why_no_preemption(const std::vector<Misfit>& misfits);
std::string why_not_eligible(const std::string& reason);

}  // namespace skerry::standalone

// From CRI's replies to what plan_pod() compares. Pods are found by the labels that a kubelet sets,
// so containers outlive edgecore and are adopted. Pure.
#pragma once

#include <map>

#include "cri_v1.pb.h"
#include "edgecore/edged/actual_pod.h"
#include "edgecore/edged/cri_client.h"

namespace skerry::edged {

struct ListedPod {
  ActualPod pod;
  std::string ns;
  std::string name;
  std::string node;  // kNodeAnnotation of its sandbox; empty: not made by an edged
};

/// Everything that has a pod uid, newest first, containers not yet `known`.
std::map<Uid, ListedPod> group_by_pod(const cri::ListPodSandboxResponse& sandboxes,
                                      const cri::ListContainersResponse& containers);

/// What a ContainerStatus reply says; the pid is read from its verbose part.
void apply_status(ActualContainer& container, const cri::ContainerStatusResponse& reply);
void apply_status(ActualSandbox& sandbox, const cri::PodSandboxStatusResponse& reply);

/// True when ids, states and readiness are the same: nothing to look at again.
bool same_shape(const ActualPod& a, const ActualPod& b);

}  // namespace skerry::edged

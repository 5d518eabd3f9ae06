// CRI's configuration messages of a sandbox and a container, with the labels and annotations that a
// kubelet sets: by them pods are found again. Pure.
// Source: kubelet 1.34, kuberuntime labels.go, kuberuntime_sandbox.go, kuberuntime_container.go,
// util/kubelet_pods security context conversion.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cri_v1.pb.h"
#include "edgecore/edged/cgroup_rules.h"
#include "edgecore/edged/cri_client.h"
#include "edgecore/edged/edged_config.h"
#include "edgecore/edged/env.h"
#include "edgecore/edged/pod_spec.h"

namespace skerry::edged {

inline constexpr const char* kPodNameLabel = "io.kubernetes.pod.name";
inline constexpr const char* kPodNamespaceLabel = "io.kubernetes.pod.namespace";
inline constexpr const char* kPodUidLabel = "io.kubernetes.pod.uid";
inline constexpr const char* kContainerNameLabel = "io.kubernetes.container.name";
inline constexpr const char* kContainerHash = "io.kubernetes.container.hash";
inline constexpr const char* kRestartCount = "io.kubernetes.container.restartCount";
inline constexpr const char* kMessagePath = "io.kubernetes.container.terminationMessagePath";
inline constexpr const char* kMessagePolicy = "io.kubernetes.container.terminationMessagePolicy";
inline constexpr const char* kTerminationGrace = "io.kubernetes.pod.terminationGracePeriod";
/// Ours: which node's edged made the sandbox. Several may share one runtime.
inline constexpr const char* kNodeAnnotation = "skerry.io/node";
/// The image as the spec names it: containerd answers any of the names that an image has.
inline constexpr const char* kImageAnnotation = "skerry.io/image";

struct SandboxInputs {
  const PodSpec& pod;
  const EdgedConfig& config;
  const DnsConfig& host_dns;
  std::uint32_t attempt = 0;
};
cri::PodSandboxConfig sandbox_config(const SandboxInputs& inputs);

struct BindMount {
  std::string host_path;
  std::string container_path;
  bool read_only = false;
  VolumeMount::Propagation propagation = VolumeMount::Propagation::kNone;
};

struct ContainerInputs {
  const PodSpec& pod;
  const ContainerSpec& container;
  const EdgedConfig& config;
  std::uint32_t attempt = 0;
  std::string image_id;
  const EnvList& env;
  const std::vector<BindMount>& mounts;
};
cri::ContainerConfig container_config(const ContainerInputs& inputs);

/// runAsNonRoot against the user that the container would get. Errors: kForbidden with the
/// kubelet's words (a CreateContainerConfigError).
Result<void> check_non_root(const PodSpec& pod,
                            const ContainerSpec& container,
                            const cri::Image& image);

}  // namespace skerry::edged

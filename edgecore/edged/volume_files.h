// What a volume's files hold: from ConfigMaps, Secrets, tokens and the pod itself. Pure.
// Source: kubelet 1.34, pkg/volume/{configmap,secret,projected,downwardapi}.
#pragma once

#include <string>

#include "edgecore/edged/atomic_writer.h"
#include "edgecore/edged/volumes.h"

namespace skerry::edged {

/// Files of a configMap, secret, downwardAPI or projected volume.
/// Errors: kNotFound (object, key or token missing), kMalformed; kUnsupported for other sources.
Result<Payload> volume_payload(const PodSpec& pod,
                               const VolumeSpec& volume,
                               const VolumeInputs& inputs);

/// "kubernetes.io~secret"; empty for hostPath, which has no directory of its own.
std::string plugin_dir(const VolumeSpec& volume);
/// True for volumes that live in tmpfs.
bool in_memory(const VolumeSpec& volume);
/// Size of a memory-backed emptyDir: the least of its limit, the pod's memory limit and
/// allocatable.
std::int64_t memory_dir_bytes(const PodSpec& pod,
                              const EmptyDirVolume& volume,
                              const PodFacts& facts);
/// The uid that all containers of the pod run as, if it is the same: owner of its tokens.
std::optional<std::int64_t> token_owner(const PodSpec& pod);

}  // namespace skerry::edged

// Whether the volumes of a Pod are there, and on which Nodes. Pure.
// Source: pkg/scheduler/framework/plugins/volumebinding, as behaviour; volumes that are counted or
// attached by a CSI driver are not looked at.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cloudcore/standalone/scheduler/node_fit.h"

namespace skerry::standalone {

/// What is stored; a function gives nothing for what is not there.
struct VolumeObjects {
  std::function<std::optional<nlohmann::json>(const std::string& ns, const std::string& name)>
      claim;
  std::function<std::optional<nlohmann::json>(const std::string& name)> volume;
  std::function<std::optional<nlohmann::json>(const std::string& name)> storage_class;
  std::function<std::vector<nlohmann::json>()> volumes;
};

/// The claims of one Pod.
struct PodVolumes {
  /// Why no Node can take the Pod; empty: it depends on the Node.
  std::string nowhere;
  std::vector<nlohmann::json> bound;  // PersistentVolumes

  struct Waiting {  // for its first consumer
    nlohmann::json claim;
    std::vector<nlohmann::json> candidates;  // PersistentVolumes that would do
    bool provisioned = false;                // else one of the candidates is needed
  };
  std::vector<Waiting> waiting;
};
PodVolumes read_volumes(const PodInfo& pod, const VolumeObjects& objects);
std::optional<Misfit> misfit(const PodVolumes& volumes, const NodeInfo& node);

/// spec.nodeAffinity of a PersistentVolume.
bool reaches(const nlohmann::json& volume, const NodeInfo& node);

}  // namespace skerry::standalone

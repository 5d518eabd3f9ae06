// The Node object and its status, as a kubelet of a KubeEdge node writes them. Pure: facts and time
// in, JSON out. Source: kubelet 1.34 pkg/kubelet/nodestatus/setters.go;
// reference/kubeedge-edge.md 3.2.
//
//   NodeConditions conditions;                      // kept between calls; adopt() after a restart
//   conditions.update(observe(use, limits, runtime_problem), now);
//   std::string status = node_status(facts, use, limits, conditions, now);
//   std::string body = node_report_body(node_registration(facts), status);
//   // body of NewReport{kNodeStatus}, with status_hash(Kind::kNode, status): it leaves heartbeats
//   out;
//   // an empty registration is left out
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"
#include "common/base/units.h"
#include "edgecore/edged/node_info.h"

namespace skerry::edged {

/// An image as CRI lists it.
struct NodeImage {
  std::vector<std::string> repo_digests;
  std::vector<std::string> repo_tags;
  std::uint64_t size_bytes = 0;
};

struct NodeTaint {
  std::string key;
  std::string value;
  std::string effect;
};

struct NodeFacts {
  NodeName name;
  std::map<std::string, std::string>
      labels;  // of the configuration; may override the standard ones
  std::vector<NodeTaint> taints;
  std::string internal_ip;      // empty: none known
  std::string hostname;         // empty: the node's name
  std::string agent_version;    // "0.1.0" -> kubeletVersion "v1.34.4-skerry-0.1.0"
  std::string runtime_version;  // "containerd://1.6.20"
  int pods_max = 110;
  MachineInfo machine;
  std::vector<NodeImage> images;  // any order and number
};

/// What is kept back from capacity and when pressure begins: the kubelet's evictionHard defaults.
struct NodeLimits {
  std::int64_t memory_reserved_bytes = 100 * static_cast<std::int64_t>(kMiB);
  int disk_reserved_percent = 10;
  int inodes_free_percent = 5;
  Duration pressure_hold = 5min;  // evictionPressureTransitionPeriod
};

/// Allocatable amounts; the defaults of resourceFieldRef in env.h.
struct Allocatable {
  std::int64_t cpu_milli = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t storage_bytes = 0;
};
Allocatable allocatable(const MachineInfo& machine,
                        const MachineUse& use,
                        const NodeLimits& limits);

/// One look at the machine.
struct Observation {
  bool memory_pressure = false;
  bool disk_pressure = false;
  bool pid_pressure = false;
  std::string not_ready_because;  // empty: ready. Runtime or network trouble, in words
};
Observation observe(const MachineUse& use, const NodeLimits& limits, std::string not_ready_because);

/// The four conditions with their times. Pressure stays for NodeLimits::pressure_hold after it was
/// last seen, so that it does not flap.
class NodeConditions {
 public:
  explicit NodeConditions(NodeLimits limits = {}) : limits_(limits) {}

  /// Takes transition times over from a status that was reported before (JSON of NodeStatus).
  void adopt(std::string_view status_json);
  /// True when a condition's status, reason or message changed.
  bool update(const Observation& observation, WallTime now);

  struct Condition {
    std::string type;
    bool status = false;
    std::string reason;
    std::string message;
    WallTime since{};
  };
  /// MemoryPressure, DiskPressure, PIDPressure, Ready; empty before the first update.
  const std::vector<Condition>& list() const { return conditions_; }
  bool ready() const;

 private:
  bool hold(std::size_t which, bool seen, WallTime now);
  bool set(Condition next, WallTime now);

  NodeLimits limits_;
  std::vector<Condition> conditions_;
  std::optional<WallTime> last_seen_[3];
};

/// JSON of NodeStatus. Heartbeat times are `now`.
std::string node_status(const NodeFacts& facts,
                        const MachineUse& use,
                        const NodeLimits& limits,
                        const NodeConditions& conditions,
                        WallTime now);

/// JSON of the Node as it is created: metadata and spec, without status.
std::string node_registration(const NodeFacts& facts);

/// Body of a kNodeStatus report: {"registration": Node?, "status": NodeStatus}.
std::string node_report_body(const std::string& registration, const std::string& status);

}  // namespace skerry::edged

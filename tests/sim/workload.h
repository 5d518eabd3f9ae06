// What users, operators and fate do to the simulated system.
#pragma once

#include <memory>
#include <vector>

#include "tests/sim/api_server.h"
#include "tests/sim/sim_cloud.h"
#include "tests/sim/sim_edge.h"

namespace skerry::sim {

class Workload {
 public:
  Workload(Run& run, ApiServer& api, SimCloud& cloud, std::vector<std::unique_ptr<SimEdge>>& edges);

  /// Nodes, their references and pods: about 50 objects a node.
  void set_up();
  void plan_faults(int events);
  void next_event();

 private:
  ObjectKey any_pod();
  ObjectKey any_reference();
  SimEdge& any_edge();
  NodeName any_node();
  std::set<ObjectKey> some_references(const NodeName& node);
  void create_pod(const ObjectKey& key, const NodeName& node);
  void touch_references();
  void touch_pods();
  void touch_edges();
  void touch_api();
  void plan_crash();
  void restore();

  Run& run_;
  ApiServer& api_;
  SimCloud& cloud_;
  std::vector<std::unique_ptr<SimEdge>>& edges_;
  Random random_;
  std::vector<NodeName> nodes_;
  int event_ = 0;
  int restore_at_ = -1;
  int wipe_at_ = -1;
  std::vector<int> cut_at_, crash_at_;
};

}  // namespace skerry::sim

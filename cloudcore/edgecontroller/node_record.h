// What joining, and an administrator later, left on record about a node, as this module asks for it.
#pragma once

#include <map>
#include <string>

#include "common/async/task.h"
#include "common/base/ids.h"
#include "common/base/result.h"

namespace skerry::edgecontroller {

struct NodeRecord {
  std::map<std::string, std::string> labels;  // for the Node's creation
  bool registered = false;  // the Node was created since the last join: if missing, it was deleted
  ClusterId accepted_cluster;  // into which it may come although its store is another's
};

/// Asked on the control shard. Implementation: App's, over cloudhub's identity store.
class NodeRecords {
 public:
  virtual ~NodeRecords() = default;
  /// A node that never joined here has an empty record.
  virtual async::Task<Result<NodeRecord>> find(NodeName node) = 0;
  virtual async::Task<Result<void>> set_registered(NodeName node) = 0;
};

}  // namespace skerry::edgecontroller

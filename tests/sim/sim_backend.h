// cloudhub::NodeBackend for the simulation: the real kube::ListWatchProtocol and
// edgecontroller::DesiredIndex, with the shell of EdgeController (coroutines on an HTTP client)
// replaced by scheduled calls of the simulated API server.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "cloudcore/cloudhub/node_backend.h"
#include "cloudcore/edgecontroller/desired_index.h"
#include "tests/sim/sim_list_watch.h"

namespace skerry::sim {

class SimBackend final : public cloudhub::NodeBackend,
                         public std::enable_shared_from_this<SimBackend> {
 public:
  SimBackend(Run& run, ApiServer& api, ClusterId cluster);
  void start();
  void stop();
  void poke();  // the API's history grew

  void open(cloudhub::OpenRequest request,
            std::shared_ptr<cloudhub::NodeFeed> feed,
            std::function<void(cloudhub::OpenAnswer)> done) override;
  void close(const NodeName& node, Epoch epoch, std::function<void()> done) override;
  void apply(const NodeName& node,
             Epoch epoch,
             StoreId store,
             lane::Report report,
             std::function<void(lane::ReportVerdict)> done) override;
  void prepare_pod(const NodeName& node,
                   ObjectPtr pod,
                   std::function<void(cloudhub::PodPrelude)> done) override;
  void token(const NodeName& node,
             lane::TokenQuery query,
             std::function<void(lane::TokenGrant)> done) override;
  void refused(const NodeName& node, ObjectPtr object, lane::Nack nack) override;

  /// Every first list is whole, and the references are computed.
  bool ready();
  /// Whatever the API had of this kind up to then is known here.
  TimePoint known_until(Kind kind) const { return watches_.at(kind)->known_until(); }
  const edgecontroller::DesiredIndex& index() const { return index_; }

 private:
  struct Session {
    Epoch epoch;
    std::shared_ptr<cloudhub::NodeFeed> feed;
  };
  void watch(Kind kind, SimListWatch::Handlers handlers);
  void on_pods(std::vector<ObjectPtr> pods);
  void on_pod_event(bool deleted, const ObjectPtr& pod);
  void on_nodes(std::vector<ObjectPtr> nodes);
  void put_pod(const ObjectPtr& pod, edgecontroller::Changes& changes);
  void watch_references(Kind kind);
  void fetch_wanted();
  void publish(edgecontroller::Changes changes);
  void try_open(cloudhub::OpenRequest request,
                std::shared_ptr<cloudhub::NodeFeed> feed,
                std::function<void(cloudhub::OpenAnswer)> done,
                TimePoint until);
  bool caught_up(const cloudhub::OpenRequest& request);
  void keep_time();
  template <class What>
  void later(What what);

  Run& run_;
  ApiServer& api_;
  ClusterId cluster_;
  bool stopped_ = false;
  bool was_ready_ = false;
  edgecontroller::DesiredIndex index_;
  std::map<ObjectKey, ObjectPtr> pods_;  // of all nodes, known or not
  std::map<Kind, std::shared_ptr<SimListWatch>> watches_;
  std::map<NodeName, Session> sessions_;
  std::set<std::pair<NodeName, Epoch>> closed_;
  std::map<std::pair<NodeName, Epoch>, int> writes_;
  std::map<std::pair<NodeName, Epoch>, std::function<void()>> closing_;
};

}  // namespace skerry::sim

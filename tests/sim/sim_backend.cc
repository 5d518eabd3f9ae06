#include "tests/sim/sim_backend.h"

#include <algorithm>

#include "cloudcore/edgecontroller/catch_up.h"

namespace skerry::sim {
namespace {

constexpr auto kOpenPatience = 10s;
constexpr auto kRetryAfter = 2s;
constexpr ResourceVersion kHighest(~std::uint64_t{0});

}  // namespace

SimBackend::SimBackend(Run& run, ApiServer& api, ClusterId cluster)
    : run_(run), api_(api), cluster_(std::move(cluster)) {}

template <class What>
void SimBackend::later(What what) {
  run_.scheduler.after(run_.latency(), [weak = weak_from_this(), what = std::move(what)]() mutable {
    const auto self = weak.lock();
    if (self && !self->stopped_) what(*self);
  });
}

// ---- the API's objects --------------------------------------------------------------------------

void SimBackend::start() {
  watch(Kind::kNode, {[this](auto nodes, ResourceVersion version, bool restored) {
                        index_.accept_older(Kind::kNode, restored ? kHighest : version);
                        on_nodes(std::move(nodes));
                        index_.accept_older(Kind::kNode, {});
                      },
                      [this](bool deleted, const ObjectPtr& node) {
                        if (!deleted) on_nodes({node});
                      }});
  watch(Kind::kPod, {[this](auto pods, ResourceVersion version, bool restored) {
                       index_.accept_older(Kind::kPod, restored ? kHighest : version);
                       on_pods(std::move(pods));
                       index_.accept_older(Kind::kPod, {});
                     },
                     [this](bool deleted, const ObjectPtr& pod) { on_pod_event(deleted, pod); }});
  watch_references(Kind::kConfigMap);
  watch_references(Kind::kSecret);
  keep_time();
}

void SimBackend::stop() {
  stopped_ = true;
  for (auto& [kind, watch] : watches_) watch->stop();
}

void SimBackend::poke() {
  for (auto& [kind, watch] : watches_) watch->poke();
}

void SimBackend::watch(Kind kind, SimListWatch::Handlers handlers) {
  watches_[kind] = std::make_shared<SimListWatch>(run_, api_, kind, std::move(handlers));
  watches_[kind]->start();
}

bool SimBackend::ready() {
  const bool whole = std::all_of(watches_.begin(), watches_.end(),
                                 [](const auto& item) { return item.second->synced(); });
  // Pods whose references are not known yet are not in the desired set.
  was_ready_ |= whole && index_.held_pods() == 0;
  return was_ready_;
}

void SimBackend::on_nodes(std::vector<ObjectPtr> nodes) {
  edgecontroller::Changes changes;
  for (ObjectPtr& node : nodes) index_.put_node(std::move(node), changes);
  for (const auto& [key, pod] : pods_) put_pod(pod, changes);
  publish(std::move(changes));
}

void SimBackend::on_pods(std::vector<ObjectPtr> pods) {
  edgecontroller::Changes changes;
  std::map<ObjectKey, ObjectPtr> listed;
  for (ObjectPtr& pod : pods) listed[pod->key] = pod;
  pods_ = listed;
  for (const auto& [key, pod] : listed) put_pod(pod, changes);
  for (const ObjectPtr& known : index_.pods()) {
    if (!listed.contains(known->key))
      index_.remove_pod(known->key, known->uid, run_.now(), changes);
  }
  publish(std::move(changes));
}

void SimBackend::on_pod_event(bool deleted, const ObjectPtr& pod) {
  edgecontroller::Changes changes;
  if (deleted) {
    pods_.erase(pod->key);
    index_.remove_pod(pod->key, pod->uid, run_.now(), changes);
  } else {
    pods_[pod->key] = pod;
    put_pod(pod, changes);
  }
  publish(std::move(changes));
}

void SimBackend::put_pod(const ObjectPtr& pod, edgecontroller::Changes& changes) {
  const ApiServer::Record* facts = api_.pod_of(pod->uid);  // what reading the pod's JSON would tell
  if (!index_.has_node(facts->node)) return;
  index_.put_pod({pod, facts->node, facts->refs}, run_.now(), changes);
}

void SimBackend::watch_references(Kind kind) {
  SimListWatch::Handlers handlers;
  handlers.on_list = [this, kind](const std::vector<ObjectPtr>& list, ResourceVersion version,
                                  bool restored) {
    edgecontroller::Changes changes;
    index_.accept_older(kind, restored ? kHighest : version);
    index_.put_reference_list(kind, "", list, {}, changes);
    index_.accept_older(kind, {});
    publish(std::move(changes));
  };
  handlers.on_event = [this](bool deleted, const ObjectPtr& object) {
    edgecontroller::Changes changes;
    if (deleted) {
      index_.reference_deleted(object, changes);
    } else {
      index_.put_reference(object, changes);
    }
    publish(std::move(changes));
  };
  watch(kind, std::move(handlers));
}

/// What a running watch has already passed is fetched.
void SimBackend::fetch_wanted() {
  for (const ObjectKey& key : index_.take_wanted()) {
    if (!watches_.at(key.kind)->synced()) continue;  // the list will tell
    later([key](SimBackend& self) {
      const ObjectPtr object = self.api_.get(key);
      self.later([key, object](SimBackend& again) {
        edgecontroller::Changes changes;
        if (object) {
          again.index_.put_reference(object, changes);
        } else {
          again.index_.reference_not_found(key, changes);
        }
        again.publish(std::move(changes));
      });
    });
  }
}

void SimBackend::keep_time() {
  edgecontroller::Changes changes;
  index_.on_time(run_.now(), changes);
  publish(std::move(changes));
  run_.scheduler.after(10s, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && !self->stopped_) self->keep_time();
  });
}

void SimBackend::publish(edgecontroller::Changes changes) {
  for (auto& [node, list] : changes) {
    const auto session = sessions_.find(node);
    if (session != sessions_.end() && !list.empty()) session->second.feed->desired(std::move(list));
  }
  fetch_wanted();
}

// ---- sessions -----------------------------------------------------------------------------------

void SimBackend::open(cloudhub::OpenRequest request,
                      std::shared_ptr<cloudhub::NodeFeed> feed,
                      std::function<void(cloudhub::OpenAnswer)> done) {
  try_open(std::move(request), std::move(feed), std::move(done), run_.now() + kOpenPatience);
}

bool SimBackend::caught_up(const cloudhub::OpenRequest& request) {
  for (const auto& [kind, seen] : request.seen) {
    const auto watch = watches_.find(kind);
    if (watch == watches_.end()) continue;
    const edgecontroller::Progress progress{watch->second->synced(), watch->second->version()};
    switch (edgecontroller::catch_up_step(progress, seen, api_.current_version())) {
      case edgecontroller::CatchUpStep::kThere:
        continue;
      case edgecontroller::CatchUpStep::kRestored:
        run_.coverage.count("edge has seen more than a restored API");
        continue;
      case edgecontroller::CatchUpStep::kAsk:
      case edgecontroller::CatchUpStep::kWait:
        return false;
    }
  }
  return true;
}

void SimBackend::try_open(cloudhub::OpenRequest request,
                          std::shared_ptr<cloudhub::NodeFeed> feed,
                          std::function<void(cloudhub::OpenAnswer)> done,
                          TimePoint until) {
  if (closed_.contains({request.node, request.epoch})) return;  // a newer session may be open
  const bool truth_known = ready() && caught_up(request);
  if (!truth_known && !run_.bugs.welcome_before_lists) {
    run_.coverage.count("Hello before the truth is known");
    if (run_.now() >= until) {
      return done(lane::Goodbye{lane::GoodbyeCode::kNotReady, "lists are not whole", kRetryAfter});
    }
    later([=](SimBackend& self) { self.try_open(request, feed, done, until); });
    return;
  }
  cloudhub::Opened opened;
  opened.cluster = cluster_;
  opened.foreign_cluster = !request.cluster.empty() && request.cluster != cluster_;
  if (!opened.foreign_cluster) {
    opened.desired = index_.desired(request.node);
    sessions_[request.node] = {request.epoch, feed};
  }
  done(std::move(opened));
}

void SimBackend::close(const NodeName& node, Epoch epoch, std::function<void()> done) {
  closed_.insert({node, epoch});
  const auto session = sessions_.find(node);
  if (session != sessions_.end() && session->second.epoch == epoch) sessions_.erase(session);
  if (writes_.contains({node, epoch})) {
    run_.coverage.count("session closed while its writes run");
    closing_[{node, epoch}] = std::move(done);
    return;
  }
  later([done = std::move(done)](SimBackend&) { done(); });
}

void SimBackend::apply(const NodeName& node,
                       Epoch epoch,
                       StoreId store,
                       lane::Report report,
                       std::function<void(lane::ReportVerdict)> done) {
  ++writes_[{node, epoch}];
  later([=](SimBackend& self) {
    const lane::ReportVerdict verdict = self.api_.apply(node, store, report);
    self.later([=](SimBackend& again) {
      done(verdict);
      const std::pair<NodeName, Epoch> writer(node, epoch);
      if (--again.writes_[writer] > 0) return;
      again.writes_.erase(writer);
      const auto closing = again.closing_.find(writer);
      if (closing == again.closing_.end()) return;
      const std::function<void()> closed = std::move(closing->second);
      again.closing_.erase(closing);
      closed();
    });
  });
}

void SimBackend::prepare_pod(const NodeName&,
                             ObjectPtr pod,
                             std::function<void(cloudhub::PodPrelude)> done) {
  later([=](SimBackend& self) {
    cloudhub::PodPrelude prelude;
    lane::TokenGrant grant;
    grant.slot = {pod->uid, "kube-api-access", "token"};
    grant.token = "token of " + pod->uid.str();
    grant.issued = self.run_.scheduler.wall();
    grant.expires = grant.issued + 1h;
    prelude.tokens.push_back(std::move(grant));
    if (pod->status_json && *pod->status_json != "{}") prelude.status_seed = *pod->status_json;
    done(std::move(prelude));
  });
}

void SimBackend::token(const NodeName& node,
                       lane::TokenQuery query,
                       std::function<void(lane::TokenGrant)> done) {
  later([=](SimBackend& self) {
    lane::TokenGrant grant;
    grant.query = query.query;
    grant.slot = query.slot;
    const ApiServer::Record* pod = self.api_.pod_of(query.slot.pod);
    if (pod && pod->node == node) {
      grant.token = "token of " + query.slot.pod.str();
    } else {
      grant.error = "not a pod of this node";
    }
    done(std::move(grant));
  });
}

void SimBackend::refused(const NodeName&, ObjectPtr, lane::Nack) { run_.coverage.count("nack"); }

}  // namespace skerry::sim

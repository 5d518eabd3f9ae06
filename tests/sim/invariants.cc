#include "tests/sim/invariants.h"

#include <algorithm>
#include <set>

namespace skerry::sim {
namespace {

/// Reports, queries and objects that wait in a mux: the pull rules keep it near 64 KiB.
constexpr std::size_t kQueuedBytesMax = 1 * kMiB;
/// So long may the cloud lag behind the API without being wrong.
constexpr auto kLag = 40s;

std::set<ObjectKey> wanted_references(const ApiServer& api, const NodeName& node, TimePoint since) {
  std::set<ObjectKey> keys;
  for (const auto& [key, record] : api.objects()) {
    if (key.kind != Kind::kPod || record.node != node || record.since > since) continue;
    keys.insert(record.refs.begin(), record.refs.end());
  }
  return keys;
}

}  // namespace

// ---- while the world misbehaves -----------------------------------------------------------------

void check_upsert_is_the_newest(Run& run,
                                const SimCloud::Session& session,
                                const lane::Upsert& upsert) {
  const auto told = session.told().find(upsert.object->key);
  if (told == session.told().end()) {
    return run.complain("no phantom object",
                        upsert.object->key.text() + " is sent but not desired");
  }
  if (told->second->uid != upsert.object->uid || told->second->version != upsert.object->version) {
    run.complain("the newest version wins", upsert.object->key.text() + " is sent in an older one");
  }
}

void check_remove_follows_the_truth(Run& run,
                                    const ApiServer& api,
                                    const SimCloud::Session& session,
                                    const lane::Remove& remove) {
  if (!session.opened_with_truth()) {
    return run.complain("no Remove before the truth is known", remove.key.text());
  }
  const auto told = session.told().find(remove.key);
  if (told != session.told().end() && told->second->uid == remove.uid) {
    return run.complain("no Remove of what is desired", remove.key.text());
  }
  const ApiServer::Record* record = api.find(remove.key);
  const bool exists = record && record->uid == remove.uid;
  if (!exists || run.recently_restored()) return;
  const NodeName& node = session.protocol().node();
  const auto known = [&](Kind kind) {
    return std::min(run.now() - kLag, session.known_until(kind));
  };
  const bool wanted =
      remove.key.kind == Kind::kPod
          ? record->node == node
          : wanted_references(api, node, known(Kind::kPod)).contains(remove.key) &&
                record->since < known(remove.key.kind);
  if (wanted) run.complain("no Remove of what the API wants", remove.key.text());
}

void check_cloud_memory_is_bounded(Run& run, const SimCloud::Session& session) {
  const auto figures = session.protocol().figures();
  const bool window = figures.bytes_in_flight <= kUpsertBytesInFlightMax + kObjectBytesMax;
  const bool reports = figures.reports_pending <= cloudhub::SessionReports::kPendingMax;
  const bool waiting = figures.waiting <= figures.objects;
  if (window && reports && waiting && session.queued_bytes() <= kQueuedBytesMax) return;
  run.complain("memory is bounded", "the session of " + session.protocol().node().str());
}

void check_edge_memory_is_bounded(Run& run, const SimEdge& edge) {
  if (!edge.link()) return;
  const auto figures = edge.link()->figures();
  const bool batch = figures.batch_bytes <= edgehub::LinkInbox::kGatheredBytesMax;
  const bool reports = figures.reports_in_flight <= kReportsInFlightMax;
  if (batch && reports && edge.queued_bytes() <= kQueuedBytesMax) return;
  run.complain("memory is bounded", "the link of " + edge.node().str());
}

void check_object_is_for_this_node(Run& run,
                                   const ApiServer& api,
                                   const NodeName& node,
                                   const k8s::Object& object) {
  bool ours = true;
  if (object.key.kind == Kind::kNode) ours = object.key.name == node.str();
  if (object.key.kind == Kind::kPod) {
    const ApiServer::Record* pod = api.pod_of(object.uid);
    ours = pod && pod->node == node;
  }
  const bool reference = object.key.kind == Kind::kConfigMap || object.key.kind == Kind::kSecret;
  if (reference) ours = api.was_referenced(node, object.key);
  if (!ours)
    run.complain("one node never gets another's object", object.key.text() + " at " + node.str());
}

void check_no_version_goes_back(Run& run,
                                const ApiServer& api,
                                const NodeName& node,
                                const k8s::Object& object,
                                std::uint64_t before) {
  const std::uint64_t now = api.ordinal(object.uid, object.version);
  if (now == 0) return run.complain("no phantom object", object.key.text() + " was never written");
  if (now >= before || run.recently_restored()) return;
  run.complain("no version goes back", object.key.text() + " at " + node.str());
}

void check_nothing_acknowledged_is_lost(Run& run, const SimEdge& edge) {
  std::map<ObjectKey, lane::ContentEntry> stored;
  for (const lane::ContentEntry& entry : edge.store()->content()) stored[entry.key] = entry;
  for (const auto& [key, states] : edge.promised()) {
    const auto at = stored.find(key);
    const bool fits = std::any_of(states.begin(), states.end(), [&](const HeldState& state) {
      if (at == stored.end()) return !state.present;
      return state.present && state.uid == at->second.uid && state.version == at->second.version;
    });
    if (!fits)
      run.complain("nothing acknowledged is lost", key.text() + " at " + edge.node().str());
  }
}

void check_live_sessions_keep_their_place(Run& run, const SimCloud& cloud) {
  if (!cloud.alive()) return;
  for (const auto& session : cloud.sessions()) {
    const auto& protocol = session->protocol();
    if (session->finishing() || protocol.state() != cloudhub::SessionProtocol::State::kLive)
      continue;
    if (cloud.registry().current(protocol.node()) == protocol.epoch()) continue;
    run.complain("a live session keeps its place", protocol.node().str());
  }
}

// ---- when the world has behaved for a while -----------------------------------------------------

namespace {

std::string status_differs(const ApiServer& api, SimEdge& edge) {
  for (const auto& [key, record] : api.objects()) {
    if (key.kind == Kind::kNode && key.name == edge.node().str() &&
        record.status != edge.node_status()) {
      return "status in the API equals the last report: " + key.text();
    }
    if (key.kind != Kind::kPod || record.node != edge.node()) continue;
    const auto stored = edge.store()->get(key);
    if (!stored || !*stored || (*stored)->finalised) continue;
    const std::string status = edge.status_of(record.uid);
    if (status.empty() && (*stored)->refused_code.empty()) return key.text() + " does not run";
    if (!status.empty() && status != record.status) {
      return "status in the API equals the last report: " + key.text();
    }
  }
  return "";
}

/// What the API says this node should hold: lingering references may be more.
std::string content_differs(const ApiServer& api, const SimCloud& cloud, SimEdge& edge) {
  std::map<ObjectKey, lane::ContentEntry> stored;
  for (const lane::ContentEntry& entry : edge.store()->content()) stored[entry.key] = entry;
  std::set<ObjectKey> expected = wanted_references(api, edge.node(), TimePoint::max());
  expected.insert({Kind::kNode, "", edge.node().str()});
  for (const auto& [key, record] : api.objects()) {
    if (key.kind == Kind::kPod && record.node == edge.node()) expected.insert(key);
  }
  const auto& index = cloud.backend()->index();
  std::set<ObjectKey> desired;
  for (const ObjectPtr& object : index.desired(edge.node())) desired.insert(object->key);
  // Whose doing it is: the index's or the protocol's.
  const auto text = [&](const ObjectKey& key) {
    return key.text() + (desired.contains(key) ? " (the index wants it)" : "");
  };
  for (const ObjectKey& key : expected) {
    const ApiServer::Record* record = api.find(key);
    const auto at = stored.find(key);
    if (!record && at == stored.end()) continue;
    if (!record) return text(key) + " was deleted and is still stored";
    if (at == stored.end()) return text(key) + " is missing";
    if (at->second.uid != record->uid) return text(key) + " has another uid";
    if (at->second.version != record->object->version)
      return key.text() + " is in an older version";
    if (record->deleting) return key.text() + " is marked deleted and was not finalised";
  }
  for (const auto& [key, entry] : stored) {
    if (!expected.contains(key) && key.kind == Kind::kPod)
      return "no phantom object: " + text(key) + " uid " + entry.uid.str();
    if (!desired.contains(key)) return key.text() + " is stored and not desired";
  }
  return "";
}

std::string foreign_differs(SimEdge& edge) {
  const auto content = edge.store()->content();
  const auto& before = edge.foreign_content();
  const bool same =
      content.size() == before.size() &&
      std::equal(content.begin(), content.end(), before.begin(), [](const auto& a, const auto& b) {
        return a.key == b.key && a.uid == b.uid && a.version == b.version;
      });
  if (!same) return "an edge of another cluster keeps what it has";
  return edge.link()->state() == edgehub::LinkProtocol::State::kForeign ? "" : "not connected";
}

}  // namespace

std::string not_converged(const ApiServer& api, const SimCloud& cloud, SimEdge& edge) {
  const std::string who = edge.node().str() + ": ";
  if (!cloud.alive() || !cloud.backend()->ready()) return "the cloud is not ready";
  if (!edge.alive()) return who + "is down";
  if (edge.foreign()) {
    const std::string differs = foreign_differs(edge);
    return differs.empty() ? "" : who + differs;
  }
  if (!edge.link()->live()) return who + "is not connected";
  if (edge.ca_bundle() != cloud.ca_bundle()) return who + "does not hold the newest CA bundle";
  if (!edge.quiet()) return who + "has local work";
  if (edge.store()->waiting_reports() > 0) {
    return who + std::to_string(edge.store()->waiting_reports()) + " reports wait";
  }
  const auto terminating = edge.store()->terminating();
  if (!terminating || !terminating->empty()) return who + "pods are still terminating";
  if (const std::string differs = content_differs(api, cloud, edge); !differs.empty())
    return who + differs;
  if (const std::string differs = status_differs(api, edge); !differs.empty()) return who + differs;
  return "";
}

void check_no_event_is_lost(Run& run, const ApiServer& api, const SimEdge& edge) {
  for (const auto& [event, when] : edge.events()) {
    if (run.restored_at != TimePoint{} && when <= run.restored_at) continue;  // lost by the restore
    if (api.events().contains(event)) continue;
    return run.complain("no event is lost", event + " of " + edge.node().str());
  }
}

}  // namespace skerry::sim

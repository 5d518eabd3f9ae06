// edgecore as the protocol sees it: LinkProtocol with its wire, the real store on a disk that
// forgets what was not synced, and an edged that starts, reports and finalises pods in virtual
// time.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "edgecore/edgehub/link_protocol.h"
#include "edgecore/metamanager/store.h"
#include "tests/sim/api_server.h"
#include "tests/sim/sim_cloud.h"
#include "tests/sim/sim_link.h"
#include "tests/support/powercut_vfs.h"

namespace skerry::sim {

/// What the edge held for one key at one moment; nothing: no such object.
struct HeldState {
  std::uint64_t id = 0;  // of the message that brought it
  bool present = false;
  Uid uid;
  k8s::ContentVersion version;
};

class SimEdge {
 public:
  SimEdge(Run& run,
          ApiServer& api,
          SimCloud& cloud,
          test::PowerCutVfs& disk,
          NodeName node,
          ClusterId cluster);
  ~SimEdge();
  void boot();
  void crash(Duration restart_after);
  /// The disk is replaced: another store under the same certificate.
  void wipe();
  /// Bytes after which each next connection is cut.
  void set_cuts(std::vector<std::uint64_t> bytes) { cuts_ = std::move(bytes); }
  /// False: there is nothing to cut.
  bool cut_now() {
    if (!cable_ || cable_->cut_already()) return false;
    cable_->cut();
    return true;
  }
  void go_offline(Duration how_long);
  /// A container of this pod restarted; its status changes.
  void disturb_pod(std::uint64_t dice);
  void ask_token(std::uint64_t dice);
  void renew();

  const NodeName& node() const { return node_; }
  bool alive() const { return store_ != nullptr; }
  const metamanager::Store* store() const { return store_.get(); }
  metamanager::Store* store() { return store_.get(); }
  const edgehub::LinkProtocol* link() const { return link_.get(); }
  bool quiet() const;  // nothing to be done locally
  /// The status that edged last made durable for this pod; empty: none.
  std::string status_of(const Uid& pod) const;
  std::string node_status() const;
  bool refuses(const k8s::Object& object) const;

  // ---- kept for the invariants, beyond crashes
  /// Per key: what may be on disk, oldest first; the first is certain (acknowledged, or the
  /// beginning).
  const std::map<ObjectKey, std::deque<HeldState>>& promised() const { return promised_; }
  bool foreign() const { return !cluster_.empty(); }
  /// What a store of another cluster held at the beginning.
  const std::vector<lane::ContentEntry>& foreign_content() const { return foreign_content_; }
  /// Event bodies that became durable, and when.
  const std::map<std::string, TimePoint>& events() const { return events_; }
  Digest ca_bundle() const { return ca_bundle_; }
  std::size_t queued_bytes() const { return wire_ ? wire_->queued_bytes() : 0; }

 private:
  struct Life {};  // a token: gone after a crash
  using Job = std::function<void()>;

  // the link
  void dial_after(Duration delay);
  void dial();
  void on_bytes(std::string_view bytes);
  void deliver(lane::Message message);
  void step();
  bool perform(edgehub::Effect& effect);
  void carry_out(edgehub::Effect& effect);
  void lost(edgehub::Ended why);
  void set_timer();
  void said(const lane::Message& message);
  void heard(const lane::Message& message);

  // the store
  void enqueue(Job job);
  void run_jobs();
  void commit(metamanager::Batch batch, std::function<void(Result<void>)> done);
  std::optional<std::vector<lane::Report>> commit_now(const metamanager::Batch& batch);
  bool dies(const char* effect, bool after);

  // edged
  void look_at_everything();
  void look_at(const ObjectKey& key);
  void look_at_terminating();
  void start_pod(const ObjectPtr& pod);
  void finalise(const ObjectKey& key, const Uid& pod);
  void report_pod(const ObjectKey& key, const Uid& pod, bool force);
  void report_again(const ObjectKey& key, const Uid& pod);
  void report_node(bool force);
  void event(const ObjectKey& key, const Uid& pod, const std::string& what);
  /// Not when the process has died by then.
  template <class What>
  void later(Duration delay, What what) {
    run_.scheduler.after(delay, [life = std::weak_ptr<Life>(life_), what = std::move(what)] {
      if (!life.expired()) what();
    });
  }

  Run& run_;
  ApiServer& api_;
  SimCloud& cloud_;
  test::PowerCutVfs& disk_;
  NodeName node_;
  ClusterId cluster_;
  std::string path_;
  Random random_;

  // gone with the process
  std::shared_ptr<Life> life_;
  std::unique_ptr<metamanager::Store> store_;
  std::unique_ptr<edgehub::LinkProtocol> link_;
  std::shared_ptr<SimLink> cable_;
  std::unique_ptr<Wire> wire_;
  std::uint64_t connection_ = 0;
  std::deque<Job> jobs_;
  bool job_running_ = false;
  bool stepping_ = false;
  TimePoint timer_at_ = TimePoint::max();
  std::set<Uid> starting_, finalising_;
  std::vector<lane::Message> recent_;  // to be delivered twice

  // the world outside of the process
  std::vector<std::uint64_t> cuts_;
  TimePoint offline_until_{};
  std::map<Uid, unsigned> running_;  // containerd: pod -> restarts
  std::uint64_t next_event_ = 1;
  Digest ca_bundle_;  // beyond crashes
  std::map<ObjectKey, std::deque<HeldState>> promised_;
  std::map<Seq, std::pair<ObjectKey, std::uint64_t>> received_;  // this connection: key, state's id
  std::uint64_t next_state_ = 1;
  std::vector<lane::ContentEntry> foreign_content_;
  std::map<std::string, TimePoint> events_;
  std::map<ObjectKey, std::uint64_t> ordinals_;  // of what is stored
};

}  // namespace skerry::sim

#include "tests/sim/sim_edge.h"

#include <algorithm>

#include "tests/sim/invariants.h"

namespace skerry::sim {
namespace {

constexpr const char* kEffects[] = {
    "Commit",         "LoadReports", "ReportAgain", "TokenArrived",   "ReportRefused",
    "NewCertificate", "NewCaBundle", "Welcomed",    "ForeignCluster", "Disconnect"};
static_assert(std::size(kEffects) == std::variant_size_v<edgehub::Effect>);
constexpr const char* kDurable = "durable";  // the store's own commit

constexpr std::size_t kRecentMessages = 4;

}  // namespace

SimEdge::SimEdge(Run& run,
                 ApiServer& api,
                 SimCloud& cloud,
                 test::PowerCutVfs& disk,
                 NodeName node,
                 ClusterId cluster)
    : run_(run),
      api_(api),
      cloud_(cloud),
      disk_(disk),
      node_(std::move(node)),
      cluster_(std::move(cluster)),
      path_(node_.str() + "/store.db"),
      random_(run.random.fork()) {
  for (const char* state : {"hello", "listed", "live", "foreign"}) {
    run.coverage.expect(std::string("cut edge ") + state);
  }
  for (const char* effect : kEffects) {
    run.coverage.expect(std::string("crash edge before ") + effect);
    run.coverage.expect(std::string("crash edge after ") + effect);
  }
  run.coverage.expect(std::string("crash edge before ") + kDurable);
  run.coverage.expect(std::string("crash edge after ") + kDurable);
  run.coverage.expect("commit failed");
  run.coverage.expect("message delivered twice");
}

SimEdge::~SimEdge() = default;

// ---- the process --------------------------------------------------------------------------------

void SimEdge::boot() {
  run_.note("edge starts");
  Result<metamanager::Store::Opened> opened =
      metamanager::Store::open(path_, run_.world(), {}, disk_.name());
  if (!opened) return run_.complain("a store opens after a power cut", opened.error().what);
  if (!opened->damaged_file.empty()) {
    return run_.complain("no power cut damages the store", opened->damaged_file);
  }
  store_ = std::move(opened->store);
  life_ = std::make_shared<Life>();
  link_ = std::make_unique<edgehub::LinkProtocol>(
      edgehub::LinkProtocol::Identity{node_, "sim-1", BootId("boot"), ca_bundle_},
      [this](const k8s::Object& object) -> Result<void> {
        if (refuses(object)) return fail(Code::kUnsupported, "this edge cannot do that");
        return {};
      },
      random_, run_.bugs.edge);
  check_nothing_acknowledged_is_lost(run_, *this);
  if (!cluster_.empty() && store_->cluster().empty()) {
    metamanager::Batch batch;
    batch.cluster = cluster_;
    metamanager::ObjectChange change;
    change.upsert.object = k8s::received_object(
        {Kind::kPod, "default", "from-elsewhere"}, Uid("uid-elsewhere"),
        k8s::ContentVersion(digest("elsewhere")), ResourceVersion(7), "{\"kind\":\"Pod\"}");
    batch.changes.push_back(std::move(change));
    (void)store_->commit(batch);
    foreign_content_ = store_->content();
  }
  look_at_everything();
  dial_after(random_.between(0ms, 300ms));
}

void SimEdge::crash(Duration restart_after) {
  if (!store_) return;
  run_.note("edge dies");
  disk_.power_off(path_);
  life_.reset();
  if (cable_) cable_->close(Side::kEdge, random_.chance(50));
  cable_.reset();
  jobs_.clear();
  job_running_ = false;
  starting_.clear();
  finalising_.clear();
  recent_.clear();
  received_.clear();
  timer_at_ = TimePoint::max();
  ++connection_;
  store_.reset();
  // link_ and wire_ may be on the stack: they go at the next event.
  run_.scheduler.after(Duration::zero(),
                       [link = std::shared_ptr<edgehub::LinkProtocol>(std::move(link_)),
                        wire = std::shared_ptr<Wire>(std::move(wire_))] {});
  disk_.power_on(path_);
  run_.scheduler.after(restart_after, [this] { boot(); });
}

void SimEdge::wipe() {
  if (!store_ || !run_.faults) return;
  run_.note("disk replaced");
  crash(random_.between(300ms, 3s));
  disk_.remove(path_, true);
  disk_.remove(path_ + "-wal", true);
  promised_.clear();
  ordinals_.clear();
  events_.clear();
}

bool SimEdge::dies(const char* effect, bool after) {
  if (!run_.crashes.dies("edge", effect, after, run_.coverage)) return false;
  crash(random_.between(300ms, 6s));
  return true;
}

// ---- the link -----------------------------------------------------------------------------------

void SimEdge::go_offline(Duration how_long) {
  offline_until_ = run_.now() + how_long;
  if (cable_) cable_->cut();
}

void SimEdge::dial_after(Duration delay) {
  later(delay, [this] { dial(); });
}

void SimEdge::dial() {
  if (cable_) return;
  if (run_.faults && run_.now() < offline_until_) {
    return dial_after(link_->on_disconnected(edgehub::Ended::kLost, run_.now()));
  }
  std::optional<std::uint64_t> cut;
  if (run_.faults && !cuts_.empty()) {
    cut = cuts_.back();
    cuts_.pop_back();
  }
  cable_ = std::make_shared<SimLink>(run_, cut, random_.chance(40));
  wire_ = std::make_unique<Wire>(cable_, Side::kEdge);
  const std::uint64_t connection = ++connection_;
  const auto mine = [this, connection, life = std::weak_ptr<Life>(life_)] {
    return !life.expired() && connection_ == connection;
  };
  cable_->on_cut([this, mine] {
    if (mine()) run_.coverage.count(std::string("cut edge ") + name(link_->state()));
  });
  cable_->attach(Side::kEdge, {[this, mine](std::string_view bytes) {
                                 if (mine()) on_bytes(bytes);
                               },
                               [this, mine] {
                                 if (mine()) lost(edgehub::Ended::kLost);
                               },
                               [this, mine] {
                                 if (mine()) step();
                               }});
  if (!cloud_.accept(node_, cable_)) return lost(edgehub::Ended::kLost);
  enqueue([this, mine] {
    if (!mine()) return;
    link_->on_connected(
        {store_->id(), store_->cluster(), store_->content(), store_->status(), store_->seen()},
        run_.now());
    step();
  });
}

void SimEdge::lost(edgehub::Ended why) {
  if (!cable_) return;
  cable_->close(Side::kEdge, false);
  cable_.reset();
  wire_.reset();
  received_.clear();
  recent_.clear();
  ++connection_;
  dial_after(link_->on_disconnected(why, run_.now()));
}

void SimEdge::on_bytes(std::string_view bytes) {
  link_->on_received(run_.now());
  Result<std::vector<lane::Message>> messages = wire_->receive(bytes);
  if (!messages) return run_.complain("every byte sent can be read", messages.error().what);
  for (lane::Message& message : *messages) deliver(std::move(message));
  step();
}

void SimEdge::deliver(lane::Message message) {
  run_.note("edge hears", message.index() * 1000 + trace_number(message));
  heard(message);
  const bool object = message.index() == lane::Message(lane::Upsert{}).index() ||
                      message.index() == lane::Message(lane::Remove{}).index();
  if (object) recent_.push_back(message);
  if (recent_.size() > kRecentMessages) recent_.erase(recent_.begin());
  link_->on_message(std::move(message), run_.now());
  if (!run_.faults || recent_.empty() || !random_.chance(2)) return;
  run_.coverage.count("message delivered twice");
  link_->on_message(recent_[random_.below(recent_.size())], run_.now());
}

void SimEdge::step() {
  if (stepping_ || !alive()) return;
  stepping_ = true;
  bool more = true;
  while (more && alive()) {
    more = false;
    for (edgehub::Effect& effect : link_->take_effects()) {
      more = true;
      if (!perform(effect)) break;
    }
    if (!alive() || !cable_) break;
    more |= wire_->pump([this](bool reports_too) {
      std::optional<lane::Message> message = link_->next_message(run_.now(), reports_too);
      if (message) said(*message);
      return message;
    });
  }
  stepping_ = false;
  if (alive()) set_timer();
}

bool SimEdge::perform(edgehub::Effect& effect) {
  const char* what = kEffects[effect.index()];
  run_.note(what);
  if (dies(what, false)) return false;
  carry_out(effect);
  return alive() && !dies(what, true);
}

void SimEdge::carry_out(edgehub::Effect& effect) {
  if (auto* wanted = std::get_if<edgehub::Commit>(&effect)) {
    commit(std::move(wanted->batch), [this, id = wanted->id](const Result<void>& result) {
      link_->on_committed(id, result, run_.now());
    });
  }
  if (const auto* load = std::get_if<edgehub::LoadReports>(&effect)) {
    enqueue([this, load = *load] {
      Result<std::vector<lane::Report>> page = store_->reports_after(load.after, load.limit);
      if (!page) return run_.complain("the outbox can be read", page.error().what);
      link_->on_page(load.id, std::move(*page), run_.now());
      step();
    });
  }
  if (const auto* again = std::get_if<edgehub::ReportAgain>(&effect)) {
    if (again->key.kind == Kind::kNode) report_node(true);
    if (again->key.kind == Kind::kPod) report_again(again->key, again->uid);
  }
  if (auto* token = std::get_if<edgehub::TokenArrived>(&effect);
      token && token->grant.error.empty()) {
    if (token->grant.token != "token of " + token->grant.slot.pod.str()) {
      run_.complain("one node never gets another's token", token->grant.token);
    }
    metamanager::Batch batch;
    batch.tokens.push_back(std::move(token->grant));
    commit(std::move(batch), [](const Result<void>&) {});
  }
  if (const auto* bundle = std::get_if<edgehub::NewCaBundle>(&effect)) {
    ca_bundle_ = digest(bundle->pem);  // a file of its own, replaced atomically
    cloud_.note_bundle_stored(node_, ca_bundle_);
    link_->holds_ca_bundle(ca_bundle_);
  }
  if (std::holds_alternative<edgehub::Welcomed>(effect)) look_at_everything();
  if (std::holds_alternative<edgehub::Disconnect>(effect)) lost(edgehub::Ended::kLost);
}

void SimEdge::set_timer() {
  const TimePoint deadline = link_->next_deadline();
  if (deadline >= timer_at_) return;
  timer_at_ = deadline;
  const Duration delay = std::max(Duration::zero(), Duration(deadline - run_.now()));
  later(delay, [this, deadline] {
    if (timer_at_ != deadline) return;
    timer_at_ = TimePoint::max();
    link_->on_time(run_.now());
    step();
  });
}

/// What the store may hold from now on.
void SimEdge::heard(const lane::Message& message) {
  std::optional<Seq> seq;
  ObjectKey key;
  HeldState state;
  if (const auto* upsert = std::get_if<lane::Upsert>(&message)) {
    seq = upsert->seq;
    key = upsert->object->key;
    state = {next_state_++, true, upsert->object->uid, upsert->object->version};
    check_object_is_for_this_node(run_, api_, node_, *upsert->object);
  }
  if (const auto* remove = std::get_if<lane::Remove>(&message)) {
    seq = remove->seq;
    key = remove->key;
    state = {next_state_++, false, {}, {}};
  }
  if (!seq) return;
  received_[*seq] = {key, state.id};
  std::deque<HeldState>& states = promised_[key];
  if (states.empty()) states.push_back({});
  states.push_back(std::move(state));
}

void SimEdge::said(const lane::Message& message) {
  run_.note("edge says", message.index() * 1000 + trace_number(message));
  check_edge_memory_is_bounded(run_, *this);
  const auto* ack = std::get_if<lane::Ack>(&message);
  while (ack && !received_.empty() && received_.begin()->first <= ack->seq) {
    const auto& [key, id] = received_.begin()->second;
    std::deque<HeldState>& states = promised_[key];
    while (states.front().id < id) states.pop_front();
    received_.erase(received_.begin());
  }
}

// ---- the store: one job at a time, in order, as on MetaManager's thread -------------------------

void SimEdge::enqueue(Job job) {
  jobs_.push_back(std::move(job));
  run_jobs();
}

void SimEdge::run_jobs() {
  if (job_running_ || jobs_.empty()) return;
  job_running_ = true;
  const bool slow = run_.faults && random_.chance(3);
  later(slow ? random_.between(100ms, 1500ms) : random_.between(1ms, 15ms), [this] {
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    job_running_ = false;
    job();
    if (alive()) run_jobs();
  });
}

void SimEdge::commit(metamanager::Batch batch, std::function<void(Result<void>)> done) {
  enqueue([this, batch = std::move(batch), done = std::move(done)] {
    if (run_.faults && !batch.changes.empty() && random_.chance(1)) {
      run_.coverage.count("commit failed");
      done(fail(Code::kStorage, "disk full"));
      return step();
    }
    if (dies(kDurable, false)) return;
    const auto added = commit_now(batch);
    if (!added || dies(kDurable, true)) return;
    link_->on_reports(*added, run_.now());
    done({});
    step();
    if (!alive()) return;
    for (const metamanager::ObjectChange& change : batch.changes) {
      look_at(change.upsert.object ? change.upsert.object->key : change.key);
    }
    if (!batch.changes.empty()) look_at_terminating();
  });
}

std::optional<std::vector<lane::Report>> SimEdge::commit_now(const metamanager::Batch& batch) {
  for (const metamanager::ObjectChange& change : batch.changes) {
    if (!change.upsert.object) continue;
    const k8s::Object& object = *change.upsert.object;
    check_no_version_goes_back(run_, api_, node_, object, ordinals_[object.key]);
    ordinals_[object.key] = api_.ordinal(object.uid, object.version);
  }
  Result<std::vector<lane::Report>> added = store_->commit(batch);
  if (!added) {
    run_.complain("the store takes what it is given", added.error().what);
    return std::nullopt;
  }
  run_.note("durable", batch.changes.size() * 1000 + added->size());
  for (const lane::Report& report : *added) {
    if (report.kind == lane::ReportKind::kEvent) {
      events_[store_->id().str() + "/" + report.body] = run_.now();
    }
  }
  return std::move(*added);
}

}  // namespace skerry::sim

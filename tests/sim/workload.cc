#include "tests/sim/workload.h"

#include <algorithm>

namespace skerry::sim {
namespace {

constexpr int kPodsPerNode = 15;
constexpr int kReferencesPerNode = 34;
// Planned for a moment of the run, so that they happen; and as many again at a byte or an effect
// that a run may not reach.
constexpr int kCutsPerRun = 16;
constexpr int kCrashesPerRun = 5;

ObjectKey pod_key(int n) { return {Kind::kPod, "default", "pod-" + std::to_string(n)}; }

ObjectKey reference_key(int n) {
  const Kind kind = n % 3 == 0 ? Kind::kSecret : Kind::kConfigMap;
  return {kind, "default", "ref-" + std::to_string(n)};
}

/// How often each sort of effect happens in a run, about: where a crash may be planned.
struct Effect {
  const char* name;
  std::uint64_t often;
};
constexpr Effect kEffects[] = {{"Open", 12},        {"PreparePod", 80},   {"Apply", 600},
                               {"MintToken", 30},   {"Refused", 3},       {"Renew", 3},
                               {"HoldsBundle", 8},
                               {"Close", 8},        {"Commit", 500},      {"LoadReports", 20},
                               {"ReportAgain", 30}, {"TokenArrived", 30}, {"ReportRefused", 6},
                               {"Disconnect", 4},   {"Welcomed", 12},     {"NewCertificate", 3},
                               {"NewCaBundle", 4},  {"durable", 1500},    {"ForeignCluster", 3}};

}  // namespace

Workload::Workload(Run& run,
                   ApiServer& api,
                   SimCloud& cloud,
                   std::vector<std::unique_ptr<SimEdge>>& edges)
    : run_(run), api_(api), cloud_(cloud), edges_(edges), random_(run.random.fork()) {
  for (const auto& edge : edges) {
    if (!edge->foreign()) nodes_.push_back(edge->node());
  }
}

// ---- the beginning ------------------------------------------------------------------------------

void Workload::set_up() {
  for (const NodeName& node : nodes_) api_.create({Kind::kNode, "", node.str()}, {}, {}, 0);
  const int nodes = static_cast<int>(nodes_.size());
  for (int n = 0; n < nodes * kReferencesPerNode; ++n) {
    const bool large = random_.chance(2);
    api_.create(reference_key(n), {}, {}, large ? 150 * kKiB : random_.below(600));
  }
  for (int n = 0; n < nodes * kPodsPerNode; ++n) {
    const NodeName& node = nodes_[static_cast<std::size_t>(n % nodes)];
    std::set<ObjectKey> refs = some_references(node);
    // Every reference has a user.
    for (int r = n; r < nodes * kReferencesPerNode; r += nodes * kPodsPerNode)
      refs.insert(reference_key(r));
    api_.create(pod_key(n), node, std::move(refs), 0);
  }
  api_.take_snapshot();
}

void Workload::plan_faults(int events) {
  const auto some_time = [&] {
    return static_cast<int>(random_.below(static_cast<std::uint64_t>(events)));
  };
  for (int i = 0; i < kCrashesPerRun; ++i) {
    plan_crash();
    crash_at_.push_back(some_time());
  }
  std::vector<std::vector<std::uint64_t>> cuts(edges_.size());
  for (int i = 0; i < kCutsPerRun; ++i) {
    cut_at_.push_back(some_time());
    const std::uint64_t reach[] = {500, 1500, 8000, 150'000};
    cuts[random_.below(edges_.size())].push_back(1 + random_.below(reach[random_.below(4)]));
  }
  for (std::size_t i = 0; i < edges_.size(); ++i) edges_[i]->set_cuts(std::move(cuts[i]));
  if (random_.chance(30)) restore_at_ = some_time();
  if (random_.chance(20)) wipe_at_ = some_time();
}

void Workload::plan_crash() {
  const Effect& effect = kEffects[random_.below(std::size(kEffects))];
  run_.crashes.add(effect.name, 1 + random_.below(effect.often), random_.chance(50));
}

// ---- chance -------------------------------------------------------------------------------------

ObjectKey Workload::any_pod() {
  return pod_key(static_cast<int>(random_.below(nodes_.size() * kPodsPerNode)));
}

ObjectKey Workload::any_reference() {
  return reference_key(static_cast<int>(random_.below(nodes_.size() * kReferencesPerNode)));
}

SimEdge& Workload::any_edge() { return *edges_[random_.below(edges_.size())]; }

NodeName Workload::any_node() { return nodes_[random_.below(nodes_.size())]; }

std::set<ObjectKey> Workload::some_references(const NodeName&) {
  std::set<ObjectKey> refs;
  const std::uint64_t count = random_.below(3);
  for (std::uint64_t i = 0; i < count; ++i) refs.insert(any_reference());
  return refs;
}

void Workload::create_pod(const ObjectKey& key, const NodeName& node) {
  std::set<ObjectKey> refs = some_references(node);
  for (const ObjectKey& ref : refs) api_.create(ref, {}, {}, random_.below(600));
  api_.create(key, node, std::move(refs), 0);
}

// ---- one event ----------------------------------------------------------------------------------

void Workload::next_event() {
  const int event = event_++;
  run_.note("event", static_cast<std::uint64_t>(event));
  // One that finds nobody connected waits for the next event.
  if (std::count(cut_at_.begin(), cut_at_.end(), event) > 0 && !any_edge().cut_now()) {
    cut_at_.push_back(event + 1);
  }
  if (const auto crashes = std::count(crash_at_.begin(), crash_at_.end(), event)) {
    run_.crashes.at_the_next_effects(static_cast<int>(crashes), random_.chance(50));
  }
  if (event == restore_at_) restore();
  if (event == wipe_at_) edges_.front()->wipe();
  const std::uint64_t dice = random_.below(100);
  if (dice < 40) return touch_references();
  if (dice < 70) return touch_pods();
  if (dice < 92) return touch_edges();
  touch_api();
}

/// Often everything else starts again with the API.
void Workload::restore() {
  api_.restore(random_.chance(40));
  if (random_.chance(40)) return;
  cloud_.crash(random_.between(100ms, 400ms));
  for (const auto& edge : edges_) (void)edge->cut_now();
}

void Workload::touch_references() {
  const ObjectKey key = any_reference();
  if (!api_.find(key)) return api_.create(key, {}, {}, random_.below(600));
  if (random_.chance(6)) api_.remove_now(key);
  if (random_.chance(70)) return api_.create(key, {}, {}, random_.below(600)), api_.update(key);
  api_.update(key);
}

void Workload::touch_pods() {
  const ObjectKey key = any_pod();
  const ApiServer::Record* pod = api_.find(key);
  if (!pod) return create_pod(key, any_node());
  const std::uint64_t dice = random_.below(100);
  if (dice < 45) return api_.update(key);
  if (dice < 80) return api_.remove(key);
  if (dice < 90) {
    // By force, and at once again under the same name, perhaps on another node.
    api_.remove_now(key);
    return create_pod(key, any_node());
  }
  api_.set_status(key, "{\"phase\":\"Failed\",\"reason\":\"NodeLost\"}");
}

void Workload::touch_edges() {
  const std::uint64_t dice = random_.below(100);
  if (dice < 60) return any_edge().disturb_pod(random_.next());
  if (dice < 92) return any_edge().ask_token(random_.next());
  if (dice < 95) return any_edge().renew();
  if (dice < 97) return cloud_.send_ca_bundle();
  if (dice < 98) return any_edge().go_offline(random_.between(1s, 40s));
  api_.set_status({Kind::kNode, "", any_node().str()},
                  "{\"conditions\":[{\"type\":\"Ready\",\"status\":\"Unknown\"}]}");
}

void Workload::touch_api() {
  const std::uint64_t dice = random_.below(100);
  if (dice < 40) return api_.compact();
  if (dice < 60) return api_.take_snapshot();
  api_.set_status(any_pod(), "{\"phase\":\"Pending\"}");
}

}  // namespace skerry::sim

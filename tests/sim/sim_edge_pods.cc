// SimEdge's edged: what it starts, finalises and reports.
#include <algorithm>

#include "tests/sim/sim_edge.h"

namespace skerry::sim {
namespace {

bool marked_deleted(const k8s::Object& object) {
  return object.json->find("\"deletionTimestamp\"") != std::string::npos;
}

std::string pod_status(unsigned restarts) {
  return "{\"containerStatuses\":[{\"name\":\"main\",\"restartCount\":" + std::to_string(restarts) +
         "}],\"phase\":\"Running\"}";
}

constexpr const char* kNodeStatus =
    "{\"conditions\":[{\"reason\":\"EdgeReady\",\"status\":\"True\",\"type\":\"Ready\"}]}";

}  // namespace

bool SimEdge::refuses(const k8s::Object& object) const {
  return object.key.kind != Kind::kNode && object.version.bytes[0] == 7 && !marked_deleted(object);
}

void SimEdge::look_at_everything() {
  if (!store_) return;
  for (const lane::ContentEntry& entry : store_->content()) look_at(entry.key);
  look_at_terminating();
}

void SimEdge::look_at(const ObjectKey& key) {
  if (key.kind == Kind::kNode) return report_node(false);
  if (key.kind != Kind::kPod || !alive()) return;
  const auto stored = store_->get(key);
  if (!stored || !*stored || !(*stored)->refused_code.empty()) return;
  const ObjectPtr& pod = (*stored)->object;
  // Also one that was finalised: a restored API has it again and must be told again.
  if (marked_deleted(*pod)) return finalise(key, pod->uid);
  if (!(*stored)->finalised) start_pod(pod);
}

void SimEdge::look_at_terminating() {
  const auto pods = store_->terminating();
  if (!pods) return;
  for (const metamanager::TerminatingPod& item : *pods) finalise(item.pod->key, item.pod->uid);
}

void SimEdge::start_pod(const ObjectPtr& pod) {
  if (running_.contains(pod->uid)) return report_pod(pod->key, pod->uid, false);
  if (!starting_.insert(pod->uid).second) return;
  later(random_.between(20ms, 300ms), [this, pod] {
    starting_.erase(pod->uid);
    const auto stored = store_->get(pod->key);
    if (!stored || !*stored || (*stored)->object->uid != pod->uid || (*stored)->finalised) return;
    running_.emplace(pod->uid, 0);
    report_pod(pod->key, pod->uid, false);
    event(pod->key, pod->uid, "Started");
  });
}

void SimEdge::finalise(const ObjectKey& key, const Uid& pod) {
  if (!finalising_.insert(pod).second) return;
  later(random_.between(20ms, 600ms), [this, key, pod] {
    running_.erase(pod);
    metamanager::Batch batch;
    batch.finalised.push_back(pod);
    metamanager::NewReport report;
    report.kind = lane::ReportKind::kFinalised;
    report.key = key;
    report.uid = pod;
    batch.reports.push_back(std::move(report));
    commit(std::move(batch), [this, key, pod](const Result<void>&) {
      finalising_.erase(pod);
      const auto stored = store_->get(key);
      if (stored && *stored && (*stored)->object->uid != pod) look_at(key);
    });
  });
}

/// Of a pod that is gone here but not in the API the end is reported again.
void SimEdge::report_again(const ObjectKey& key, const Uid& pod) {
  const auto stored = store_->get(key);
  if (!stored || !*stored || (*stored)->object->uid != pod) return;
  if ((*stored)->finalised) return finalise(key, pod);
  report_pod(key, pod, true);
}

std::string SimEdge::status_of(const Uid& pod) const {
  const auto at = running_.find(pod);
  return at == running_.end() ? "" : pod_status(at->second);
}

std::string SimEdge::node_status() const { return kNodeStatus; }

void SimEdge::report_pod(const ObjectKey& key, const Uid& pod, bool force) {
  const std::string status = status_of(pod);
  if (status.empty() || !alive()) return;
  metamanager::NewReport report;
  report.kind = lane::ReportKind::kPodStatus;
  report.key = key;
  report.uid = pod;
  report.body = status;
  report.status_hash = *k8s::status_hash(Kind::kPod, status);
  report.force = force;
  metamanager::Batch batch;
  batch.reports.push_back(std::move(report));
  commit(std::move(batch), [](const Result<void>&) {});
}

void SimEdge::report_node(bool force) {
  const ObjectKey key{Kind::kNode, "", node_.str()};
  const auto stored = store_->get(key);
  if (!stored || !*stored) return;
  metamanager::NewReport report;
  report.kind = lane::ReportKind::kNodeStatus;
  report.key = key;
  report.uid = (*stored)->object->uid;
  report.body = std::string("{\"status\":") + kNodeStatus + "}";
  report.status_hash = *k8s::status_hash(Kind::kNode, kNodeStatus);
  report.force = force;
  metamanager::Batch batch;
  batch.reports.push_back(std::move(report));
  commit(std::move(batch), [](const Result<void>&) {});
}

void SimEdge::event(const ObjectKey& key, const Uid& pod, const std::string& what) {
  metamanager::NewReport report;
  report.kind = lane::ReportKind::kEvent;
  report.key = key;
  report.uid = pod;
  report.body = "{\"reason\":\"" + what + "\",\"n\":" + std::to_string(next_event_++) + "}";
  metamanager::Batch batch;
  batch.reports.push_back(std::move(report));
  commit(std::move(batch), [](const Result<void>&) {});
}

// ---- what the workload does to the box ----------------------------------------------------------

void SimEdge::disturb_pod(std::uint64_t dice) {
  if (!alive() || running_.empty()) return;
  const auto at = std::next(running_.begin(), static_cast<std::ptrdiff_t>(dice % running_.size()));
  const ApiServer::Record* record = api_.pod_of(at->first);
  if (!record || !record->object) return;
  ++at->second;
  report_pod(record->object->key, at->first, false);
  event(record->object->key, at->first, "Restarted");
}

void SimEdge::ask_token(std::uint64_t dice) {
  if (!alive() || running_.empty()) return;
  const auto at = std::next(running_.begin(), static_cast<std::ptrdiff_t>(dice % running_.size()));
  const ApiServer::Record* record = api_.pod_of(at->first);
  if (!record || !record->object) return;
  (void)link_->ask_token(record->object->key, {at->first, "kube-api-access", "token"});
  step();
}

void SimEdge::renew() {
  if (!alive()) return;
  (void)link_->renew({"csr"});
  step();
}

bool SimEdge::quiet() const {
  return alive() && jobs_.empty() && starting_.empty() && finalising_.empty();
}

}  // namespace skerry::sim

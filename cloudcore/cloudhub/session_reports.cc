#include "cloudcore/cloudhub/session_reports.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/assert.h"

namespace skerry::cloudhub {
namespace {

bool is_status(lane::ReportKind kind) {
  return kind == lane::ReportKind::kPodStatus || kind == lane::ReportKind::kNodeStatus;
}

/// A node's report is {"registration": ..., "status": ...}.
std::optional<std::string> status_of_node_report(const std::string& body) {
  const nlohmann::json report = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!report.is_object()) return std::nullopt;
  const auto status = report.find("status");
  if (status == report.end()) return std::nullopt;
  return status->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::optional<k8s::StatusHash> reported_status(const lane::Report& report) {
  std::optional<std::string> status;
  if (report.kind == lane::ReportKind::kPodStatus) status = report.body;
  if (report.kind == lane::ReportKind::kNodeStatus) status = status_of_node_report(report.body);
  if (!status) return std::nullopt;
  Result<k8s::StatusHash> hash = k8s::status_hash(report.key.kind, *status);
  if (!hash) return std::nullopt;  // the API will say what is wrong with it
  return *hash;
}

// ---- reports ------------------------------------------------------------------------------------

bool SessionReports::receive(lane::Report report, TimePoint now) {
  if (applying_.contains(report.seq)) return true;  // a repeat of one that is being written
  if (report.body.size() > kBodyBytesMax) {
    verdicts_.push_back({report.seq, lane::Verdict::kRefused, "TooLarge"});
    return true;
  }
  if (stale(report)) {
    verdicts_.push_back({report.seq, lane::Verdict::kOk, ""});
    return true;
  }
  if (pending_ >= kPendingMax || pending_bytes_ + report.body.size() > kPendingBytesMax)
    return false;
  ++reports;
  if (std::optional<k8s::StatusHash> hash = reported_status(report)) {
    const auto at = statuses_.find(report.key);
    if (at != statuses_.end() && at->second.uid == report.uid) {
      at->second.reported = *hash;
      cancel(report.key, at->second);
    }
  }
  const k8s::ObjectKey key = report.key;
  std::list<lane::Report>& queue = queues_[key];
  if (supersede(queue, report)) return true;
  ++pending_;
  pending_bytes_ += report.body.size();
  queue.push_back(std::move(report));
  if (queue.size() == 1) start_next(key, now);
  return true;
}

/// The API already took this revision or a newer one. Events are all different.
bool SessionReports::stale(const lane::Report& report) const {
  if (report.kind == lane::ReportKind::kEvent) return false;
  const auto taken = revisions_.find({report.kind, report.key, report.uid});
  return taken != revisions_.end() && report.revision <= taken->second;
}

/// Of two states that wait behind a running write only the newer is written. True: `report` was the
/// older or the same one and is answered.
bool SessionReports::supersede(std::list<lane::Report>& queue, const lane::Report& report) {
  if (report.kind == lane::ReportKind::kEvent) return false;
  for (auto at = queue.begin(); at != queue.end(); ++at) {
    if (at->kind != report.kind || at->uid != report.uid) continue;
    if (report.revision <= at->revision) {
      verdicts_.push_back({report.seq, lane::Verdict::kRetry, ""});
      return true;
    }
    if (at == queue.begin()) continue;  // being written
    verdicts_.push_back({at->seq, lane::Verdict::kOk, ""});
    --pending_;
    pending_bytes_ -= at->body.size();
    queue.erase(at);
    return false;
  }
  return false;
}

void SessionReports::start_next(const k8s::ObjectKey& key, TimePoint now) {
  const auto at = queues_.find(key);
  SKERRY_ASSERT(at != queues_.end(), "no queue for this key");
  if (at->second.empty()) {
    queues_.erase(at);
    // The write's own watch event may still be on its way: judged after the settle time.
    if (const auto status = statuses_.find(key); status != statuses_.end()) {
      judge(key, status->second, now, kSettle);
    }
    return;
  }
  applying_.emplace(at->second.front().seq, key);
  applies_.push_back(at->second.front());
}

void SessionReports::applied(const lane::ReportVerdict& verdict, TimePoint now) {
  const auto at = applying_.find(verdict.seq);
  if (at == applying_.end()) return;
  const k8s::ObjectKey key = at->second;
  applying_.erase(at);
  std::list<lane::Report>& queue = queues_.at(key);
  SKERRY_ASSERT(!queue.empty() && queue.front().seq == verdict.seq,
                "another report was being written");
  lane::Report report = std::move(queue.front());
  queue.pop_front();
  --pending_;
  pending_bytes_ -= report.body.size();
  if (verdict.verdict == lane::Verdict::kOk && report.kind != lane::ReportKind::kEvent) {
    revisions_[{report.kind, report.key, report.uid}] = report.revision;
    if (report.kind == lane::ReportKind::kFinalised) {
      revisions_.erase({lane::ReportKind::kPodStatus, report.key, report.uid});
    }
    if (revisions_.size() > kRevisionsMax) revisions_.erase(revisions_.begin());
  }
  verdicts_.push_back(verdict);
  start_next(key, now);
}

std::vector<lane::Report> SessionReports::take_applies() { return std::exchange(applies_, {}); }

std::optional<lane::ReportAck> SessionReports::next_ack() {
  if (verdicts_.empty()) return std::nullopt;
  const std::size_t count = std::min(verdicts_.size(), kVerdictsPerAck);
  lane::ReportAck ack;
  ack.verdicts.assign(verdicts_.begin(), verdicts_.begin() + static_cast<std::ptrdiff_t>(count));
  verdicts_.erase(verdicts_.begin(), verdicts_.begin() + static_cast<std::ptrdiff_t>(count));
  return ack;
}

// ---- status: the API's and the edge's -----------------------------------------------------------

void SessionReports::api_status(const k8s::ObjectKey& key,
                                const Uid& uid,
                                k8s::StatusHash hash,
                                TimePoint now) {
  Status& status = statuses_[key];
  if (status.uid != uid) {
    cancel(key, status);
    status = Status{uid, hash, std::nullopt, kAgainDelayMin, {}, std::nullopt};
  }
  const bool moved = status.api != hash;
  status.api = hash;
  if (moved || finalised(key, uid)) judge(key, status, now, kSettle);
}

/// The API took the end of this pod and still has it, or has it again: restored from a backup.
bool SessionReports::finalised(const k8s::ObjectKey& key, const Uid& uid) const {
  return revisions_.contains({lane::ReportKind::kFinalised, key, uid});
}

void SessionReports::forget(const k8s::ObjectKey& key) {
  const auto at = statuses_.find(key);
  if (at == statuses_.end()) return;
  cancel(key, at->second);
  statuses_.erase(at);
}

void SessionReports::assume_reported() {
  for (auto& [key, status] : statuses_) status.reported = status.api;
}

void SessionReports::edge_status(const lane::StatusEntry& entry, TimePoint now) {
  const auto at = statuses_.find(entry.key);
  if (at == statuses_.end() || at->second.uid != entry.uid) return;
  at->second.reported = entry.hash;
  judge(entry.key, at->second, now, Duration::zero());
}

/// Decides whether this object's status must be reported again, and when.
void SessionReports::judge(const k8s::ObjectKey& key,
                           Status& status,
                           TimePoint now,
                           Duration settle) {
  const bool ended = finalised(key, status.uid);
  const bool equal = !ended && status.reported && *status.reported == status.api;
  const bool known = ended || status.reported.has_value();
  if (equal) status.delay = kAgainDelayMin;
  if (!known || equal || queues_.contains(key)) {
    cancel(key, status);
    return;
  }
  if (status.due) return;
  status.due = std::max(now + settle, status.not_before);
  due_.emplace(*status.due, key);
}

void SessionReports::cancel(const k8s::ObjectKey& key, Status& status) {
  if (!status.due) return;
  due_.erase({*status.due, key});
  status.due.reset();
}

std::optional<lane::ReportAgain> SessionReports::next_again(TimePoint now) {
  if (due_.empty() || due_.begin()->first > now) return std::nullopt;
  const k8s::ObjectKey key = due_.begin()->second;
  Status& status = statuses_.at(key);
  cancel(key, status);
  status.not_before = now + status.delay;
  status.delay = std::min<Duration>(status.delay * 2, kAgainDelayMax);
  ++again;
  return lane::ReportAgain{key, status.uid};
}

TimePoint SessionReports::next_deadline() const {
  return due_.empty() ? TimePoint::max() : due_.begin()->first;
}

}  // namespace skerry::cloudhub

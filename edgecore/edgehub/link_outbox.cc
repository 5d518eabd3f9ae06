#include "edgecore/edgehub/link_outbox.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/assert.h"

namespace skerry::edgehub {
namespace {

bool is_event(const lane::Report& report) { return report.kind == lane::ReportKind::kEvent; }

}  // namespace

void LinkOutbox::reset() {
  entries_.clear();
  newest_.clear();
  scan_after_.reset();
  following_ = false;
  added_upto_ = ReportSeq();
  skipped_from_.reset();
  events_loaded_ = in_flight_ = bytes_in_flight_ = 0;
  settled_ = false;
}

void LinkOutbox::start() { scan_after_ = ReportSeq(); }

// ---- loading ------------------------------------------------------------------------------------

void LinkOutbox::page(std::vector<lane::Report> reports) {
  if (!scan_after_) return;
  settled_ = false;
  const bool last = reports.size() < kPageReports;
  ReportSeq upto = *scan_after_;
  for (lane::Report& report : reports) {
    upto = std::max(upto, report.seq);
    load(std::move(report));
  }
  // What became durable after the page was read is not in it.
  if (last && added_upto_ <= upto) {
    following_ = true;
    scan_after_.reset();
    rescan_if_room();
    return;
  }
  if (last) added_upto_ = ReportSeq();  // one more look; seqs that were replaced never appear
  scan_after_ = upto;
}

void LinkOutbox::added(std::vector<lane::Report> reports) {
  if (reports.empty()) return;
  settled_ = false;
  if (scan_after_) {
    for (const lane::Report& report : reports) added_upto_ = std::max(added_upto_, report.seq);
    return;  // the scan reaches them
  }
  if (!following_) return;
  for (lane::Report& report : reports) load(std::move(report));
}

void LinkOutbox::load(lane::Report report) {
  if (entries_.contains(report.seq)) return;
  if (is_event(report)) {
    if (events_loaded_ >= kEventsLoadedMax) {
      if (!skipped_from_ || report.seq < *skipped_from_) skipped_from_ = report.seq;
      return;
    }
    ++events_loaded_;
  } else {
    ReportSeq& newest = newest_[{report.kind, report.key, report.uid}];
    if (report.seq < newest) return;
    const auto older = entries_.find(newest);
    const bool drop = older != entries_.end() && !older->second.in_flight;
    newest = report.seq;
    if (drop) erase(older);
  }
  const ReportSeq seq = report.seq;
  entries_.emplace(seq, Entry{std::move(report)});
}

void LinkOutbox::erase(Entries::iterator entry) {
  const lane::Report& report = entry->second.report;
  if (is_event(report)) {
    --events_loaded_;
  } else if (const auto newest = newest_.find({report.kind, report.key, report.uid});
             newest != newest_.end() && newest->second == report.seq) {
    newest_.erase(newest);
  }
  entries_.erase(entry);
}

void LinkOutbox::rescan_if_room() {
  if (!skipped_from_ || scan_after_ || events_loaded_ > kEventsLoadedMax / 2) return;
  scan_after_ = ReportSeq(skipped_from_->value() - 1);
  skipped_from_.reset();
  following_ = false;
}

// ---- sending ------------------------------------------------------------------------------------

std::optional<lane::Report> LinkOutbox::next(TimePoint now) {
  if (in_flight_ >= kReportsInFlightMax || bytes_in_flight_ >= kBytesInFlightMax)
    return std::nullopt;
  if (settled_ && now < retry_at_) return std::nullopt;
  std::set<Lane> blocked;  // an earlier report of the lane is in flight or waits for its retry
  TimePoint retry_at = TimePoint::max();
  for (auto& [seq, entry] : entries_) {
    Lane lane{is_event(entry.report), entry.report.key};
    const bool waits = entry.in_flight || entry.not_before > now;
    if (!entry.in_flight && waits) retry_at = std::min(retry_at, entry.not_before);
    if (waits || blocked.contains(lane)) {
      blocked.insert(std::move(lane));
      continue;
    }
    entry.in_flight = true;
    ++in_flight_;
    ++sent;
    bytes_in_flight_ += entry.report.body.size();
    return entry.report;
  }
  settled_ = true;
  retry_at_ = retry_at;
  return std::nullopt;
}

bool LinkOutbox::superseded(const Entry& entry) const {
  const lane::Report& report = entry.report;
  if (is_event(report)) return false;
  const auto newest = newest_.find({report.kind, report.key, report.uid});
  return newest != newest_.end() && newest->second > report.seq;
}

std::optional<LinkOutbox::Answered> LinkOutbox::verdict(const lane::ReportVerdict& verdict,
                                                        TimePoint now) {
  const auto at = entries_.find(verdict.seq);
  if (at == entries_.end() || !at->second.in_flight) return std::nullopt;
  settled_ = false;
  Entry& entry = at->second;
  entry.in_flight = false;
  --in_flight_;
  bytes_in_flight_ -= entry.report.body.size();
  Answered answered{entry.report.kind, entry.report.key, verdict.verdict != lane::Verdict::kRetry};
  if (answered.done || superseded(entry)) {
    erase(at);
    rescan_if_room();
    return answered;
  }
  ++retries;
  const Duration delay =
      std::min<Duration>(kRetryDelayMin * (1u << std::min(entry.retries, 5u)), kRetryDelayMax);
  ++entry.retries;
  entry.not_before = now + random_.jittered(delay);
  return answered;
}

bool LinkOutbox::has_state_of(const k8s::ObjectKey& key, const Uid& uid) const {
  for (const lane::ReportKind kind :
       {lane::ReportKind::kPodStatus, lane::ReportKind::kNodeStatus}) {
    if (newest_.contains({kind, key, uid})) return true;
  }
  return false;
}

TimePoint LinkOutbox::next_deadline() const { return settled_ ? retry_at_ : TimePoint::max(); }

}  // namespace skerry::edgehub

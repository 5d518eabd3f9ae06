// Upstream of one session: reports to the API one at a time per key, verdicts back, and asking
// again for a status that the API does not have. Private part of SessionProtocol; pure. Owner:
// SessionProtocol. Thread: its shard. Source: design.md 3 (status is level-triggered), 4.7.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "common/base/units.h"
#include "common/lane/message.h"

namespace skerry::cloudhub {

/// Hash of the edge-owned projection in a kPodStatus or kNodeStatus report; nothing for other kinds
/// and for bodies that cannot be read.
std::optional<k8s::StatusHash> reported_status(const lane::Report& report);

class SessionReports {
 public:
  static constexpr std::size_t kPendingMax = 2 * kReportsInFlightMax;
  static constexpr std::size_t kPendingBytesMax = 8 * kMiB;
  static constexpr std::size_t kBodyBytesMax = 1 * kMiB;
  static constexpr std::size_t kRevisionsMax = 4096;  // forgetting one only costs a repeated write
  static constexpr std::size_t kVerdictsPerAck = 256;
  static constexpr auto kSettle = std::chrono::seconds(1);
  static constexpr auto kAgainDelayMin = std::chrono::seconds(1);
  static constexpr auto kAgainDelayMax =
      std::chrono::minutes(5);  // when reporting again does not help

  // ---- reports
  /// False: the edge has more in flight than the rules allow.
  bool receive(lane::Report report, TimePoint now);
  /// Answered without being applied.
  void defer(ReportSeq seq) { verdicts_.push_back({seq, lane::Verdict::kRetry, ""}); }
  void applied(const lane::ReportVerdict& verdict, TimePoint now);
  std::vector<lane::Report> take_applies();
  std::optional<lane::ReportAck> next_ack();
  std::size_t pending() const { return pending_; }

  // ---- status: the API's and the edge's
  /// The API's status of a desired object, zero hash: none.
  void api_status(const k8s::ObjectKey& key, const Uid& uid, k8s::StatusHash hash, TimePoint now);
  void forget(const k8s::ObjectKey& key);
  /// Hello's digests were equal: the edge last said what the API has.
  void assume_reported();
  /// From the Listing: asked again at once where it differs.
  void edge_status(const lane::StatusEntry& entry, TimePoint now);
  std::optional<lane::ReportAgain> next_again(TimePoint now);
  TimePoint next_deadline() const;

  std::uint64_t reports = 0, again = 0;

 private:
  using RevisionKey = std::tuple<lane::ReportKind, k8s::ObjectKey, Uid>;
  struct Status {
    Uid uid;
    k8s::StatusHash api;
    std::optional<k8s::StatusHash> reported;
    Duration delay = kAgainDelayMin;  // from one ReportAgain to the next
    TimePoint not_before{};           // of the next ReportAgain
    std::optional<TimePoint> due;
  };

  void start_next(const k8s::ObjectKey& key, TimePoint now);
  void judge(const k8s::ObjectKey& key, Status& status, TimePoint now, Duration settle);
  void cancel(const k8s::ObjectKey& key, Status& status);
  bool finalised(const k8s::ObjectKey& key, const Uid& uid) const;
  bool stale(const lane::Report& report) const;
  bool supersede(std::list<lane::Report>& queue, const lane::Report& report);

  std::map<k8s::ObjectKey, std::list<lane::Report>> queues_;  // front: being applied
  std::map<ReportSeq, k8s::ObjectKey> applying_;
  std::size_t pending_ = 0;
  std::size_t pending_bytes_ = 0;
  std::map<RevisionKey, std::uint64_t> revisions_;  // the last that the API took
  std::vector<lane::Report> applies_;
  std::vector<lane::ReportVerdict> verdicts_;
  std::map<k8s::ObjectKey, Status> statuses_;
  std::set<std::pair<TimePoint, k8s::ObjectKey>> due_;
};

}  // namespace skerry::cloudhub

// Upstream at the edge: which of the store's waiting reports is sent next. The store's outbox is
// the truth; this is its window. Private part of LinkProtocol; pure. Owner: LinkProtocol. Thread:
// edgecore's loop. Source: design.md 4.7.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "common/base/units.h"
#include "common/lane/message.h"
#include "common/seam/world.h"

namespace skerry::edgehub {

/// State reports are always held (one per kind, key, uid: the newest replaces the older), so a
/// flood of events never keeps a status from being sent; events beyond kEventsLoadedMax stay in the
/// store until there is room.
class LinkOutbox {
 public:
  static constexpr std::size_t kPageReports = 64;
  static constexpr std::size_t kEventsLoadedMax = 128;
  static constexpr std::size_t kBytesInFlightMax = 4 * kMiB;
  static constexpr auto kRetryDelayMin = std::chrono::seconds(1);
  static constexpr auto kRetryDelayMax = std::chrono::seconds(30);

  explicit LinkOutbox(seam::Random& random) : random_(random) {}

  /// The connection is gone: nothing is loaded, nothing in flight.
  void reset();
  /// The session is live: read the outbox from its beginning.
  void start();

  /// Read the outbox from after this seq.
  std::optional<ReportSeq> wanted_page() const { return scan_after_; }
  void page(std::vector<lane::Report> reports);
  /// Became durable just now.
  void added(std::vector<lane::Report> reports);

  /// At most kReportsInFlightMax in flight; one per key, events of a key apart from its state.
  std::optional<lane::Report> next(TimePoint now);
  struct Answered {
    lane::ReportKind kind;
    k8s::ObjectKey key;
    bool done = false;  // it may leave the store
  };
  /// Nothing: not in flight.
  std::optional<Answered> verdict(const lane::ReportVerdict& verdict, TimePoint now);

  /// A state report of this object waits or is in flight.
  bool has_state_of(const k8s::ObjectKey& key, const Uid& uid) const;
  TimePoint next_deadline() const;
  std::size_t in_flight() const { return in_flight_; }
  std::size_t loaded() const { return entries_.size(); }

  std::uint64_t sent = 0, retries = 0;

 private:
  using Lane = std::pair<bool, k8s::ObjectKey>;  // event?, key
  using Slot = std::tuple<lane::ReportKind, k8s::ObjectKey, Uid>;
  struct Entry {
    lane::Report report;
    bool in_flight = false;
    TimePoint not_before{};
    unsigned retries = 0;
  };
  using Entries = std::map<ReportSeq, Entry>;

  void load(lane::Report report);
  void erase(Entries::iterator entry);
  void rescan_if_room();
  bool superseded(const Entry& entry) const;

  seam::Random& random_;
  Entries entries_;
  std::map<Slot, ReportSeq> newest_;  // state reports
  std::optional<ReportSeq> scan_after_;
  bool following_ = false;  // everything durable is loaded or counted in skipped_from_
  ReportSeq added_upto_;
  std::optional<ReportSeq> skipped_from_;  // first event that found no room
  std::size_t events_loaded_ = 0;
  std::size_t in_flight_ = 0;
  std::size_t bytes_in_flight_ = 0;
  bool settled_ = false;  // the last search found nothing, and nothing changed since
  TimePoint retry_at_ = TimePoint::max();
};

}  // namespace skerry::edgehub

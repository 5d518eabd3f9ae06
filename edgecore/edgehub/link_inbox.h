// Downstream at the edge: messages become one batch, a batch becomes durable, then Nacks and the
// Ack go out. While a commit runs the next batch gathers (group commit). Private part of
// LinkProtocol; pure. Owner: LinkProtocol. Thread: edgecore's loop. Source: design.md 4.5, 4.10.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "common/base/result.h"
#include "common/base/units.h"
#include "common/lane/message.h"
#include "edgecore/metamanager/store.h"

namespace skerry::edgehub {

class LinkInbox {
 public:
  using Admit = std::function<Result<void>(const k8s::Object&)>;
  static constexpr std::size_t kGatheredBytesMax = 2 * kUpsertBytesInFlightMax + kObjectBytesMax;
  static constexpr std::size_t kGrantsMax = 64;  // that wait for their pod

  LinkInbox(Admit admit, bool ack_before_commit)
      : admit_(std::move(admit)), ack_before_commit_(ack_before_commit) {}

  /// A new connection: what was gathered is dropped (the next Hello says what is missing), and a
  /// commit that still runs acknowledges nothing.
  void reset();

  /// A repeat of what was received before on this connection changes nothing.
  /// Errors: kMalformed, kTooLarge: the cloud breaks the rules.
  Result<void> upsert(lane::Upsert upsert);
  Result<void> remove(lane::Remove remove);
  /// Rests until its pod's Upsert, to be durable with it.
  void grant(lane::TokenGrant grant);
  void report_done(ReportSeq seq);
  void cluster(ClusterId cluster) { gathered_.cluster = std::move(cluster); }

  bool empty() const { return gathered_.empty(); }
  /// The gathered batch; the commit of it has begun.
  metamanager::Batch take();
  /// The commit begun by the last take() is durable.
  void committed();

  /// Nacks first, then the Ack that covers them.
  std::optional<lane::Message> next();

  std::size_t gathered_bytes() const { return gathered_bytes_; }
  std::uint64_t upserts = 0, removes = 0, refused = 0;

 private:
  struct Answers {
    Seq upto;
    std::vector<lane::Nack> nacks;
  };
  Result<bool> accept(Seq seq, std::size_t bytes);

  Admit admit_;
  bool ack_before_commit_;
  Seq received_;
  Seq acked_;
  metamanager::Batch gathered_;
  std::size_t gathered_bytes_ = 0;
  Answers gathering_;
  Answers committing_;
  std::map<Uid, std::vector<lane::TokenGrant>> grants_;
  std::size_t grants_held_ = 0;
  std::deque<lane::Nack> nacks_;
  Seq ack_;
};

}  // namespace skerry::edgehub

#include "edgecore/edgehub/link_inbox.h"

#include <utility>

#include "common/base/assert.h"

namespace skerry::edgehub {
namespace {

using metamanager::ObjectChange;

constexpr std::size_t kMessageOverhead = 256;

/// The Nack's word for an error of admit().
std::string nack_code(Code code) {
  if (code == Code::kMalformed) return "Malformed";
  if (code == Code::kTooLarge) return "TooLarge";
  return "Unsupported";
}

}  // namespace

void LinkInbox::reset() {
  received_ = acked_ = ack_ = Seq();
  gathered_ = {};
  gathered_bytes_ = 0;
  gathering_ = committing_ = {};
  grants_.clear();
  grants_held_ = 0;
  nacks_.clear();
}

/// True: new. False: a repeat.
Result<bool> LinkInbox::accept(Seq seq, std::size_t bytes) {
  if (seq <= received_) return false;
  if (gathered_bytes_ + bytes > kGatheredBytesMax) {
    return fail(Code::kTooLarge, "the cloud sends more than its window allows");
  }
  received_ = seq;
  gathered_bytes_ += bytes;
  gathering_.upto = seq;
  if (ack_before_commit_) ack_ = seq;
  return true;
}

Result<void> LinkInbox::upsert(lane::Upsert upsert) {
  if (!upsert.object || upsert.object->uid.empty() || !upsert.object->json) {
    return fail(Code::kMalformed, "an Upsert without an object");
  }
  const std::size_t seed = upsert.status_seed ? upsert.status_seed->size() : 0;
  Result<bool> fresh = accept(upsert.seq, upsert.object->json->size() + seed + kMessageOverhead);
  if (!fresh) return fail(fresh.error());
  if (!*fresh) return {};

  ++upserts;
  ObjectChange change;
  change.upsert.object = upsert.object;
  change.status_seed = std::move(upsert.status_seed);
  const Result<void> fit = k8s::info(upsert.object->key.kind).stored_at_edge
                               ? admit_(*upsert.object)
                               : fail(Code::kUnsupported, "this edge does not keep that kind");
  if (!fit) {
    ++refused;
    change.upsert.refused_code = nack_code(fit.error().code);
    change.upsert.refused_reason = fit.error().what;
    gathering_.nacks.push_back({upsert.seq, change.upsert.refused_code, fit.error().what});
  }
  if (const auto grants = grants_.find(upsert.object->uid); grants != grants_.end()) {
    grants_held_ -= grants->second.size();
    for (lane::TokenGrant& grant : grants->second) gathered_.tokens.push_back(std::move(grant));
    grants_.erase(grants);
  }
  gathered_.changes.push_back(std::move(change));
  return {};
}

Result<void> LinkInbox::remove(lane::Remove remove) {
  if (remove.uid.empty()) return fail(Code::kMalformed, "a Remove without a uid");
  Result<bool> fresh = accept(remove.seq, kMessageOverhead);
  if (!fresh) return fail(fresh.error());
  if (!*fresh) return {};

  ++removes;
  ObjectChange change;
  change.verb = ObjectChange::Verb::kRemove;
  change.key = std::move(remove.key);
  change.uid = std::move(remove.uid);
  gathered_.changes.push_back(std::move(change));
  return {};
}

void LinkInbox::grant(lane::TokenGrant grant) {
  if (grants_held_ >= kGrantsMax) return;  // the pod asks for it when it needs it
  ++grants_held_;
  grants_[grant.slot.pod].push_back(std::move(grant));
}

void LinkInbox::report_done(ReportSeq seq) { gathered_.reports_done.push_back(seq); }

metamanager::Batch LinkInbox::take() {
  SKERRY_ASSERT(committing_.upto == Seq() && committing_.nacks.empty(), "one commit at a time");
  committing_ = std::exchange(gathering_, {});
  gathered_bytes_ = 0;
  return std::exchange(gathered_, {});
}

void LinkInbox::committed() {
  Answers done = std::exchange(committing_, {});
  for (lane::Nack& nack : done.nacks) nacks_.push_back(std::move(nack));
  if (done.upto > ack_) ack_ = done.upto;
}

std::optional<lane::Message> LinkInbox::next() {
  if (!nacks_.empty()) {
    lane::Nack nack = std::move(nacks_.front());
    nacks_.pop_front();
    return nack;
  }
  if (ack_ <= acked_) return std::nullopt;
  acked_ = ack_;
  return lane::Ack{ack_};
}

}  // namespace skerry::edgehub

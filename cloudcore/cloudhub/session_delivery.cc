#include "cloudcore/cloudhub/session_delivery.h"

#include <algorithm>
#include <utility>

#include "common/base/assert.h"
#include "common/lane/digest.h"

namespace skerry::cloudhub {
namespace {

constexpr std::size_t kMessageOverhead = 256;  // key, uid, version: what a Remove costs

bool in(std::uint16_t buckets, const k8s::ObjectKey& key) {
  return (buckets >> lane::bucket_of(key)) & 1;
}

bool edge_owns_status(const k8s::ObjectKey& key) {
  return k8s::info(key.kind).status_owner == k8s::StatusOwner::kEdge;
}

}  // namespace

void SessionDelivery::start(std::vector<k8s::ObjectPtr> desired) {
  SKERRY_ASSERT(!judging_ && slots_.empty(), "a session starts once");
  for (k8s::ObjectPtr& object : desired) {
    SKERRY_ASSERT(object && k8s::info(object->key.kind).stored_at_edge, "not for an edge");
    slots_[object->key].desired = std::move(object);
  }
}

lane::Buckets SessionDelivery::digests() const {
  std::vector<lane::ContentEntry> entries;
  entries.reserve(slots_.size());
  for (const auto& [key, slot] : slots_) {
    if (slot.desired) entries.push_back({key, slot.desired->uid, slot.desired->version});
  }
  return lane::content_digests(entries);
}

std::vector<lane::StatusEntry> SessionDelivery::statuses() const {
  std::vector<lane::StatusEntry> entries;
  for (const auto& [key, slot] : slots_) {
    if (slot.desired && edge_owns_status(key)) {
      entries.push_back({key, slot.desired->uid, slot.desired->status_hash});
    }
  }
  return entries;
}

// ---- what the edge holds ------------------------------------------------------------------------

void SessionDelivery::assume_held(std::uint16_t equal_buckets) {
  for (auto& [key, slot] : slots_) {
    if (slot.desired && in(equal_buckets, key))
      slot.held = Held{slot.desired->uid, slot.desired->version};
  }
}

void SessionDelivery::held(const std::vector<lane::ContentEntry>& listed, std::uint16_t buckets) {
  SKERRY_ASSERT(!judging_, "the edge lists once");
  for (const lane::ContentEntry& entry : listed) {
    if (!in(buckets, entry.key)) continue;  // not asked for: what is known there is better
    slots_[entry.key].held = Held{entry.uid, entry.version};
  }
  judging_ = true;
  for (auto at = slots_.begin(); at != slots_.end();) {
    judge(at->first, at->second);
    const bool nothing = !at->second.desired && !at->second.held;
    at = nothing ? slots_.erase(at) : std::next(at);
  }
}

// ---- what the edge should hold ------------------------------------------------------------------

bool SessionDelivery::change(const DesiredChange& change) {
  Slot& slot = slots_[change.key];
  if (change.object) {
    SKERRY_ASSERT(k8s::info(change.key.kind).stored_at_edge, "not for an edge");
    slot.desired = change.object;
  } else {
    // The end of an old uid says nothing about the one that took its name.
    const bool other = slot.desired && slot.desired->uid != change.uid;
    if (other && !remove_ignores_uid_) return false;
    slot.desired = nullptr;
    slot.reason = change.reason;
  }
  if (judging_) judge(change.key, slot);
  if (!slot.desired && !slot.held) slots_.erase(change.key);
  return true;
}

/// Puts the key where it belongs: nowhere, among the dirty ones, or waiting for a prelude.
void SessionDelivery::judge(const k8s::ObjectKey& key, Slot& slot) {
  const auto preparing = preparing_.find(key);
  if (preparing != preparing_.end()) {
    const bool same_pod = slot.desired && slot.desired->uid == preparing->second.pod;
    if (same_pod && !preparing->second.prelude) return;  // the answer is on its way
    if (!same_pod) preparing_.erase(preparing);
  }
  if (!slot.desired) {
    if (slot.held) {
      dirty_.mark(key, DirtyKeys::Verb::kRemove);
    } else {
      dirty_.clear(key);
    }
    return;
  }
  if (slot.held && *slot.held == Held{slot.desired->uid, slot.desired->version}) {
    dirty_.clear(key);
    return;
  }
  dirty_.mark(key, DirtyKeys::Verb::kUpsert);
}

// ---- preludes -----------------------------------------------------------------------------------

bool SessionDelivery::needs_prelude(const Slot& slot) const {
  return slot.desired->key.kind == k8s::Kind::kPod &&
         (!slot.held || slot.held->uid != slot.desired->uid);
}

void SessionDelivery::prepared(const Uid& pod, PodPrelude prelude) {
  const auto at = std::find_if(preparing_.begin(), preparing_.end(), [&](const auto& item) {
    return item.second.pod == pod && !item.second.prelude;
  });
  if (at == preparing_.end()) return;  // no longer desired, or replaced
  at->second.prelude = std::move(prelude);
  judge(at->first, slots_.at(at->first));
}

std::vector<k8s::ObjectPtr> SessionDelivery::take_prepares() {
  if (judging_) request_preludes();
  return std::exchange(prepares_, {});
}

/// Asked for early, so that the answers are here when the pods' turn comes; bounded, because tokens
/// age.
void SessionDelivery::request_preludes() {
  while (preparing_.size() < kPreparesMax) {
    std::optional<k8s::ObjectKey> pod = dirty_.first_pod_upsert([this](const k8s::ObjectKey& key) {
      return needs_prelude(slots_.at(key)) && !preparing_.contains(key);
    });
    if (!pod) return;
    const Slot& slot = slots_.at(*pod);
    dirty_.clear(*pod);
    preparing_.emplace(*pod, Preparing{slot.desired->uid, std::nullopt});
    prepares_.push_back(slot.desired);
  }
}

// ---- sending ------------------------------------------------------------------------------------

std::optional<lane::Message> SessionDelivery::next() {
  if (burst_.empty()) {
    if (!judging_) return std::nullopt;
    std::optional<k8s::ObjectKey> key = dirty_.first();
    if (!key) return std::nullopt;
    return send(*key);
  }
  lane::Message message = std::move(burst_.front());
  burst_.pop_front();
  return message;
}

std::optional<lane::Message> SessionDelivery::send(const k8s::ObjectKey& key) {
  Slot& slot = slots_.at(key);
  if (!slot.desired) {
    if (bytes_in_flight_ + kMessageOverhead > kUpsertBytesInFlightMax) return std::nullopt;
    return send_remove(key, slot);
  }
  return send_upsert(key, slot);
}

lane::Message SessionDelivery::send_remove(const k8s::ObjectKey& key, Slot& slot) {
  lane::Remove remove{Seq(++last_seq_), key, slot.held->uid, slot.reason};
  flight_.push_back({remove.seq, kMessageOverhead, nullptr});
  bytes_in_flight_ += kMessageOverhead;
  ++removes;
  dirty_.clear(key);
  slots_.erase(key);
  return remove;
}

std::optional<lane::Message> SessionDelivery::send_upsert(const k8s::ObjectKey& key, Slot& slot) {
  const auto preparing = preparing_.find(key);
  const bool first_of_uid = needs_prelude(slot);
  if (first_of_uid && preparing == preparing_.end()) return send_behind_pod();
  const std::size_t bytes = slot.desired->json->size() + kMessageOverhead;
  if (bytes_in_flight_ > 0 && bytes_in_flight_ + bytes > kUpsertBytesInFlightMax)
    return std::nullopt;

  lane::Upsert upsert{Seq(++last_seq_), slot.desired, std::nullopt};
  std::list<lane::Message> burst;
  if (preparing != preparing_.end()) {
    SKERRY_ASSERT(preparing->second.prelude, "a pod left before its prelude");
    if (first_of_uid) {
      for (lane::TokenGrant& grant : preparing->second.prelude->tokens) {
        grant.query = 0;
        burst.emplace_back(std::move(grant));
      }
      upsert.status_seed = std::move(preparing->second.prelude->status_seed);
    }
    preparing_.erase(preparing);
  }
  flight_.push_back({upsert.seq, bytes, slot.desired});
  bytes_in_flight_ += bytes;
  ++upserts;
  slot.held = Held{slot.desired->uid, slot.desired->version};
  dirty_.clear(key);
  burst.emplace_back(std::move(upsert));
  burst_ = std::move(burst);
  return next();
}

/// Pods that nobody has asked a prelude for stand first (take_prepares() is full): what comes after
/// the pods does not depend on them.
std::optional<lane::Message> SessionDelivery::send_behind_pod() {
  std::optional<k8s::ObjectKey> key = dirty_.first_pod_upsert([this](const k8s::ObjectKey& pod) {
    return !needs_prelude(slots_.at(pod)) || preparing_.contains(pod);
  });
  if (!key) key = dirty_.first(false);
  if (!key) return std::nullopt;
  return send(*key);
}

std::size_t SessionDelivery::waiting() const {
  const auto unanswered = std::count_if(preparing_.begin(), preparing_.end(),
                                        [](const auto& item) { return !item.second.prelude; });
  return dirty_.size() + static_cast<std::size_t>(unanswered);
}

bool SessionDelivery::acked(Seq seq) {
  if (seq.value() > last_seq_) return false;
  while (!flight_.empty() && flight_.front().seq <= seq) {
    bytes_in_flight_ -= flight_.front().bytes;
    flight_.pop_front();
  }
  return true;
}

k8s::ObjectPtr SessionDelivery::nacked(Seq seq) {
  const auto at = std::lower_bound(flight_.begin(), flight_.end(), seq,
                                   [](const Flight& item, Seq s) { return item.seq < s; });
  if (at == flight_.end() || at->seq != seq) return nullptr;
  return std::exchange(at->object, nullptr);
}

}  // namespace skerry::cloudhub

// Names and ids as types, so that a pod's uid never lands where a node's name belongs.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace skerry {

template <class Tag>
class StringId {
 public:
  StringId() = default;
  explicit StringId(std::string value) : value_(std::move(value)) {}
  const std::string& str() const { return value_; }
  bool empty() const { return value_.empty(); }
  friend auto operator<=>(const StringId&, const StringId&) = default;

 private:
  std::string value_;
};

using NodeName = StringId<struct NodeNameTag>;    // metadata.name of the Node, DNS-1123 subdomain
using Uid = StringId<struct UidTag>;              // metadata.uid as the API wrote it
using StoreId = StringId<struct StoreIdTag>;      // random, made with an edge's store
using BootId = StringId<struct BootIdTag>;        // /proc/sys/kernel/random/boot_id
using ClusterId = StringId<struct ClusterIdTag>;  // uid of namespace kube-system

template <class Tag>
class NumberId {
 public:
  constexpr NumberId() = default;
  constexpr explicit NumberId(std::uint64_t value) : value_(value) {}
  constexpr std::uint64_t value() const { return value_; }
  friend constexpr auto operator<=>(NumberId, NumberId) = default;

 private:
  std::uint64_t value_ = 0;
};

/// metadata.resourceVersion. Comparable within one resource type (KEP-5504). 0: unknown.
using ResourceVersion = NumberId<struct ResourceVersionTag>;
/// Position of a message in one session, from the cloud down. Starts at 1.
using Seq = NumberId<struct SeqTag>;
/// Position of a report in the outbox of one store. Starts at 1, never reused by that store.
using ReportSeq = NumberId<struct ReportSeqTag>;
/// One session of one node; a later session has a higher epoch.
using Epoch = NumberId<struct EpochTag>;

}  // namespace skerry

template <class Tag>
struct std::hash<skerry::StringId<Tag>> {
  std::size_t operator()(const skerry::StringId<Tag>& id) const {
    return std::hash<std::string>{}(id.str());
  }
};

// How many joins are looked at: signing and writing cost, and anybody may knock. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "common/base/units.h"

namespace skerry::cloudhub {

/// A token bucket per name (address or node) below one for all. Names beyond `names_max` push out
/// the one that waited longest. Owner: JoinService. Thread: its loop.
class JoinRate {
 public:
  struct Limits {
    double per_name_per_second = 10;
    double all_per_second = 50;
    std::size_t names_max = 4096;
  };
  JoinRate() : JoinRate(Limits()) {}
  explicit JoinRate(Limits limits);

  bool take(const std::string& name, TimePoint now);
  std::size_t names() const { return buckets_.size(); }

 private:
  struct Bucket {
    double tokens = 0;
    TimePoint filled{};
    bool take(double per_second, TimePoint now);
  };
  void make_room();

  Limits limits_;
  Bucket all_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace skerry::cloudhub

// Whether and when an image is pulled. Pure. Source: kubelet 1.34, pkg/kubelet/images.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/base/units.h"
#include "edgecore/edged/pod_spec.h"

namespace skerry::edged {

enum class PullDecision : std::uint8_t {
  kUse,  // the image is here
  kPull,
  kNever,  // it is not here and may not be pulled: reason ErrImageNeverPull
};
PullDecision should_pull(ImagePullPolicy policy, bool present);

/// What the API server fills in: Always for :latest and for no tag, else IfNotPresent.
ImagePullPolicy default_pull_policy(std::string_view image);

// Messages of container states and events.
std::string pulling_message(std::string_view image);  // Pulling image "x"
std::string present_message(std::string_view image);  // Container image "x" already present ...
std::string never_pull_message(
    std::string_view image);                           // ... not present with pull policy of Never
std::string back_off_message(std::string_view image);  // Back-off pulling image "x"
std::string pull_failed_message(std::string_view image, std::string_view why);
std::string pulled_message(std::string_view image, Duration took, std::uint64_t size_bytes);

/// Per pod and image: 10 s, doubled to 5 min; forgotten 10 min after the last failure.
/// Owner: Edged. Thread: its loop. Limit: entries older than that go with every on_failure().
class PullBackoff {
 public:
  using Key = std::pair<Uid, std::string>;  // pod, image

  /// When the next try is allowed; TimePoint{} or a past time: now.
  TimePoint allowed_at(const Key& key) const;
  void on_failure(const Key& key, TimePoint now, const std::string& why);
  /// Empty: none that is remembered.
  std::string last_failure(const Key& key) const;
  void on_success(const Key& key);
  void forget(const Uid& pod);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Duration delay{};
    TimePoint failed{};
    std::string why;
  };
  std::map<Key, Entry> entries_;
};

}  // namespace skerry::edged

#include "edgecore/edged/image_policy.h"

#include <algorithm>
#include <cstdio>

#include "edgecore/edged/image_reference.h"

namespace skerry::edged {
namespace {

constexpr Duration kFirstDelay = 10s;
constexpr Duration kDelayMax = 5min;

std::string quoted(std::string_view image) { return "\"" + std::string(image) + "\""; }

/// "1.234s", as Go prints it after rounding to milliseconds; "87ms" below a second.
std::string readable(Duration took) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  if (ms < 1000) return std::to_string(ms) + "ms";
  char text[48];
  std::snprintf(text, sizeof text, "%lld.%03llds", static_cast<long long>(ms / 1000),
                static_cast<long long>(ms % 1000));
  return text;
}

}  // namespace

PullDecision should_pull(ImagePullPolicy policy, bool present) {
  switch (policy) {
    case ImagePullPolicy::kAlways:
      return PullDecision::kPull;
    case ImagePullPolicy::kIfNotPresent:
      return present ? PullDecision::kUse : PullDecision::kPull;
    case ImagePullPolicy::kNever:
      return present ? PullDecision::kUse : PullDecision::kNever;
  }
  return PullDecision::kPull;
}

ImagePullPolicy default_pull_policy(std::string_view image) {
  const Result<ImageReference> parsed = parse_image(image);
  // With a digest the tag does not matter: it cannot move.
  const bool moves = parsed && parsed->tag == "latest";
  return moves ? ImagePullPolicy::kAlways : ImagePullPolicy::kIfNotPresent;
}

std::string pulling_message(std::string_view image) { return "Pulling image " + quoted(image); }
std::string present_message(std::string_view image) {
  return "Container image " + quoted(image) + " already present on machine";
}
std::string never_pull_message(std::string_view image) {
  return "Container image " + quoted(image) + " is not present with pull policy of Never";
}
std::string back_off_message(std::string_view image) {
  return "Back-off pulling image " + quoted(image);
}
std::string pull_failed_message(std::string_view image, std::string_view why) {
  return "Failed to pull image " + quoted(image) + ": " + std::string(why);
}
std::string pulled_message(std::string_view image, Duration took, std::uint64_t size_bytes) {
  return "Successfully pulled image " + quoted(image) + " in " + readable(took) + " (" +
         readable(took) + " including waiting). Image size: " + std::to_string(size_bytes) +
         " bytes.";
}

TimePoint PullBackoff::allowed_at(const Key& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? TimePoint{} : found->second.failed + found->second.delay;
}

std::string PullBackoff::last_failure(const Key& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? "" : found->second.why;
}

void PullBackoff::on_failure(const Key& key, TimePoint now, const std::string& why) {
  std::erase_if(entries_,
                [&](const auto& item) { return now - item.second.failed > 2 * kDelayMax; });
  Entry& entry = entries_[key];
  entry.delay = entry.delay == Duration{} ? kFirstDelay : std::min(entry.delay * 2, kDelayMax);
  entry.failed = now;
  entry.why = why;
}

void PullBackoff::on_success(const Key& key) { entries_.erase(key); }

void PullBackoff::forget(const Uid& pod) {
  std::erase_if(entries_, [&](const auto& item) { return item.first.first == pod; });
}

}  // namespace skerry::edged

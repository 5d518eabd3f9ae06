// The bearer token of each request.
#pragma once

#include <filesystem>
#include <string>

#include "cloudcore/kube/client_config.h"
#include "common/base/units.h"

namespace skerry::kube {

inline constexpr auto kTokenFileReadInterval = 1min;  // as client-go: the kubelet rotates the file
inline constexpr std::size_t kTokenBytesMax = 64 * kKiB;

/// Owner: the HTTP client. Thread: its executor. Errors: a file that cannot be read keeps the token
/// that was read before, counted in failures().
class TokenSource {
 public:
  explicit TokenSource(const ClientConfig& config)
      : token_(config.token), file_(config.token_file) {}

  /// Empty: no token is sent.
  const std::string& current(TimePoint now);
  /// The API refused it: the next current() reads the file again.
  void refused() { read_at_ = TimePoint::min(); }
  std::uint64_t failures() const { return failures_; }

 private:
  std::string token_;
  std::filesystem::path file_;
  TimePoint read_at_ = TimePoint::min();
  std::uint64_t failures_ = 0;
};

}  // namespace skerry::kube

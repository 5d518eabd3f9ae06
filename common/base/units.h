// Every limit and timer of the product that both halves must agree on, with its source.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace skerry {

using namespace std::chrono_literals;

using TimePoint = std::chrono::steady_clock::time_point;  // for deadlines; never stored or sent
using WallTime = std::chrono::system_clock::time_point;   // for people, certificates and tokens
using Duration = std::chrono::steady_clock::duration;

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;

// The lane (design.md section 4).
inline constexpr std::uint16_t kDefaultHubPort = 10000;
inline constexpr std::size_t kFrameBytesMax = 16 * kKiB;   // one websocket message
inline constexpr std::size_t kMessageBytesMax = 4 * kMiB;  // one reassembled lane message
inline constexpr std::size_t kObjectBytesMax = 3 * kMiB;   // an object's JSON (etcd: 1.5 MiB)
inline constexpr std::size_t kJoinBytesMax = 64 * kKiB;    // messages before the certificate
inline constexpr std::size_t kJsonDepthMax = 64;
inline constexpr auto kEdgePingInterval = 10s;
inline constexpr auto kCloudPingInterval = 15s;
inline constexpr auto kPeerDeadAfter = 23s;  // since the last byte received on the socket
inline constexpr auto kRedialDelayMax = 4s;
inline constexpr auto kGoodbyeDelayMax = 30s;
inline constexpr std::size_t kReportsInFlightMax = 64;
inline constexpr std::size_t kUpsertBytesInFlightMax = 1 * kMiB;

// Leases and references.
inline constexpr auto kNodeLeaseRenewInterval = 15s;
inline constexpr auto kNodeLeaseDuration = 40s;  // kubelet's nodeLeaseDurationSeconds
inline constexpr auto kReferenceLinger = 5min;   // after the last pod that uses it is gone
inline constexpr auto kOfflineCredentialLease = std::chrono::hours(24 * 30);

// Certificates (design.md section 6).
inline constexpr auto kNodeCertificateLife = std::chrono::hours(24 * 30);
inline constexpr auto kCertificateBackdate = 1h;
inline constexpr auto kRenewAfterExpiryMax = std::chrono::hours(24 * 365);
inline constexpr auto kJoinTokenLifeMax = 24h;

}  // namespace skerry

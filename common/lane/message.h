// What cloud and edge say to each other: one closed set of messages, one type from encode to
// decode. Wire form: proto/lane.proto, written and read by codec.cc alone. Source: design.md
// section 4.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/hash.h"
#include "common/base/ids.h"
#include "common/base/units.h"
#include "common/k8s/object.h"

namespace skerry::lane {

using k8s::ContentVersion;
using k8s::ObjectKey;
using k8s::ObjectPtr;
using k8s::StatusHash;

inline constexpr std::uint32_t kProtocolVersion = 1;
inline constexpr std::size_t kBuckets = 16;
using Buckets = std::array<Digest, kBuckets>;  // by first nibble of SHA-256(key text)

// ---- before a certificate --------------------------------------------------------------------

/// First contact: a token buys a certificate. Repeating it with the same token and key gives the
/// same certificate.
struct JoinRequest {
  std::string token;  // "<id>.<secret>"
  NodeName node;
  std::string csr_pem;
  std::map<std::string, std::string> labels;  // wanted at the Node's creation
};
/// A new certificate for the same node; authenticated by the old one, also after its expiry.
struct RenewRequest {
  std::string csr_pem;
};
struct CertificateReply {
  std::string certificate_pem;  // leaf first, then the chain
  std::string ca_bundle_pem;    // what the edge trusts from now on
};

// ---- opening a session -----------------------------------------------------------------------

struct Hello {
  NodeName node;
  std::string agent_version;
  std::uint32_t protocol_min = kProtocolVersion;
  std::uint32_t protocol_max = kProtocolVersion;
  std::uint32_t cut_rules = k8s::kCutRulesVersion;
  StoreId store;
  BootId boot;
  ClusterId cluster;  // empty: a store that has not seen one
  Buckets content;    // over (key, uid, content version) as durably stored, refused ones included
  Digest status;      // over (key, uid, status hash)
  std::map<k8s::Kind, ResourceVersion> seen;  // highest per kind
  Digest ca_bundle;   // digest() of the PEM text it trusts, as it was sent; zero: not told
};

/// The digests differ: list these buckets, and the status hashes if asked.
struct Compare {
  std::uint16_t buckets = 0;  // bit i: bucket i
  bool status = false;
};
struct ContentEntry {
  ObjectKey key;
  Uid uid;
  ContentVersion version;
};
struct StatusEntry {
  ObjectKey key;
  Uid uid;
  StatusHash hash;
};
struct Listing {
  std::vector<ContentEntry> content;
  std::vector<StatusEntry> status;
};

struct Welcome {
  Epoch epoch;
  bool in_sync = false;
  ClusterId cluster;
  bool foreign_cluster = false;  // the edge keeps what runs; nothing is sent or removed
};

/// The cloud ends the session or refuses to open one.
enum class GoodbyeCode : std::uint8_t {
  kNotReady,   // lists not whole yet: come back after retry_after
  kReplaced,   // a newer session of the same store
  kDuplicate,  // another store of this name is connected
  kRevoked,    // certificate on the deny list
  kNodeGone,   // the Node was deleted: `edgecore join` brings it back
  kProtocol,   // a frame that breaks the rules; reason says which
  kShutdown,   // this cloudcore goes down
};
struct Goodbye {
  GoodbyeCode code = GoodbyeCode::kShutdown;
  std::string reason;
  std::chrono::milliseconds retry_after{};
};

// ---- downstream ------------------------------------------------------------------------------

struct Upsert {
  Seq seq;
  ObjectPtr object;
  std::optional<std::string> status_seed;  // JSON; with the first Upsert of a pod uid to this store
};
enum class RemoveReason : std::uint8_t { kDeleted, kUnneeded };
struct Remove {
  Seq seq;
  ObjectKey key;
  Uid uid;
  RemoveReason reason = RemoveReason::kDeleted;
};
/// The API's status of these objects is not what the edge said last.
struct ReportAgain {
  ObjectKey key;
  Uid uid;
};

/// Which service-account token: the projected volume source it is for.
struct TokenSlot {
  Uid pod;
  std::string volume;  // spec.volumes[].name
  std::string path;    // projected source's path, "token" by default
  friend auto operator<=>(const TokenSlot&, const TokenSlot&) = default;
};
struct TokenQuery {
  std::uint64_t query = 0;  // answered by a TokenGrant with the same number
  ObjectKey pod;
  TokenSlot slot;
};
struct TokenGrant {
  std::uint64_t query = 0;  // 0: sent along with the pod
  TokenSlot slot;
  std::string token;  // empty: refused, see error
  WallTime issued{};
  WallTime expires{};  // status.expirationTimestamp, what renewal goes by
  std::string error;
};

/// What the edge trusts from now on. Answered by CaBundleHeld when it is durable.
struct CaBundle {
  std::string pem;
};

// ---- upstream --------------------------------------------------------------------------------

struct Ack {
  Seq seq;  // cumulative: everything up to here is durable
};
struct Nack {
  Seq seq;
  std::string code;  // "Malformed", "Unsupported", "TooLarge"
  std::string reason;
};

/// The edge holds this CA bundle durably: the digest() of its PEM text.
struct CaBundleHeld {
  Digest digest;
};

enum class ReportKind : std::uint8_t {
  kNodeStatus,  // body: {"registration": Node?, "status": NodeStatus}
  kPodStatus,   // body: PodStatus
  kEvent,       // body: Event without name, filled in by the cloud
  kFinalised,   // nothing of this pod uid is left at the edge; body empty
  kCount,
};
struct Report {
  ReportSeq seq;
  ReportKind kind = ReportKind::kPodStatus;
  ObjectKey key;
  Uid uid;
  std::uint64_t revision = 0;  // per (kind, key, uid): the cloud drops a lower one
  std::string body;            // JSON
};

enum class Verdict : std::uint8_t { kOk, kRefused, kRetry };
struct ReportVerdict {
  ReportSeq seq;
  Verdict verdict = Verdict::kOk;
  std::string code;  // for kRefused: why
};
struct ReportAck {
  std::vector<ReportVerdict> verdicts;
};

struct Ping {};
/// A word this version does not know: counted, answered by nothing, never fatal.
struct Unhandled {
  std::uint32_t field = 0;
};

using Message = std::variant<JoinRequest,
                             RenewRequest,
                             CertificateReply,
                             Hello,
                             Compare,
                             Listing,
                             Welcome,
                             Goodbye,
                             Upsert,
                             Remove,
                             ReportAgain,
                             TokenQuery,
                             TokenGrant,
                             CaBundle,
                             Ack,
                             Nack,
                             Report,
                             ReportAck,
                             Ping,
                             CaBundleHeld,
                             Unhandled>;

/// Priority on the wire, best first.
enum class Class : std::uint8_t { kControl, kObjects, kStreams, kBulk, kCount };
Class class_of(const Message& message);

}  // namespace skerry::lane

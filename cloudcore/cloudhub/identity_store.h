// Where identities rest: small records in namespace skerry-system, changed only by compare-and-set,
// so that two cloudcores, or a command and a cloudcore, never both win. Source: design.md
// section 6. Implementations: identity_kube_store.h (Secrets), and the fake in tests/support, which
// passes the same contract test.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/async/task.h"
#include "common/base/result.h"

namespace skerry::cloudhub {

inline constexpr std::string_view kIdentityNamespace = "skerry-system";
inline constexpr std::size_t kRecordBytesMax =
    std::size_t{900} * 1024;  // etcd takes 1.5 MiB with base64 and all

enum class RecordKind : std::uint8_t { kCa, kJoinToken, kNodeIdentity, kDenyList, kCount };
/// Value of label skerry.io/record and end of the Secret's type.
std::string_view to_string(RecordKind kind);

struct Record {
  RecordKind kind = RecordKind::kJoinToken;
  std::string name;
  std::map<std::string, std::string> data;  // raw bytes
  std::string resource_version;             // opaque; empty: not stored yet
};

/// Owner: App. Thread: the control loop. Every call has its own deadline.
/// Errors besides the named ones: kUnavailable, kTimeout, kForbidden, ... as the store answers.
class IdentityStore {
 public:
  virtual ~IdentityStore() = default;
  /// Errors: kNotFound; kMalformed (it is there but cannot be read).
  virtual async::Task<Result<Record>> get(std::string name) = 0;
  virtual async::Task<Result<std::vector<Record>>> list(RecordKind kind) = 0;
  /// Answers the record with its resource version. Errors: kAlreadyExists, kTooLarge.
  virtual async::Task<Result<Record>> create(Record record) = 0;
  /// Only while the stored one has record.resource_version. Errors: kConflict, kNotFound,
  /// kTooLarge.
  virtual async::Task<Result<Record>> replace(Record record) = 0;
  /// Gone afterwards; kNotFound when it was not there.
  virtual async::Task<Result<void>> remove(std::string name) = 0;
};

}  // namespace skerry::cloudhub

// What edged remembers of a pod uid besides its spec: the JSON of metamanager::PodState.json.
// It makes restart counts, ends and the terminal phase outlive the runtime's own state, so that a
// finished Job is not run again after a reboot. Values; pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "edgecore/edged/actual_pod.h"
#include "edgecore/edged/crash_backoff.h"

namespace skerry::edged {

/// How a container ended: state.terminated of its status.
struct ContainerEnd {
  std::string container_id;
  int exit_code = 0;
  std::string reason;  // Completed, Error, OOMKilled, ContainerStatusUnknown, ...
  std::string message;
  WallTime started{};
  WallTime finished{};
  friend bool operator==(const ContainerEnd&, const ContainerEnd&) = default;
};

struct ContainerRecord {
  std::uint32_t attempt = 0;  // of the newest container: restartCount
  std::string id;             // of the newest container; empty: never created
  bool seen_running = false;  // the newest one was started
  WallTime started{};
  std::optional<ContainerEnd> end;       // the newest one's, once it ended
  std::optional<ContainerEnd> last_end;  // of the one before: lastState
  CrashBackoff backoff;
  std::string image;
  std::string image_ref;
  bool probe_started = false;  // what the last status said, for adoption
  bool probe_ready = false;
  friend bool operator==(const ContainerRecord&, const ContainerRecord&) = default;
};

struct ConditionRecord {
  std::string status;  // "True", "False"
  std::string reason;
  std::string message;
  WallTime transition{};
  friend bool operator==(const ConditionRecord&, const ConditionRecord&) = default;
};

struct PodRecord {
  std::optional<WallTime> start_time;
  std::string terminal_phase;  // "Succeeded" or "Failed": never started again
  std::string reason;          // of the pod: DeadlineExceeded, Evicted
  std::string message;
  std::vector<std::string> pod_ips;  // of the newest sandbox that was ready
  bool finalised = false;  // its end was reported; the row waits for the cloud's Remove
  std::map<std::string, ContainerRecord> containers;
  std::map<std::string, ConditionRecord> conditions;
  std::string status_hash;  // hex of the last reported projection; empty: none
  friend bool operator==(const PodRecord&, const PodRecord&) = default;

  bool terminal() const { return !terminal_phase.empty(); }
  const ContainerRecord* container(const std::string& name) const;
};

std::string encode_pod_record(const PodRecord& record);
/// Errors: kMalformed. A record of a newer release keeps what this one knows.
Result<PodRecord> decode_pod_record(std::string_view json);

/// A first record from the API's status (design.md section 3, status_seed): phase, startTime,
/// restart counts and ends. Errors: kMalformed.
Result<PodRecord> record_from_seed(std::string_view status_json);

/// Takes over what the runtime shows: attempts, ends. A container that ran and is gone from the
/// runtime ended as ContainerStatusUnknown with 137, as a kubelet reports it.
void absorb(PodRecord& record, const ActualPod& actual, WallTime now);

/// As above for one container's end.
ContainerEnd end_of(const ActualContainer& container);

}  // namespace skerry::edged

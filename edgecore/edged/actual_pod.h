// What the runtime has of one pod: the other half of what plan_pod() compares. Values; filled by
// actual_state.cc from CRI.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"
#include "common/base/units.h"

namespace skerry::edged {

enum class ContainerState : std::uint8_t { kCreated, kRunning, kExited, kUnknown };

struct ActualContainer {
  std::string id;
  std::string name;
  std::string sandbox_id;
  std::uint32_t attempt = 0;  // status.containerStatuses[].restartCount
  ContainerState state = ContainerState::kUnknown;
  std::string hash;       // annotation io.kubernetes.container.hash
  std::string image;      // as the runtime names it
  std::string image_ref;  // status.containerStatuses[].imageID
  WallTime created{};
  WallTime started{};
  WallTime finished{};
  int exit_code = 0;
  std::string reason;
  std::string message;
  std::string message_path;  // of the termination message on the host; empty: none
  std::string log_path;
  int pid = 0;         // while running; 0: not known
  bool known = false;  // times and exit code are read (ContainerStatus), not just listed
};

struct ActualSandbox {
  std::string id;
  std::uint32_t attempt = 0;
  bool ready = false;
  bool released = false;  // this edgecore has stopped it: its network is free
  bool host_network = false;
  WallTime created{};
  std::vector<std::string> ips;
};

struct ActualPod {
  std::vector<ActualSandbox> sandboxes;     // newest first
  std::vector<ActualContainer> containers;  // newest first

  const ActualSandbox* sandbox() const { return sandboxes.empty() ? nullptr : &sandboxes.front(); }
  /// The newest of that name in any sandbox; null: none.
  const ActualContainer* newest(std::string_view name) const;
  /// The newest of that name in this sandbox.
  const ActualContainer* in_sandbox(std::string_view name, std::string_view sandbox_id) const;
  ActualContainer* find(std::string_view id);
  bool anything_runs() const;
};

}  // namespace skerry::edged

// Runs the probes of the containers that run, and says what they came to.
//
//   Prober prober(executor, world, exec, listener);
//   prober.watch({pod, "app", container_id, pod_ip, started_at, adopted});   // container is
//   running prober.health(container_id)   // ready / started / liveness, for the pod's status
//   prober.pod_is_ending(uid)     // deletion began: liveness and startup stop, readiness goes on
//   prober.forget(container_id)   // container is gone
//   co_await prober.stop();
//
// Source: kubelet 1.34, pkg/kubelet/prober. Not done: grpc (kUnsupported, said once by an event),
// names as probe hosts (addresses and localhost only), redirects are not followed (3xx counts as
// success with a ProbeWarning event).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/async/task.h"
#include "common/seam/world.h"
#include "edgecore/edged/pod_spec.h"
#include "edgecore/edged/probe_state.h"

namespace skerry::edged {

/// CRI ExecSync, as a probe needs it.
class ExecProbe {
 public:
  struct Outcome {
    int exit_code = 0;
    std::string output;  // stdout, then stderr; at most kProbeReplyBytesMax are used
  };
  virtual ~ExecProbe() = default;
  /// Errors: kTimeout counts as a failed probe, any other is thrown away.
  virtual async::Task<Result<Outcome>> run(std::string container_id,
                                           std::vector<std::string> command,
                                           Duration timeout) = 0;
};

/// What the pod's status says of a running container.
struct ContainerHealth {
  bool started = true;                       // no startup probe, or it succeeded
  bool ready = true;                         // started, and no readiness probe or it succeeded
  bool must_restart = false;                 // liveness failed, or startup failed for good
  std::string reason;                        // "Liveness" or "Startup" when must_restart
  std::optional<Seconds> termination_grace;  // of the probe that failed, if it has its own
  friend bool operator==(const ContainerHealth&, const ContainerHealth&) = default;
};

struct ProbeTarget {
  PodPtr pod;
  std::string container;  // name
  std::string container_id;
  std::string pod_ip;
  WallTime started_at{};  // of this container, from CRI
  /// Set when the container ran before this edgecore did: what the pod's last status said.
  struct Adopted {
    bool started = false;
    bool ready = false;
  };
  std::optional<Adopted> adopted;
};

/// How often each kind of probe ("Liveness"...) had each result ("successful"...).
using ProbeCounts = std::map<std::pair<std::string, std::string>, std::uint64_t>;

/// What the prober calls, on the loop.
struct ProbeListener {
  /// health(container_id) is different now.
  std::function<void(const Uid& pod, const std::string& container_id)> on_health;
  /// Warning events: reason "Unhealthy" or "ProbeWarning", message as the kubelet writes it.
  std::function<void(const PodPtr& pod,
                     const std::string& container,
                     const std::string& reason,
                     const std::string& message)>
      on_event;
};

/// Owner: Edged. Thread: the executor's loop.
class Prober {
 public:
  Prober(async::Executor executor, seam::World world, ExecProbe& exec, ProbeListener listener);
  ~Prober();  // stop() has ended before
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  /// Repeating it for a watched container changes nothing.
  void watch(ProbeTarget target);
  void forget(const std::string& container_id);
  void pod_is_ending(const Uid& pod);
  /// Of a container that is not watched: healthy.
  ContainerHealth health(const std::string& container_id) const;
  std::size_t watched() const;
  const ProbeCounts& counts() const;
  async::Task<void> stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace skerry::edged

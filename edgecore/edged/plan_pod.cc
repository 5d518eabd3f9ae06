#include "edgecore/edged/plan_pod.h"

#include <algorithm>

namespace skerry::edged {
namespace {

using State = ContainerState;

/// One run of plan_pod(): collects actions.
class Planner {
 public:
  explicit Planner(const PlanInputs& inputs) : in_(inputs) {}

  PodPlan plan() {
    if (in_.terminate) return end_everything(RemovePod{});
    if (in_.record.terminal()) return end_everything(std::nullopt);
    if (over_deadline()) {
      return end_everything(
          FinishPod{"Failed", "DeadlineExceeded",
                    "Pod was active on the node longer than the specified deadline"});
    }
    if (const auto phase = finished_phase(in_.pod, in_.record)) {
      return end_everything(FinishPod{*phase, "", ""});
    }
    const ActualSandbox* sandbox = usable_sandbox();
    if (sandbox == nullptr) return new_sandbox();
    drop_strays(sandbox->id);
    plan_init(*sandbox);
    return std::move(plan_);
  }

 private:
  // ---- ending: containers, then sidecars last to first, then sandboxes -------------------------

  PodPlan end_everything(std::optional<PodAction> last) {
    const Seconds grace = grace_of(in_.pod);
    if (kill_running(grace, false) || kill_running(grace, true)) return std::move(plan_);
    stop_sandboxes();
    if (last) plan_.actions.push_back(std::move(*last));
    return std::move(plan_);
  }

  /// Also those that died by themselves: only a stop releases their network.
  void stop_sandboxes() {
    for (const ActualSandbox& sandbox : in_.actual.sandboxes) {
      if (sandbox.ready || !sandbox.released) plan_.actions.push_back(StopSandbox{sandbox.id});
    }
  }

  /// Of the sidecars only the last that runs is killed at a time. True: something still runs.
  bool kill_running(Seconds grace, bool sidecars) {
    const KillContainer* last = nullptr;
    std::vector<KillContainer> kills;
    for (const ActualContainer& container : in_.actual.containers) {
      if (container.state != State::kRunning && container.state != State::kUnknown) continue;
      const ContainerSpec* spec = in_.pod.container(container.name);
      if ((spec != nullptr && spec->sidecar) != sidecars) continue;
      kills.push_back({container.id, container.name, grace, stopping(container.name)});
    }
    if (kills.empty()) return false;
    if (sidecars) {
      for (const ContainerSpec& spec : in_.pod.init_containers) {
        for (const KillContainer& kill : kills) {
          if (kill.name == spec.name) last = &kill;
        }
      }
      plan_.actions.push_back(*last);
      return true;
    }
    plan_.actions.insert(plan_.actions.end(), kills.begin(), kills.end());
    return true;
  }

  static std::string stopping(const std::string& name) { return "Stopping container " + name; }

  bool over_deadline() {
    if (!in_.pod.active_deadline || !in_.record.start_time) return false;
    const WallTime deadline = *in_.record.start_time + *in_.pod.active_deadline;
    if (in_.now >= deadline) return true;
    again_at(deadline);
    return false;
  }

  // ---- sandbox -------------------------------------------------------------------------------

  const ActualSandbox* usable_sandbox() const {
    const ActualSandbox* sandbox = in_.actual.sandbox();
    if (sandbox == nullptr || !sandbox->ready) return nullptr;
    if (sandbox->host_network != in_.pod.host_network) return nullptr;
    return sandbox;
  }

  /// What still runs without a usable sandbox ends first.
  PodPlan new_sandbox() {
    const Seconds grace = in_.pod.termination_grace;
    if (kill_running(grace, false) || kill_running(grace, true)) return std::move(plan_);
    stop_sandboxes();
    const ActualSandbox* last = in_.actual.sandbox();
    // A pod that only waits for its backoff needs no network meanwhile.
    if (last != nullptr && !something_may_start()) return std::move(plan_);
    plan_.actions.push_back(CreateSandbox{last == nullptr ? 0 : last->attempt + 1});
    return std::move(plan_);
  }

  bool something_may_start() {
    bool may = !in_.pod.init_containers.empty();
    for (const ContainerSpec& container : in_.pod.containers) {
      const ContainerEnd* end = current_end(in_.record, container.name);
      if (end != nullptr && !may_restart(in_.pod.restart_policy, *end)) continue;
      if (end == nullptr || !crash_looping(container.name, *end)) may = true;
    }
    return may;
  }

  /// Containers of an older sandbox that still run; created ones that never started.
  void drop_strays(const std::string& sandbox_id) {
    for (const ActualContainer& container : in_.actual.containers) {
      const bool stray = container.sandbox_id != sandbox_id && container.state == State::kRunning;
      if (stray) {
        plan_.actions.push_back(KillContainer{container.id, container.name,
                                              in_.pod.termination_grace, stopping(container.name)});
      }
      if (container.state == State::kCreated)
        plan_.actions.push_back(RemoveContainer{container.id});
    }
  }

  // ---- init containers, in order ---------------------------------------------------------------

  void plan_init(const ActualSandbox& sandbox) {
    const bool initialized = any_regular_in(sandbox.id);
    for (const ContainerSpec& container : in_.pod.init_containers) {
      const ActualContainer* have = in_.actual.in_sandbox(container.name, sandbox.id);
      if (container.sidecar) {
        plan_container(container, have);
        if (!initialized && !is_started(container, have)) return;
        continue;
      }
      if (initialized) continue;
      if (have == nullptr || have->state == State::kCreated) return start(container);
      if (have->state == State::kUnknown) return kill_unknown(*have);
      if (have->state != State::kExited) return;  // runs: the next one waits
      const ContainerEnd* end = current_end(in_.record, container.name);
      if (end == nullptr || end->exit_code == 0) continue;
      return restart_init(container, *end);
    }
    for (const ContainerSpec& container : in_.pod.containers) {
      plan_container(container, in_.actual.in_sandbox(container.name, sandbox.id));
    }
  }

  bool any_regular_in(const std::string& sandbox_id) const {
    return std::any_of(in_.pod.containers.begin(), in_.pod.containers.end(),
                       [&](const ContainerSpec& container) {
                         const auto* have = in_.actual.in_sandbox(container.name, sandbox_id);
                         return have != nullptr && have->state != State::kCreated;
                       });
  }

  bool is_started(const ContainerSpec& container, const ActualContainer* have) const {
    if (have == nullptr || have->state != State::kRunning) return false;
    const auto verdict = in_.probes.find(container.name);
    return verdict == in_.probes.end() || verdict->second.started;
  }

  void restart_init(const ContainerSpec& container, const ContainerEnd& end) {
    if (in_.pod.restart_policy == RestartPolicy::kNever) return;  // finished_phase() says Failed
    if (!crash_looping(container.name, end)) start(container);
  }

  // ---- regular containers and sidecars ---------------------------------------------------------

  void plan_container(const ContainerSpec& container, const ActualContainer* have) {
    if (have != nullptr && have->state == State::kRunning) return plan_running(container, *have);
    if (have != nullptr && have->state == State::kUnknown) return kill_unknown(*have);
    const RestartPolicy policy =
        container.sidecar ? RestartPolicy::kAlways : in_.pod.restart_policy;
    const ContainerEnd* end = current_end(in_.record, container.name);
    if (end == nullptr) return start(container);
    if (!may_restart(policy, *end)) return;
    if (!crash_looping(container.name, *end)) start(container);
  }

  /// Whether it runs nobody knows: it is ended before another one may start.
  void kill_unknown(const ActualContainer& have) {
    plan_.actions.push_back(
        KillContainer{have.id, have.name, in_.pod.termination_grace,
                      "Container is in \"unknown\" state, try killing it before restart"});
  }

  void plan_running(const ContainerSpec& container, const ActualContainer& have) {
    const std::string subject = "Container " + container.name;
    if (!have.hash.empty() && have.hash != container.hash) {
      plan_.actions.push_back(KillContainer{have.id, have.name, in_.pod.termination_grace,
                                            subject + " definition changed, will be restarted"});
      return;
    }
    const auto verdict = in_.probes.find(container.name);
    if (verdict == in_.probes.end() || !verdict->second.must_restart) return;
    const bool again = container.sidecar || in_.pod.restart_policy != RestartPolicy::kNever;
    const std::string probe = verdict->second.probe == "Startup" ? "startup" : "liveness";
    plan_.actions.push_back(KillContainer{
        have.id, have.name, verdict->second.termination_grace.value_or(in_.pod.termination_grace),
        subject + " failed " + probe + " probe" + (again ? ", will be restarted" : "")});
  }

  void start(const ContainerSpec& container) {
    const ContainerRecord* record = in_.record.container(container.name);
    const bool ran =
        record != nullptr && !record->id.empty() && (record->seen_running || record->end);
    plan_.actions.push_back(StartContainer{container.name, ran      ? record->attempt + 1
                                                           : record ? record->attempt
                                                                    : 0});
  }

  bool crash_looping(const std::string& name, const ContainerEnd& end) {
    const ContainerRecord* record = in_.record.container(name);
    if (record == nullptr) return false;
    const auto until = record->backoff.blocked_until(end.finished, in_.now);
    if (!until) return false;
    plan_.crash_looping.insert(name);
    again_at(*until);
    return true;
  }

  void again_at(WallTime time) {
    if (!plan_.again_at || time < *plan_.again_at) plan_.again_at = time;
  }

  const PlanInputs& in_;
  PodPlan plan_;
};

}  // namespace

PodPlan plan_pod(const PlanInputs& inputs) { return Planner(inputs).plan(); }

Seconds grace_of(const PodSpec& pod) {
  return std::max(Seconds(0), pod.deletion_grace.value_or(pod.termination_grace));
}

const ContainerEnd* current_end(const PodRecord& record, const std::string& name) {
  const ContainerRecord* container = record.container(name);
  return container == nullptr || !container->end ? nullptr : &*container->end;
}

bool may_restart(RestartPolicy policy, const ContainerEnd& end) {
  if (policy == RestartPolicy::kAlways) return true;
  return policy == RestartPolicy::kOnFailure && end.exit_code != 0;
}

std::optional<std::string> finished_phase(const PodSpec& pod, const PodRecord& record) {
  if (pod.restart_policy == RestartPolicy::kNever) {
    for (const ContainerSpec& container : pod.init_containers) {
      const ContainerEnd* end = current_end(record, container.name);
      if (!container.sidecar && end != nullptr && end->exit_code != 0) return "Failed";
    }
  }
  bool failed = false;
  for (const ContainerSpec& container : pod.containers) {
    const ContainerEnd* end = current_end(record, container.name);
    if (end == nullptr || may_restart(pod.restart_policy, *end)) return std::nullopt;
    failed = failed || end->exit_code != 0;
  }
  return failed ? "Failed" : "Succeeded";
}

}  // namespace skerry::edged

// A pod's row: the word for its state, its ready containers, its restarts.
#include <algorithm>

#include "cloudcore/standalone/printing/cells.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

struct Restarts {
  std::int64_t count = 0;
  std::string last;  // RFC 3339 in UTC, so texts compare as times do; empty: never

  void add(const json& container) {
    count += cell::count(container, "restartCount");
    const json& before = fields::object(fields::object(container, "lastState"), "terminated");
    last = std::max(last, fields::text(before, "finishedAt"));
  }
};

struct PodView {
  std::string word;
  std::int64_t total = 0;
  std::int64_t ready = 0;
  Restarts restarts;
  Restarts sidecar_restarts;  // restartable init containers alone
  bool initializing = false;
};

bool is_sidecar(const json& pod, const std::string& name) {
  for (const json& each : fields::list(cell::spec(pod), "initContainers")) {
    if (fields::text(each, "name") == name) return fields::text(each, "restartPolicy") == "Always";
  }
  return false;
}

std::string exit_word(const json& terminated) {
  const std::int64_t signal = cell::count(terminated, "signal");
  if (signal != 0) return "Signal:" + std::to_string(signal);
  return "ExitCode:" + std::to_string(cell::count(terminated, "exitCode"));
}

/// What the pod waits for when this init container is not done; empty: it is done or serves.
std::string init_word(const json& status, bool sidecar, const std::string& progress) {
  const json& state = fields::object(status, "state");
  const json& terminated = fields::at(state, "terminated");
  if (terminated.is_object() && cell::count(terminated, "exitCode") == 0) return {};
  if (sidecar && fields::flag(status, "started")) return {};
  if (terminated.is_object()) {
    const std::string reason = fields::text(terminated, "reason");
    return "Init:" + (reason.empty() ? exit_word(terminated) : reason);
  }
  const std::string waiting = fields::text(fields::object(state, "waiting"), "reason");
  if (!waiting.empty() && waiting != "PodInitializing") return "Init:" + waiting;
  return "Init:" + progress;
}

void look_at_init_containers(const json& pod, PodView& view) {
  const json& specs = fields::list(cell::spec(pod), "initContainers");
  for (const json& each : specs) view.total += fields::text(each, "restartPolicy") == "Always";
  std::size_t index = 0;
  for (const json& status : fields::list(cell::status(pod), "initContainerStatuses")) {
    const bool sidecar = is_sidecar(pod, fields::text(status, "name"));
    view.restarts.add(status);
    if (sidecar) view.sidecar_restarts.add(status);
    const std::string word =
        init_word(status, sidecar, std::to_string(index++) + "/" + std::to_string(specs.size()));
    if (!word.empty()) {
      view.word = word;
      view.initializing = true;
      return;
    }
    const bool ended = fields::at(fields::object(status, "state"), "terminated").is_object();
    if (sidecar && !ended && fields::flag(status, "ready")) ++view.ready;
  }
}

void look_at_containers(const json& pod, PodView& view) {
  view.restarts = view.sidecar_restarts;
  bool runs = false;
  const json& statuses = fields::list(cell::status(pod), "containerStatuses");
  for (auto each = statuses.rbegin(); each != statuses.rend(); ++each) {
    view.restarts.add(*each);
    const json& state = fields::object(*each, "state");
    const json& terminated = fields::at(state, "terminated");
    const std::string waiting = fields::text(fields::object(state, "waiting"), "reason");
    if (!waiting.empty()) {
      view.word = waiting;
    } else if (terminated.is_object()) {
      const std::string reason = fields::text(terminated, "reason");
      view.word = reason.empty() ? exit_word(terminated) : reason;
    } else if (fields::flag(*each, "ready") && fields::at(state, "running").is_object()) {
      runs = true;
      ++view.ready;
    }
  }
  if (view.word != "Completed" || !runs) return;
  view.word = cell::condition(pod, "Ready") == "True" ? "Running" : "NotReady";
}

PodView view_of(const json& pod) {
  PodView view;
  const json& status = cell::status(pod);
  const std::string phase = fields::text(status, "phase");
  const std::string reason = fields::text(status, "reason");
  view.word = reason.empty() ? phase : reason;
  for (const json& each : fields::list(status, "conditions")) {
    const bool gated = fields::text(each, "reason") == "SchedulingGated";
    if (gated && fields::text(each, "type") == "PodScheduled") view.word = "SchedulingGated";
  }
  view.total = static_cast<std::int64_t>(fields::list(cell::spec(pod), "containers").size());
  look_at_init_containers(pod, view);
  if (!view.initializing || cell::condition(pod, "Initialized") == "True") {
    look_at_containers(pod, view);
  }
  if (fields::text(cell::metadata(pod), "deletionTimestamp").empty()) return view;
  if (reason == "NodeLost") {
    view.word = "Unknown";
  } else if (phase != "Succeeded" && phase != "Failed") {
    view.word = "Terminating";
  }
  return view;
}

std::string restarts_text(const Restarts& restarts, WallTime now) {
  std::string out = std::to_string(restarts.count);
  if (restarts.count != 0 && !restarts.last.empty()) {
    out += " (" + human_age(restarts.last, now) + " ago)";
  }
  return out;
}

std::string readiness_gates(const json& pod) {
  const json& gates = fields::list(cell::spec(pod), "readinessGates");
  if (gates.empty()) return "<none>";
  std::size_t open = 0;
  for (const json& each : gates) {
    open += cell::condition(pod, fields::text(each, "conditionType")) == "True";
  }
  return std::to_string(open) + "/" + std::to_string(gates.size());
}

}  // namespace

Cells pod_cells(const json& pod, WallTime now) {
  const PodView view = view_of(pod);
  const json& ips = fields::list(cell::status(pod), "podIPs");
  const std::string ip = ips.empty() ? std::string() : fields::text(ips[0], "ip");
  Cells out = Cells::array();
  out.push_back(cell::name(pod));
  out.push_back(std::to_string(view.ready) + "/" + std::to_string(view.total));
  out.push_back(view.word);
  out.push_back(restarts_text(view.restarts, now));
  out.push_back(cell::age(pod, now));
  out.push_back(cell::or_none(ip));
  out.push_back(cell::or_none(fields::text(cell::spec(pod), "nodeName")));
  out.push_back(cell::or_none(fields::text(cell::status(pod), "nominatedNodeName")));
  out.push_back(readiness_gates(pod));
  return out;
}

}  // namespace skerry::standalone

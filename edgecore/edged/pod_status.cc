#include "edgecore/edged/pod_status.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/k8s/time.h"

namespace skerry::edged {
namespace {

using Json = nlohmann::json;

constexpr const char* kPodCompleted = "PodCompleted";

/// One container as the status shows it, before it becomes JSON.
struct View {
  const ContainerSpec* spec = nullptr;
  const ContainerRecord* record = nullptr;
  const ContainerEnd* end = nullptr;  // state.terminated
  bool running = false;
  bool started = false;
  bool ready = false;
  std::optional<Waiting> waiting;

  bool succeeded() const { return end != nullptr && end->exit_code == 0; }
  bool has_last_end() const {
    return record != nullptr && (record->last_end || (waiting && record->end));
  }
};

// ---- views -----------------------------------------------------------------------------------

const ActualContainer* running_now(const ActualPod& actual, const std::string& name) {
  const ActualContainer* newest = actual.newest(name);
  return newest != nullptr && newest->state == ContainerState::kRunning ? newest : nullptr;
}

ProbeVerdict verdict_of(const ProbeVerdicts& probes, const std::string& name) {
  const auto found = probes.find(name);
  return found == probes.end() ? ProbeVerdict{} : found->second;
}

Waiting default_waiting(const StatusInputs& in, const ContainerSpec& spec) {
  const bool waits_for_init = !spec.init && !in.pod.init_containers.empty();
  return {waits_for_init ? "PodInitializing" : "ContainerCreating", ""};
}

View view_of(const StatusInputs& in, const ContainerSpec& spec) {
  View view;
  view.spec = &spec;
  view.record = in.record.container(spec.name);
  const auto waits = in.waiting.find(spec.name);
  if (running_now(in.actual, spec.name) != nullptr) {
    const ProbeVerdict verdict = verdict_of(in.probes, spec.name);
    view.running = true;
    view.started = verdict.started;
    view.ready = verdict.started && verdict.ready && (!spec.init || spec.sidecar);
    return view;
  }
  if (waits != in.waiting.end() && !in.record.terminal()) {
    view.waiting = waits->second;
    return view;
  }
  view.end = current_end(in.record, spec.name);
  if (view.end == nullptr) view.waiting = default_waiting(in, spec);
  view.ready = spec.init && view.succeeded();
  return view;
}

std::vector<View> views_of(const StatusInputs& in, const std::vector<ContainerSpec>& specs) {
  std::vector<View> views;
  for (const ContainerSpec& spec : specs) views.push_back(view_of(in, spec));
  return views;
}

// ---- JSON of one container -------------------------------------------------------------------

void put_time(Json& json, const char* key, WallTime time) {
  json[key] = time == WallTime{} ? Json(nullptr) : Json(k8s::format_time(time));
}

std::string runtime_id(const std::string& id) { return id.empty() ? "" : "containerd://" + id; }

Json terminated_json(const ContainerEnd& end) {
  Json json = {{"exitCode", end.exit_code}, {"reason", end.reason}};
  if (!end.message.empty()) json["message"] = end.message;
  put_time(json, "startedAt", end.started);
  put_time(json, "finishedAt", end.finished);
  if (!end.container_id.empty()) json["containerID"] = runtime_id(end.container_id);
  return json;
}

Json state_json(const View& view) {
  if (view.running) {
    Json running = Json::object();
    put_time(running, "startedAt", view.record == nullptr ? WallTime{} : view.record->started);
    return {{"running", running}};
  }
  if (view.end != nullptr) return {{"terminated", terminated_json(*view.end)}};
  Json waiting = {{"reason", view.waiting->reason}};
  if (!view.waiting->message.empty()) waiting["message"] = view.waiting->message;
  return {{"waiting", waiting}};
}

/// While a container waits, its newest end is the last state; else the end before that.
Json last_state_json(const View& view) {
  if (view.record == nullptr) return Json::object();
  const auto& end = view.waiting && view.record->end ? view.record->end : view.record->last_end;
  if (!end) return Json::object();
  return {{"terminated", terminated_json(*end)}};
}

Json container_json(const View& view) {
  const ContainerRecord empty;
  const ContainerRecord& record = view.record == nullptr ? empty : *view.record;
  Json json = {{"name", view.spec->name},
               {"state", state_json(view)},
               {"lastState", last_state_json(view)},
               {"ready", view.ready},
               {"restartCount", record.attempt},
               {"image", record.image.empty() ? view.spec->image : record.image},
               {"imageID", record.image_ref},
               {"started", view.started}};
  if (!record.id.empty()) json["containerID"] = runtime_id(record.id);
  return json;
}

/// Init containers in their order, the others by name, as a kubelet lists them.
Json container_list(std::vector<View> views) {
  std::stable_sort(views.begin(), views.end(), [](const View& a, const View& b) {
    return !a.spec->init && !b.spec->init && a.spec->name < b.spec->name;
  });
  Json list = Json::array();
  for (const View& view : views) list.push_back(container_json(view));
  return list;
}

// ---- phase -----------------------------------------------------------------------------------

bool init_done(const View& view) {
  return view.spec->sidecar ? view.started || view.end != nullptr : view.succeeded();
}

std::string phase_of(const StatusInputs& in,
                     const std::vector<View>& init,
                     const std::vector<View>& regular) {
  if (in.record.terminal()) return in.record.terminal_phase;
  const bool regular_ran = std::any_of(regular.begin(), regular.end(), [](const View& view) {
    return view.running || view.end != nullptr || view.has_last_end();
  });
  const bool initialised = std::all_of(init.begin(), init.end(), init_done);
  if (!initialised && !regular_ran) return "Pending";
  std::size_t running = 0;
  std::size_t stopped = 0;
  for (const View& view : regular) {
    if (view.running)
      ++running;
    else if (view.end != nullptr || view.has_last_end())
      ++stopped;
    else
      return "Pending";  // waits and never ran
  }
  // All ended, and not terminal: edged restarts them or is about to say so.
  return running + stopped > 0 ? "Running" : "Pending";
}

// ---- conditions ------------------------------------------------------------------------------

ConditionRecord condition(bool holds, std::string reason = "", std::string message = "") {
  return {holds ? "True" : "False", std::move(reason), std::move(message), {}};
}

std::string bracketed(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const std::string& name : names) out += (out.size() > 1 ? " " : "") + name;
  return out + "]";
}

ConditionRecord initialized(const std::string& phase, const std::vector<View>& init) {
  if (phase == "Succeeded") return condition(true, kPodCompleted);
  std::vector<std::string> incomplete;
  for (const View& view : init) {
    if (!init_done(view)) incomplete.push_back(view.spec->name);
  }
  if (incomplete.empty()) return condition(true);
  return condition(false, "ContainersNotInitialized",
                   "containers with incomplete status: " + bracketed(incomplete));
}

ConditionRecord containers_ready(const std::string& phase,
                                 const std::vector<View>& init,
                                 const std::vector<View>& regular) {
  if (phase == "Succeeded") return condition(false, kPodCompleted);
  if (phase == "Failed") return condition(false, "PodFailed");
  std::vector<std::string> unready;
  for (const View& view : init) {
    if (view.spec->sidecar && !view.ready) unready.push_back(view.spec->name);
  }
  for (const View& view : regular) {
    if (!view.ready) unready.push_back(view.spec->name);
  }
  if (unready.empty()) return condition(true);
  return condition(false, "ContainersNotReady",
                   "containers with unready status: " + bracketed(unready));
}

ConditionRecord pod_ready(const PodSpec& pod, const ConditionRecord& containers) {
  if (containers.status != "True") return containers;
  std::vector<std::string> messages;
  for (const std::string& gate : pod.readiness_gates) {
    const auto found = pod.gate_conditions.find(gate);
    if (found == pod.gate_conditions.end()) {
      messages.push_back("corresponding condition of pod readiness gate \"" + gate +
                         "\" does not exist.");
    } else if (found->second != "True") {
      messages.push_back("the status of pod readiness gate \"" + gate + "\" is not \"True\", but " +
                         found->second);
    }
  }
  if (messages.empty()) return condition(true);
  std::string text;
  for (const std::string& message : messages) text += (text.empty() ? "" : ", ") + message;
  return condition(false, "ReadinessGatesNotReady", text);
}

bool has_network(const StatusInputs& in) {
  const ActualSandbox* sandbox = in.actual.sandbox();
  return sandbox != nullptr && sandbox->ready && (in.pod.host_network || !sandbox->ips.empty());
}

/// A transition is a change of the status word, not of its reason.
void keep_transitions(std::map<std::string, ConditionRecord>& now_conditions,
                      const PodRecord& record,
                      WallTime now) {
  for (auto& [type, condition] : now_conditions) {
    const auto before = record.conditions.find(type);
    const bool same =
        before != record.conditions.end() && before->second.status == condition.status;
    condition.transition = same ? before->second.transition : now;
  }
}

Json conditions_json(const std::map<std::string, ConditionRecord>& conditions) {
  Json list = Json::array();
  for (const auto& [type, condition] : conditions) {
    Json json = {{"type", type},
                 {"status", condition.status},
                 {"lastProbeTime", nullptr},
                 {"lastTransitionTime", k8s::format_time(condition.transition)}};
    if (!condition.reason.empty()) json["reason"] = condition.reason;
    if (!condition.message.empty()) json["message"] = condition.message;
    list.push_back(std::move(json));
  }
  return list;
}

// ---- the whole -------------------------------------------------------------------------------

void put_addresses(Json& status, const StatusInputs& in) {
  const auto put_list = [&status](const char* one, const char* many,
                                  const std::vector<std::string>& ips) {
    if (ips.empty()) return;
    status[one] = ips.front();
    for (const std::string& ip : ips) status[many].push_back(Json{{"ip", ip}});
  };
  put_list("hostIP", "hostIPs", in.host_ips);
  const ActualSandbox* sandbox = in.actual.sandbox();
  const bool ready = sandbox != nullptr && sandbox->ready;
  if (!ready && !in.record.terminal()) return;
  // An ended pod keeps its address: the API promises it to those who look later.
  const std::vector<std::string>& own = ready ? sandbox->ips : in.record.pod_ips;
  put_list("podIP", "podIPs", in.pod.host_network ? in.host_ips : own);
}

}  // namespace

PodStatus build_pod_status(const StatusInputs& in) {
  const std::vector<View> init = views_of(in, in.pod.init_containers);
  const std::vector<View> regular = views_of(in, in.pod.containers);
  PodStatus out;
  out.phase = phase_of(in, init, regular);
  const ConditionRecord containers = containers_ready(out.phase, init, regular);
  out.conditions = {{"PodReadyToStartContainers", condition(has_network(in))},
                    {"Initialized", initialized(out.phase, init)},
                    {"ContainersReady", containers},
                    {"Ready", pod_ready(in.pod, containers)}};
  out.ready = out.conditions["Ready"].status == "True";
  keep_transitions(out.conditions, in.record, in.now);

  Json status = {{"phase", out.phase},
                 {"conditions", conditions_json(out.conditions)},
                 {"containerStatuses", container_list(regular)},
                 {"qosClass", in.qos_class}};
  if (!init.empty()) status["initContainerStatuses"] = container_list(init);
  if (in.record.start_time) put_time(status, "startTime", *in.record.start_time);
  if (!in.record.reason.empty()) status["reason"] = in.record.reason;
  if (!in.record.message.empty()) status["message"] = in.record.message;
  put_addresses(status, in);
  out.json = status.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (const auto* views : {&init, &regular}) {
    for (const View& view : *views) {
      ProbeVerdict& said = out.said[view.spec->name];
      said.started = view.started;
      said.ready = view.ready;
    }
  }
  return out;
}

}  // namespace skerry::edged

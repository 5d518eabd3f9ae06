#include "edgecore/edged/pod_state.h"

#include <algorithm>
#include <set>

#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::edged {
namespace {

using namespace k8s::fields;

constexpr int kLostExitCode = 137;
constexpr const char* kLostReason = "ContainerStatusUnknown";
constexpr const char* kLostMessage =
    "The container could not be located when the pod was deleted.  The container used to be "
    "Running";

// ---- encode: times in milliseconds since 1970, absent when unset ------------------------------

std::int64_t millis(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

WallTime time_at(const Json& json, const char* key) {
  return WallTime(std::chrono::milliseconds(number(json, key).value_or(0)));
}

void put(Json& json, const char* key, const std::string& value) {
  if (!value.empty()) json[key] = value;
}
void put(Json& json, const char* key, WallTime value) {
  if (value != WallTime{}) json[key] = millis(value);
}

Json encode_end(const ContainerEnd& end) {
  Json json = {{"exit", end.exit_code}};
  put(json, "id", end.container_id);
  put(json, "reason", end.reason);
  put(json, "message", end.message);
  put(json, "started", end.started);
  put(json, "finished", end.finished);
  return json;
}

Json encode_container(const ContainerRecord& record) {
  Json json = {{"attempt", record.attempt}};
  put(json, "id", record.id);
  put(json, "image", record.image);
  put(json, "imageRef", record.image_ref);
  put(json, "started", record.started);
  if (record.seen_running) json["ran"] = true;
  if (record.probe_started) json["probeStarted"] = true;
  if (record.probe_ready) json["probeReady"] = true;
  if (record.end) json["end"] = encode_end(*record.end);
  if (record.last_end) json["lastEnd"] = encode_end(*record.last_end);
  if (record.backoff.delay.count() > 0) {
    json["backoffSeconds"] = record.backoff.delay.count();
    json["backoffSince"] = millis(record.backoff.restarted);
  }
  return json;
}

Json encode_condition(const ConditionRecord& condition) {
  Json json = {{"status", condition.status}};
  put(json, "reason", condition.reason);
  put(json, "message", condition.message);
  put(json, "since", condition.transition);
  return json;
}

// ---- decode ----------------------------------------------------------------------------------

std::optional<ContainerEnd> decode_end(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  return ContainerEnd{text(json, "id"),         small_number(json, "exit", 0),
                      text(json, "reason"),     text(json, "message"),
                      time_at(json, "started"), time_at(json, "finished")};
}

ContainerRecord decode_container(const Json& json) {
  ContainerRecord record;
  record.attempt = static_cast<std::uint32_t>(number(json, "attempt").value_or(0));
  record.id = text(json, "id");
  record.image = text(json, "image");
  record.image_ref = text(json, "imageRef");
  record.started = time_at(json, "started");
  record.seen_running = flag(json, "ran");
  record.probe_started = flag(json, "probeStarted");
  record.probe_ready = flag(json, "probeReady");
  record.end = decode_end(at(json, "end"));
  record.last_end = decode_end(at(json, "lastEnd"));
  record.backoff = {seconds(json, "backoffSeconds", 0), time_at(json, "backoffSince")};
  return record;
}

// ---- seed ------------------------------------------------------------------------------------

WallTime api_time(const Json& json, const char* key) {
  return k8s::parse_time(text(json, key)).value_or(WallTime{});
}

std::optional<ContainerEnd> end_from_api(const Json& terminated) {
  if (!terminated.is_object()) return std::nullopt;
  return ContainerEnd{text(terminated, "containerID"),   small_number(terminated, "exitCode", 0),
                      text(terminated, "reason"),        text(terminated, "message"),
                      api_time(terminated, "startedAt"), api_time(terminated, "finishedAt")};
}

std::string bare_id(const std::string& container_id) {
  const std::size_t scheme = container_id.find("://");
  return scheme == std::string::npos ? container_id : container_id.substr(scheme + 3);
}

ContainerRecord container_from_api(const Json& status) {
  ContainerRecord record;
  record.attempt = static_cast<std::uint32_t>(number(status, "restartCount").value_or(0));
  record.id = bare_id(text(status, "containerID"));
  record.image = text(status, "image");
  record.image_ref = text(status, "imageID");
  const Json& state = at(status, "state");
  record.end = end_from_api(at(state, "terminated"));
  record.last_end = end_from_api(at(at(status, "lastState"), "terminated"));
  const Json& running = at(state, "running");
  record.seen_running = running.is_object() || record.end.has_value();
  record.started = api_time(running, "startedAt");
  for (auto* end : {&record.end, &record.last_end}) {
    if (*end) (*end)->container_id = bare_id((*end)->container_id);
  }
  return record;
}

// ---- absorb ----------------------------------------------------------------------------------

void absorb_newest(ContainerRecord& record, const ActualContainer& newest) {
  if (record.id != newest.id) {
    if (record.end) record.last_end = record.end;
    record.end.reset();
    record.id = newest.id;
    record.attempt = std::max(record.attempt, newest.attempt);
    record.seen_running = false;
    record.probe_started = record.probe_ready = false;
  }
  if (newest.known && newest.started != WallTime{}) {
    record.started = newest.started;
    record.seen_running = true;
  }
  if (!newest.image.empty()) record.image = newest.image;
  if (!newest.image_ref.empty()) record.image_ref = newest.image_ref;
  if (newest.state == ContainerState::kExited && newest.known) record.end = end_of(newest);
}

void absorb_loss(ContainerRecord& record, WallTime now) {
  if (record.id.empty() || record.end || !record.seen_running) return;
  record.end =
      ContainerEnd{record.id, kLostExitCode, kLostReason, kLostMessage, record.started, now};
}

}  // namespace

const ContainerRecord* PodRecord::container(const std::string& name) const {
  const auto found = containers.find(name);
  return found == containers.end() ? nullptr : &found->second;
}

std::string encode_pod_record(const PodRecord& record) {
  Json json = Json::object();
  if (record.start_time) put(json, "startTime", *record.start_time);
  put(json, "terminalPhase", record.terminal_phase);
  put(json, "reason", record.reason);
  put(json, "message", record.message);
  put(json, "statusHash", record.status_hash);
  if (!record.pod_ips.empty()) json["podIPs"] = record.pod_ips;
  if (record.finalised) json["finalised"] = true;
  for (const auto& [name, container] : record.containers) {
    json["containers"][name] = encode_container(container);
  }
  for (const auto& [type, condition] : record.conditions) {
    json["conditions"][type] = encode_condition(condition);
  }
  // Termination messages are a container's own bytes: what is not UTF-8 is replaced, not thrown at.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<PodRecord> decode_pod_record(std::string_view bytes) {
  const Json json = Json::parse(bytes, nullptr, false);
  if (!json.is_object())
    return fail(Code::kMalformed, "stored state of a pod is not a JSON object");
  PodRecord record;
  if (number(json, "startTime")) record.start_time = time_at(json, "startTime");
  record.terminal_phase = text(json, "terminalPhase");
  record.reason = text(json, "reason");
  record.message = text(json, "message");
  record.status_hash = text(json, "statusHash");
  record.pod_ips = texts(json, "podIPs");
  record.finalised = flag(json, "finalised");
  if (const Json& containers = at(json, "containers"); containers.is_object()) {
    for (const auto& [name, value] : containers.items()) {
      record.containers[name] = decode_container(value);
    }
  }
  if (const Json& conditions = at(json, "conditions"); conditions.is_object()) {
    for (const auto& [type, value] : conditions.items()) {
      record.conditions[type] = {text(value, "status"), text(value, "reason"),
                                 text(value, "message"), time_at(value, "since")};
    }
  }
  return record;
}

Result<PodRecord> record_from_seed(std::string_view status_json) {
  const Json status = Json::parse(status_json, nullptr, false);
  if (!status.is_object()) return fail(Code::kMalformed, "status seed is not a JSON object");
  PodRecord record;
  record.start_time = k8s::parse_time(text(status, "startTime"));
  record.reason = text(status, "reason");
  record.message = text(status, "message");
  if (const Json& ips = at(status, "podIPs"); ips.is_array()) {
    for (const Json& item : ips) record.pod_ips.push_back(text(item, "ip"));
  }
  const std::string phase = text(status, "phase");
  if (phase == "Succeeded" || phase == "Failed") record.terminal_phase = phase;
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    const Json& statuses = at(status, list);
    if (!statuses.is_array()) continue;
    for (const Json& item : statuses) {
      if (const std::string name = text(item, "name"); !name.empty()) {
        record.containers[name] = container_from_api(item);
      }
    }
  }
  return record;
}

ContainerEnd end_of(const ActualContainer& container) {
  ContainerEnd end{container.id,      container.exit_code, container.reason,
                   container.message, container.started,   container.finished};
  if (end.reason.empty()) end.reason = end.exit_code == 0 ? "Completed" : "Error";
  return end;
}

void absorb(PodRecord& record, const ActualPod& actual, WallTime now) {
  const ActualSandbox* sandbox = actual.sandbox();
  if (sandbox != nullptr && sandbox->ready) record.pod_ips = sandbox->ips;
  std::set<std::string> present;
  for (const ActualContainer& container : actual.containers) {
    if (!present.insert(container.name).second) continue;  // only the newest of each name
    absorb_newest(record.containers[container.name], container);
  }
  for (auto& [name, container] : record.containers) {
    if (present.count(name) == 0) absorb_loss(container, now);
  }
}

}  // namespace skerry::edged

// Kinds that run pods: apps and batch.
#include "cloudcore/standalone/printing/cells.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

const json& pod_spec(const json& object) {
  return fields::object(fields::object(cell::spec(object), "template"), "spec");
}

std::string fraction(std::int64_t part, std::int64_t whole) {
  return std::to_string(part) + "/" + std::to_string(whole);
}

Cells deployment_cells(const json& object, WallTime now) {
  const json& spec = cell::spec(object);
  const json& status = cell::status(object);
  return {cell::name(object),
          fraction(cell::count(status, "readyReplicas"), cell::count(spec, "replicas")),
          cell::count(status, "updatedReplicas"),
          cell::count(status, "availableReplicas"),
          cell::age(object, now),
          cell::containers(pod_spec(object)),
          cell::images(pod_spec(object)),
          cell::selector(fields::at(spec, "selector"))};
}

Cells replica_set_cells(const json& object, WallTime now) {
  const json& spec = cell::spec(object);
  const json& status = cell::status(object);
  return {cell::name(object),
          cell::count(spec, "replicas"),
          cell::count(status, "replicas"),
          cell::count(status, "readyReplicas"),
          cell::age(object, now),
          cell::containers(pod_spec(object)),
          cell::images(pod_spec(object)),
          cell::selector(fields::at(spec, "selector"))};
}

Cells daemon_set_cells(const json& object, WallTime now) {
  const json& status = cell::status(object);
  return {cell::name(object),
          cell::count(status, "desiredNumberScheduled"),
          cell::count(status, "currentNumberScheduled"),
          cell::count(status, "numberReady"),
          cell::count(status, "updatedNumberScheduled"),
          cell::count(status, "numberAvailable"),
          cell::labels(fields::object(pod_spec(object), "nodeSelector")),
          cell::age(object, now),
          cell::containers(pod_spec(object)),
          cell::images(pod_spec(object)),
          cell::selector(fields::at(cell::spec(object), "selector"))};
}

Cells stateful_set_cells(const json& object, WallTime now) {
  return {cell::name(object),
          fraction(cell::count(cell::status(object), "readyReplicas"),
                   cell::count(cell::spec(object), "replicas")),
          cell::age(object, now), cell::containers(pod_spec(object)),
          cell::images(pod_spec(object))};
}

// ---- batch --------------------------------------------------------------------------------------

std::string job_word(const json& job) {
  const auto is = [&](const char* type) { return cell::condition(job, type) == "True"; };
  if (is("Complete")) return "Complete";
  if (is("Failed")) return "Failed";
  if (!fields::text(cell::metadata(job), "deletionTimestamp").empty()) return "Terminating";
  for (const char* word : {"Suspended", "FailureTarget", "SuccessCriteriaMet"}) {
    if (is(word)) return word;
  }
  return "Running";
}

std::string job_completions(const json& job) {
  const std::int64_t done = cell::count(cell::status(job), "succeeded");
  const auto wanted = fields::number(cell::spec(job), "completions");
  if (wanted) return fraction(done, *wanted);
  const std::int64_t parallel = cell::count(cell::spec(job), "parallelism");
  return fraction(done, 1) + (parallel > 1 ? " of " + std::to_string(parallel) : "");
}

std::string job_duration(const json& job, WallTime now) {
  const std::string start = fields::text(cell::status(job), "startTime");
  const auto end = k8s::parse_time(fields::text(cell::status(job), "completionTime"));
  return start.empty() ? std::string() : human_age(start, end.value_or(now));
}

Cells job_cells(const json& job, WallTime now) {
  return {cell::name(job),
          job_word(job),
          job_completions(job),
          job_duration(job, now),
          cell::age(job, now),
          cell::containers(pod_spec(job)),
          cell::images(pod_spec(job)),
          cell::selector(fields::at(cell::spec(job), "selector"))};
}

Cells cron_job_cells(const json& object, WallTime now) {
  const json& spec = cell::spec(object);
  const json& job = fields::object(spec, "jobTemplate");
  const std::string last = fields::text(cell::status(object), "lastScheduleTime");
  return {cell::name(object),
          fields::text(spec, "schedule"),
          cell::or_none(fields::text(spec, "timeZone")),
          fields::at(spec, "suspend").is_boolean() ? cell::title(fields::flag(spec, "suspend"))
                                                   : "<unset>",
          fields::list(cell::status(object), "active").size(),
          last.empty() ? "<none>" : human_age(last, now),
          cell::age(object, now),
          cell::containers(pod_spec(job)),
          cell::images(pod_spec(job)),
          cell::selector(fields::at(cell::spec(job), "selector"))};
}

Cells controller_revision_cells(const json& object, WallTime now) {
  std::string owner;
  for (const json& each : fields::list(cell::metadata(object), "ownerReferences")) {
    if (!fields::flag(each, "controller")) continue;
    const std::string version = fields::text(each, "apiVersion");
    const auto slash = version.find('/');
    owner = fields::text(each, "kind");
    if (slash != std::string::npos) owner += "." + version.substr(0, slash);
    for (char& c : owner) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    owner += "/" + fields::text(each, "name");
  }
  return {cell::name(object), cell::or_none(owner), cell::count(object, "revision"),
          cell::age(object, now)};
}

}  // namespace

const std::vector<KindPrinter>& workload_printers() {
  static const std::vector<KindPrinter> rows = {
      {"deployments.apps", "Name Ready Up-to-date Available Age | Containers Images Selector",
       deployment_cells},
      {"replicasets.apps",
       "Name Desired:integer Current:integer Ready:integer Age | Containers Images Selector",
       replica_set_cells},
      {"daemonsets.apps",
       "Name Desired:integer Current:integer Ready:integer Up-to-date:integer Available:integer "
       "Node_Selector Age | Containers Images Selector",
       daemon_set_cells},
      {"statefulsets.apps", "Name Ready Age | Containers Images", stateful_set_cells},
      {"jobs.batch", "Name Status Completions Duration Age | Containers Images Selector",
       job_cells},
      {"cronjobs.batch",
       "Name Schedule Timezone Suspend:boolean Active:integer Last_Schedule Age | Containers "
       "Images "
       "Selector",
       cron_job_cells},
      {"controllerrevisions.apps", "Name Controller Revision Age", controller_revision_cells},
  };
  return rows;
}

}  // namespace skerry::standalone

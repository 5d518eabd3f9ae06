// Job and CronJob.
#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "cloudcore/standalone/kinds/cron_schedule.h"
#include "cloudcore/standalone/kinds/default_table.h"
#include "cloudcore/standalone/kinds/job_rules.h"
#include "cloudcore/standalone/kinds/kind_behaviours.h"
#include "cloudcore/standalone/kinds/pod_template.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;
using enum DefaultRow::When;

constexpr std::size_t kCronJobNameBytesMax = 52;  // 63 less what names of its Jobs add
constexpr std::size_t kLabelBytesMax = 63;

json& object_at(json& parent, const char* key) {
  json& out = parent[key];
  if (!out.is_object()) out = json::object();
  return out;
}

/// `spec`: of a Job.
void default_job_spec(json& spec) {
  static const DefaultTable table = {
      {"parallelism", "1", kAbsent},
      {"completionMode", R"("NonIndexed")"},
      {"suspend", "false", kAbsent},
      {"manualSelector", "false", kAbsent},
      {"podFailurePolicy.rules[].onPodConditions[].status", R"("True")"},
  };
  default_pod_template(object_at(spec, "template"));
  // Neither given: one Pod. With `parallelism` alone it is a work queue, and any end will do.
  if (!spec.contains("completions") && !spec.contains("parallelism")) spec["completions"] = 1;
  if (!spec.contains("backoffLimit")) {
    spec["backoffLimit"] =
        spec.contains("backoffLimitPerIndex") ? std::numeric_limits<std::int32_t>::max() : 6;
  }
  if (!spec.contains("podReplacementPolicy")) {
    spec["podReplacementPolicy"] =
        spec.contains("podFailurePolicy") ? "Failed" : "TerminatingOrFailed";
  }
  table.apply(spec);
}

void default_job(json& object) {
  json& spec = object_at(object, "spec");
  default_job_spec(spec);
  const json& labels =
      fields::object(fields::object(fields::object(spec, "template"), "metadata"), "labels");
  json& metadata = object["metadata"];
  if (!labels.empty() && fields::object(metadata, "labels").empty()) metadata["labels"] = labels;
}

/// The labels by which a Job finds its Pods, and nobody else's.
void create_job(json& object) {
  object["status"] = json::object();
  json& spec = object["spec"];
  if (fields::flag(spec, "manualSelector")) return;
  const json uid = fields::at(object["metadata"], "uid");
  const std::string name = fields::text(object["metadata"], "name");
  json& labels = object_at(object_at(object_at(spec, "template"), "metadata"), "labels");
  // A Job without labels has those of its template, also the ones that come now.
  const json& own = fields::object(object["metadata"], "labels");
  const bool of_template = own.empty() || own == labels;
  for (const char* key : {"batch.kubernetes.io/controller-uid", "controller-uid"}) {
    if (!labels.contains(key)) labels[key] = uid;
  }
  for (const char* key : {"batch.kubernetes.io/job-name", "job-name"}) {
    if (!labels.contains(key)) labels[key] = name;
  }
  json& chosen = object_at(object_at(spec, "selector"), "matchLabels");
  if (!chosen.contains("batch.kubernetes.io/controller-uid")) {
    chosen["batch.kubernetes.io/controller-uid"] = uid;
  }
  // A name that is too long for a label is said once, at the template.
  if (name.size() <= kLabelBytesMax && of_template) {
    object["metadata"]["labels"] = labels;
  }
}

// ---- CronJob ------------------------------------------------------------------------------------

void default_cron_job(json& object) {
  static const DefaultTable table = {
      {"spec.concurrencyPolicy", R"("Allow")"},
      {"spec.suspend", "false", kAbsent},
      {"spec.successfulJobsHistoryLimit", "3", kAbsent},
      {"spec.failedJobsHistoryLimit", "1", kAbsent},
      {"spec.jobTemplate.metadata", "{}"},
      {"spec.jobTemplate.spec.template.metadata", "{}"},
  };
  json& job = object_at(object_at(object, "spec"), "jobTemplate");
  // Only the Pod's defaults: the Job's own come when it is made.
  json& spec = object_at(job, "spec");
  default_pod_template(object_at(spec, "template"));
  static const DefaultTable conditions = {
      {"podFailurePolicy.rules[].onPodConditions[].status", R"("True")"}};
  conditions.apply(spec);
  table.apply(object);
}

void create_cron_job(json& object) { object["status"] = json::object(); }

void check_schedule(FieldChecks& checks, const json& spec) {
  const std::string schedule = fields::text(spec, "schedule");
  if (schedule.empty()) return checks.required("spec.schedule");
  const auto parsed = parse_cron_schedule(schedule);
  if (!parsed) return checks.invalid("spec.schedule", schedule, parsed.error());
  if (schedule.find("TZ") != std::string::npos) {
    checks.invalid("spec.schedule", schedule,
                   "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
  }
}

void check_time_zone(FieldChecks& checks, const json& spec) {
  const json& zone = fields::at(spec, "timeZone");
  if (!zone.is_string()) return;
  const std::string& text = zone.get_ref<const std::string&>();
  if (text.empty()) {
    return checks.invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string");
  }
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower == "local") {
    checks.invalid("spec.timeZone", zone,
                   "timeZone must be an explicit time zone as defined in "
                   "https://www.iana.org/time-zones");
  }
}

FieldErrors validate_cron_job(const json& object) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  check_schedule(checks, spec);
  checks.not_negative(spec, "startingDeadlineSeconds", "spec");
  check_time_zone(checks, spec);
  checks.one_of("spec.concurrencyPolicy", fields::text(spec, "concurrencyPolicy"),
                {"Allow", "Forbid", "Replace"});
  const std::string path = "spec.jobTemplate.spec";
  json job = fields::object(fields::object(spec, "jobTemplate"), "spec");
  if (!job.contains("completionMode")) job["completionMode"] = "NonIndexed";
  check_job_spec(checks, job, path);
  if (job.contains("selector")) {
    checks.invalid(path + ".selector", job["selector"], "`selector` will be auto-generated");
  }
  if (fields::flag(job, "manualSelector")) {
    checks.not_supported(path + ".manualSelector", true, {"nil", "false"});
  }
  checks.not_negative(spec, "successfulJobsHistoryLimit", "spec");
  checks.not_negative(spec, "failedJobsHistoryLimit", "spec");
  const std::string name = fields::text(fields::object(object, "metadata"), "name");
  if (name.size() > kCronJobNameBytesMax) {
    checks.invalid("metadata.name", name, "must be no more than 52 characters");
  }
  return checks.take();
}

std::vector<KindBehaviour> make_rows() {
  std::vector<KindBehaviour> rows(2);
  KindBehaviour& jobs = rows[0];
  jobs.storage_prefix = "jobs.batch";
  jobs.generation = true;
  jobs.set_defaults = default_job;
  jobs.prepare_create = create_job;
  jobs.validate = validate_job;
  jobs.validate_update = validate_job_update;
  KindBehaviour& cron_jobs = rows[1];
  cron_jobs.storage_prefix = "cronjobs.batch";
  cron_jobs.generation = true;
  cron_jobs.set_defaults = default_cron_job;
  cron_jobs.prepare_create = create_cron_job;
  cron_jobs.validate = validate_cron_job;
  return rows;
}

}  // namespace

std::span<const KindBehaviour> batch_behaviours() {
  static const std::vector<KindBehaviour> rows = make_rows();
  return rows;
}

}  // namespace skerry::standalone

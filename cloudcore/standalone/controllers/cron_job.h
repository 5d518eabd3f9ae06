// CronJobs: Jobs by the clock. Source: pkg/controller/cronjob, as behaviour.
#pragma once

#include <memory>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

std::unique_ptr<Controller> make_cron_job_controller(ApiClient& client, seam::World world);

}  // namespace skerry::standalone

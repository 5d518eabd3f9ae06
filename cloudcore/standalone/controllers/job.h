// Jobs: Pods that come to an end, counted exactly once. Source: pkg/controller/job, as behaviour.
#pragma once

#include <memory>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

std::unique_ptr<Controller> make_job_controller(ApiClient& client, seam::World world);
/// Jobs go spec.ttlSecondsAfterFinished after their end. Source: pkg/controller/ttlafterfinished.
std::unique_ptr<Controller> make_ttl_after_finished(ApiClient& client, seam::World world);

}  // namespace skerry::standalone

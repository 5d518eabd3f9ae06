// HorizontalPodAutoscalers. Source: pkg/controller/podautoscaler, as behaviour.
#pragma once

#include <memory>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

std::unique_ptr<Controller> make_pod_autoscaler(ApiClient& client, seam::World world);

}  // namespace skerry::standalone

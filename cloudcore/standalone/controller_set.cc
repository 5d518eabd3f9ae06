#include "cloudcore/standalone/controller_set.h"

#include "cloudcore/standalone/controllers/cron_job.h"
#include "cloudcore/standalone/controllers/daemon_set.h"
#include "cloudcore/standalone/controllers/deployment.h"
#include "cloudcore/standalone/controllers/job.h"
#include "cloudcore/standalone/controllers/namespaces.h"
#include "cloudcore/standalone/controllers/pod_autoscaler.h"
#include "cloudcore/standalone/controllers/replica_set.h"
#include "cloudcore/standalone/controllers/volume_protection.h"
#include "cloudcore/standalone/controllers/stateful_set.h"
#include "cloudcore/standalone/scheduler/scheduler.h"

namespace skerry::standalone {

ControllerSet::ControllerSet(Parts parts, async::Executor executor)
    : client_(parts.api, parts.store, "system:kube-controller-manager"),
      scheduler_client_(parts.api, parts.store, "system:kube-scheduler"),
      garbage_collector_(client_, parts.world, executor) {
  std::vector<std::unique_ptr<Controller>> all;
  all.push_back(make_namespace_controller(client_, parts.root_ca_pem));
  all.push_back(make_deployment_controller(client_, parts.world));
  all.push_back(make_replica_set_controller(client_, parts.world));
  all.push_back(make_volume_protection_controller(client_));
  all.push_back(make_daemon_set_controller(client_, parts.world));
  all.push_back(make_stateful_set_controller(client_, parts.world));
  all.push_back(make_job_controller(client_, parts.world));
  all.push_back(make_ttl_after_finished(client_, parts.world));
  all.push_back(make_cron_job_controller(client_, parts.world));
  all.push_back(make_pod_autoscaler(client_, parts.world));
  all.push_back(make_scheduler(scheduler_client_, parts.world));
  for (auto& each : all) {
    runners_.push_back(
        std::make_unique<ControllerRunner>(std::move(each), parts.store, parts.world, executor));
  }
}

void ControllerSet::start() {
  garbage_collector_.start();
  for (const auto& runner : runners_) runner->start();
}

async::Task<void> ControllerSet::stop() {
  for (const auto& runner : runners_) co_await runner->stop();
  co_await garbage_collector_.stop();
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/controller_set.h"

#include "cloudcore/standalone/access/certificate_requests.h"
#include "cloudcore/standalone/access/cluster_role_aggregation.h"
#include "cloudcore/standalone/access/token_secrets.h"
#include "cloudcore/standalone/controllers/cron_job.h"
#include "cloudcore/standalone/controllers/daemon_set.h"
#include "cloudcore/standalone/controllers/deployment.h"
#include "cloudcore/standalone/controllers/disruption.h"
#include "cloudcore/standalone/controllers/endpoint_slices.h"
#include "cloudcore/standalone/controllers/endpoints.h"
#include "cloudcore/standalone/controllers/job.h"
#include "cloudcore/standalone/controllers/kubernetes_service.h"
#include "cloudcore/standalone/controllers/namespaces.h"
#include "cloudcore/standalone/controllers/node_lifecycle.h"
#include "cloudcore/standalone/controllers/pod_autoscaler.h"
#include "cloudcore/standalone/controllers/pod_gc.h"
#include "cloudcore/standalone/controllers/replica_set.h"
#include "cloudcore/standalone/controllers/stateful_set.h"
#include "cloudcore/standalone/controllers/taint_eviction.h"
#include "cloudcore/standalone/controllers/volume_binder.h"
#include "cloudcore/standalone/controllers/volume_protection.h"
#include "cloudcore/standalone/custom_resources/definition_controller.h"

namespace skerry::standalone {

ControllerSet::ControllerSet(Parts parts, async::Executor executor)
    : client_(parts.api, parts.store, "system:kube-controller-manager"),
      scheduler_client_(parts.api, parts.store, "system:kube-scheduler"),
      eviction_(client_, parts.world),
      garbage_collector_(client_, parts.world, executor),
      scheduler_(scheduler_client_, parts.world, executor) {
  std::vector<std::unique_ptr<Controller>> all;
  all.push_back(make_namespace_controller(client_, parts.authority.certificate_pem));
  all.push_back(make_deployment_controller(client_, parts.world));
  all.push_back(make_replica_set_controller(client_, parts.world));
  all.push_back(make_volume_protection_controller(client_));
  all.push_back(make_daemon_set_controller(client_, parts.world));
  all.push_back(make_stateful_set_controller(client_, parts.world));
  all.push_back(make_job_controller(client_, parts.world));
  all.push_back(make_ttl_after_finished(client_, parts.world));
  all.push_back(make_cron_job_controller(client_, parts.world));
  all.push_back(make_pod_autoscaler(client_, parts.world));
  all.push_back(make_node_lifecycle_controller(client_, parts.world));
  all.push_back(make_taint_eviction_controller(client_, parts.world));
  all.push_back(make_pod_gc_controller(client_, parts.world));
  all.push_back(make_endpoints_controller(client_, parts.world));
  all.push_back(make_endpoint_slice_controller(client_, parts.world));
  all.push_back(make_endpoint_mirror_controller(client_, parts.world));
  all.push_back(make_kubernetes_service_controller(client_, parts.advertise_address, parts.port));
  all.push_back(make_disruption_controller(client_, parts.world));
  all.push_back(make_volume_binder(client_, parts.world));
  all.push_back(make_cluster_role_aggregation(client_));
  all.push_back(make_certificate_signer(client_, parts.authority, parts.world));
  all.push_back(make_token_secrets(client_, parts.tokens, parts.authority.certificate_pem));
  parts.api.add_handler("pods", "eviction", [this](ResourceRequestPtr request) {
    return eviction_.handle(std::move(request));
  });
  all.push_back(make_definition_controller(client_, parts.world));
  for (auto& each : all) {
    runners_.push_back(
        std::make_unique<ControllerRunner>(std::move(each), parts.store, parts.world, executor));
  }
}

void ControllerSet::start() {
  garbage_collector_.start();
  scheduler_.start();
  for (const auto& runner : runners_) runner->start();
}

async::Task<void> ControllerSet::stop() {
  for (const auto& runner : runners_) co_await runner->stop();
  co_await scheduler_.stop();
  co_await garbage_collector_.stop();
}

}  // namespace skerry::standalone

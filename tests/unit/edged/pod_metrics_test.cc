#include "edgecore/edged/pod_metrics.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edged;

TEST_CASE("PodMetrics: pods, workers and tokens, under their names", "[edged]") {
  metrics::Registry registry;
  EdgedFigures edged;
  edged.pods = {{"Running", 3}, {"Pending", 1}};
  edged.workers = {{"retrying", 1}, {"steady", 3}};
  edged.containers_not_ready = 2;
  edged.runtime_up = true;
  edged.probes = {{{"Liveness", "failed"}, 6}};
  export_edged(edged, registry);
  edged.pods = {{"Running", 4}};
  export_edged(edged, registry);
  export_runtime({{"PullImage", {9, 2}}}, registry);
  export_tokens({5, 2, 1}, registry);
  const std::string text = registry.text();
  for (const char* line : {
           "skerry_edged_pods{phase=\"Running\"} 4",
           "skerry_edged_pods{phase=\"Pending\"} 0",
           "skerry_edged_pod_workers{state=\"retrying\"} 1",
           "skerry_edged_pod_workers{state=\"gone\"} 0",
           "skerry_edged_containers_not_ready 2",
           "skerry_edged_runtime_up 1",
           "skerry_edged_probes_total{probe_type=\"Liveness\",result=\"failed\"} 6",
           "skerry_edged_runtime_operations_total{operation=\"PullImage\"} 9",
           "skerry_edged_runtime_operations_errors_total{operation=\"PullImage\"} 2",
           "skerry_edged_tokens{state=\"valid\"} 2",
           "skerry_edged_tokens{state=\"leased\"} 2",
           "skerry_edged_tokens{state=\"ended\"} 1",
       }) {
    INFO(line << "\n" << text);
    CHECK(text.find(std::string("\n") + line + "\n") != std::string::npos);
  }
}

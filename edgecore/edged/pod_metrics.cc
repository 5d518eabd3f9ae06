#include "edgecore/edged/pod_metrics.h"

#include <initializer_list>
#include <string_view>

namespace skerry::edged {
namespace {

std::int64_t count_of(const std::map<std::string, std::size_t>& counts, const char* name) {
  const auto found = counts.find(name);
  return found == counts.end() ? 0 : static_cast<std::int64_t>(found->second);
}

}  // namespace

void export_edged(const EdgedFigures& edged, metrics::Registry& registry) {
  for (const char* phase : {"Pending", "Running", "Succeeded", "Failed", "Unknown"}) {
    registry.gauge(kPods, {{"phase", phase}}).set(count_of(edged.pods, phase));
  }
  for (const char* state : {"steady", "retrying", "ending", "gone"}) {
    registry.gauge(kPodWorkers, {{"state", state}}).set(count_of(edged.workers, state));
  }
  registry.gauge(kContainersNotReady).set(static_cast<std::int64_t>(edged.containers_not_ready));
  registry.gauge(kRuntimeUp).set(edged.runtime_up ? 1 : 0);
  for (const auto& [probe, count] : edged.probes) {
    const auto& [kind, result] = probe;
    registry.counter(kProbesTotal, {{"probe_type", kind}, {"result", result}}).raise_to(count);
  }
}

void export_runtime(const CriCalls& calls, metrics::Registry& registry) {
  for (const auto& [operation, count] : calls) {
    const metrics::LabelSet labels = {{"operation", operation}};
    registry.counter(kRuntimeOperationsTotal, labels).raise_to(count.calls);
    registry.counter(kRuntimeErrorsTotal, labels).raise_to(count.errors);
  }
}

void export_tokens(const TokenFigures& tokens, metrics::Registry& registry) {
  const auto set = [&registry](const char* state, std::size_t count) {
    registry.gauge(kTokens, {{"state", state}}).set(static_cast<std::int64_t>(count));
  };
  set("valid", tokens.stored - tokens.leased - tokens.ended);
  set("leased", tokens.leased);
  set("ended", tokens.ended);
}

}  // namespace skerry::edged

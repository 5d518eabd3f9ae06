#include "edgecore/edgehub/link_metrics.h"

namespace skerry::edgehub {

void export_link(const LinkStatus& link, metrics::Registry& registry) {
  const LinkProtocol::Figures& figures = link.figures;
  registry.gauge(kConnected).set(link.live ? 1 : 0);
  registry.gauge(kOtherCluster).set(link.foreign_cluster ? 1 : 0);
  registry.counter(kConnectionsTotal).raise_to(link.connections);
  registry.counter(kDialFailuresTotal).raise_to(link.failed_dials);
  for (std::size_t i = 0; i < link.redials.size(); ++i) {
    const std::string cause = to_string(static_cast<RedialCause>(i));
    registry.counter(kRedialsTotal, {{"cause", cause}}).raise_to(link.redials[i]);
  }
  registry.counter(kObjectsReceivedTotal, {{"verb", "upsert"}}).raise_to(figures.upserts);
  registry.counter(kObjectsReceivedTotal, {{"verb", "remove"}}).raise_to(figures.removes);
  registry.counter(kObjectsRefusedTotal).raise_to(figures.refused);
  registry.counter(kReportsSentTotal).raise_to(figures.reports);
  registry.counter(kReportRetriesTotal).raise_to(figures.retries);
  registry.counter(kReportsRefusedTotal).raise_to(link.reports_refused);
  registry.counter(kUnhandledTotal).raise_to(figures.unhandled);
}

void export_certificate(WallTime not_after, metrics::Registry& registry) {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(not_after.time_since_epoch());
  registry.gauge(kCertificateExpiration).set(seconds.count());
}

}  // namespace skerry::edgehub

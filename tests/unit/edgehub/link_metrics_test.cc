#include "edgecore/edgehub/link_metrics.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edgehub;

TEST_CASE("LinkMetrics: what the link says of itself, under its names", "[edgehub]") {
  metrics::Registry registry;
  LinkStatus link;
  link.live = true;
  link.connections = 3;
  link.failed_dials = 7;
  link.reports_refused = 1;
  link.redials[static_cast<std::size_t>(RedialCause::kNetwork)] = 2;
  link.figures.removes = 4;
  export_link(link, registry);
  link.connections = 5;
  export_link(link, registry);
  export_certificate(WallTime(std::chrono::seconds(1'800'000'000)), registry);
  const std::string text = registry.text();
  for (const char* line : {
           "skerry_edgehub_connected 1",
           "skerry_edgehub_connections_total 5",
           "skerry_edgehub_dial_failures_total 7",
           "skerry_edgehub_redials_total{cause=\"backoff\"} 0",
           "skerry_edgehub_redials_total{cause=\"network\"} 2",
           "skerry_edgehub_objects_received_total{verb=\"remove\"} 4",
           "skerry_edgehub_objects_refused_total 0",
           "skerry_edgehub_reports_refused_total 1",
           "skerry_edgehub_certificate_expiration_timestamp_seconds 1800000000",
       }) {
    INFO(line << "\n" << text);
    CHECK(text.find(std::string("\n") + line + "\n") != std::string::npos);
  }
}

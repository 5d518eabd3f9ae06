#include "cloudcore/cloudhub/session_traffic.h"

#include "cloudcore/cloudhub/hub_metrics.h"

namespace skerry::cloudhub {
namespace {

metrics::Counter& messages(metrics::Registry& registry, const char* what) {
  return registry.counter(kMessagesTotal, {{"message", what}});
}

}  // namespace

SessionTraffic::SessionTraffic(metrics::Registry& registry)
    : upserts_(messages(registry, "upsert")),
      removes_(messages(registry, "remove")),
      nacks_(messages(registry, "nack")),
      reports_(messages(registry, "report")),
      reports_again_(messages(registry, "report-again")),
      unhandled_(messages(registry, "unhandled")),
      refused_(registry.counter(kRulesBrokenTotal)) {}

void SessionTraffic::add(const SessionProtocol::Figures& before,
                         const SessionProtocol::Figures& now) {
  upserts_.add(now.upserts - before.upserts);
  removes_.add(now.removes - before.removes);
  nacks_.add(now.nacks - before.nacks);
  reports_.add(now.reports - before.reports);
  reports_again_.add(now.reports_again - before.reports_again);
  unhandled_.add(now.unhandled - before.unhandled);
}

}  // namespace skerry::cloudhub

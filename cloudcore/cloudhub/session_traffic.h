// What sessions have carried, as metrics of the whole hub.
#pragma once

#include "cloudcore/cloudhub/session_protocol.h"
#include "common/metrics/registry.h"

namespace skerry::cloudhub {

/// Owner: CloudHub. Thread: any.
class SessionTraffic {
 public:
  explicit SessionTraffic(metrics::Registry& registry);

  /// A session's figures have grown.
  void add(const SessionProtocol::Figures& before, const SessionProtocol::Figures& now);
  /// A frame that broke the rules ended a session.
  void add_refused() { refused_.add(); }

 private:
  metrics::Counter& upserts_;
  metrics::Counter& removes_;
  metrics::Counter& nacks_;
  metrics::Counter& reports_;
  metrics::Counter& reports_again_;
  metrics::Counter& unhandled_;
  metrics::Counter& refused_;
};

}  // namespace skerry::cloudhub

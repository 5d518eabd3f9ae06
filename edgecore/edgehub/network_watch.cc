#include "edgecore/edgehub/network_watch.h"

#include <optional>

#include "common/base/log.h"
#include "edgecore/edgehub/uplinks.h"

namespace skerry::edgehub {

NetworkWatch::NetworkWatch(async::Executor executor,
                           seam::World world,
                           std::unique_ptr<seam::Network> network,
                           NetworkListener listener)
    : world_(world),
      network_(std::move(network)),
      listener_(std::move(listener)),
      stop_asked_(std::move(executor)) {}

async::Task<void> NetworkWatch::run() {
  std::optional<seam::NetworkState> before;
  bool readable = true;
  while (!stopping_) {
    Result<seam::NetworkState> now = network_->read();
    if (!now && readable) {
      log::warning("changes of the network are not seen; the link dials by its backoff alone",
                   {now.error()});
    }
    readable = now.has_value();
    if (before && now) judge(*before, *now);
    if (now) before = std::move(*now);
    co_await stop_asked_.wait_until(world_.clock.now() + kPause);
    if (!stopping_) co_await network_->wait_for_change();
  }
}

void NetworkWatch::judge(const seam::NetworkState& before, const seam::NetworkState& now) {
  const std::string local = listener_.local_address();
  // Asked of both: a machine may use addresses that none of its interfaces has (AnyIP).
  if (has_address(before, local) && !has_address(now, local)) return listener_.address_gone();
  if (uplinks_of(before) != uplinks_of(now)) listener_.uplinks_changed();
}

void NetworkWatch::stop() {
  stopping_ = true;
  network_->close();
  stop_asked_.notify();
}

}  // namespace skerry::edgehub

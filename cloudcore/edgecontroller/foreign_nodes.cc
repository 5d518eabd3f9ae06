#include "cloudcore/edgecontroller/foreign_nodes.h"

#include "common/base/log.h"

namespace skerry::edgecontroller {
namespace {

constexpr auto kComeBackSoon = std::chrono::milliseconds(100);

}  // namespace

ForeignNodes::ForeignNodes(async::Executor executor,
                           seam::World world,
                           NodeRecords& records,
                           const ClusterId& cluster,
                           metrics::Gauge& count)
    : world_(world), records_(records), cluster_(cluster), count_(count), wakeup_(executor) {}

void ForeignNodes::add(NodeName node, Epoch epoch, std::shared_ptr<cloudhub::NodeFeed> feed) {
  waiting_[{std::move(node), epoch}] = std::move(feed);
  count_.set(static_cast<std::int64_t>(waiting_.size()));
  wakeup_.notify();
}

void ForeignNodes::remove(const NodeName& node, Epoch epoch) {
  waiting_.erase({node, epoch});
  count_.set(static_cast<std::int64_t>(waiting_.size()));
}

bool ForeignNodes::has(const NodeName& node) const {
  const auto first = waiting_.lower_bound({node, Epoch()});
  return first != waiting_.end() && first->first.first == node;
}

void ForeignNodes::end_all(const lane::Goodbye& goodbye) {
  for (const auto& [session, feed] : waiting_) feed->end(goodbye);
}

async::Task<void> ForeignNodes::run() {
  while (!stopping_) {
    const TimePoint next =
        waiting_.empty() ? TimePoint::max() : world_.clock.now() + kAcceptancePoll;
    co_await wakeup_.wait_until(next);
    if (!stopping_) co_await look();
  }
}

async::Task<void> ForeignNodes::look() {
  const auto sessions = waiting_;  // sessions come and go while the records are read
  for (const auto& [session, feed] : sessions) {
    const Result<NodeRecord> record = co_await records_.find(session.first);
    if (stopping_) co_return;
    if (!record || record->accepted_cluster != cluster_ || !waiting_.contains(session)) continue;
    log::info("a node of another cluster was accepted: it now gets what this cluster says",
              {{"node", session.first.str()}, {"audit", "accepted"}});
    remove(session.first, session.second);
    feed->end(lane::Goodbye{lane::GoodbyeCode::kNotReady,
                            "this node was accepted into the cluster: it connects again",
                            kComeBackSoon});
  }
}

void ForeignNodes::stop() {
  stopping_ = true;
  wakeup_.notify();
}

}  // namespace skerry::edgecontroller

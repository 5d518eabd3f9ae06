// A connection that may only join or renew: one question, one answer, goodbye.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "common/async/task.h"
#include "common/lane/pump.h"
#include "common/seam/world.h"

namespace skerry::cloudhub {

/// Owner: CloudHub's shard. Thread: its shard; the answer may come from any thread.
/// Limits: one question of at most kJoinBytesMax, kQuestionDeadline to ask it.
class IdentityExchange final : public lane::Endpoint,
                               public std::enable_shared_from_this<IdentityExchange> {
 public:
  using Answer = std::function<void(lane::Message)>;
  /// Called with the first message that is no ping; must answer once.
  using Ask = std::function<void(lane::Message question, Answer answer)>;

  static constexpr auto kQuestionDeadline = 20s;
  static constexpr auto kAnswerDeadline = 60s;
  static constexpr auto kLinger = 2s;  // for the peer to take the answer and close

  IdentityExchange(async::Executor shard,
                   std::unique_ptr<lane::Lane> lane,
                   Ask ask,
                   seam::World world);

  /// Until the connection is over; returns why.
  static async::Task<Error> run(std::shared_ptr<IdentityExchange> self);
  /// Says this at once, whatever the peer wants.
  void answer(lane::Message message);

  void on_message(lane::Message message, TimePoint now) override;
  void on_received(TimePoint) override {}
  void on_time(TimePoint now) override;
  std::optional<lane::Message> next_message(TimePoint now, bool bulk_too) override;
  TimePoint next_deadline() const override { return deadline_; }
  bool act() override { return !over_; }

 private:
  async::Executor shard_;
  seam::World world_;
  Ask ask_;
  std::optional<lane::Message> answer_;
  TimePoint deadline_;
  bool asked_ = false;
  bool over_ = false;
  lane::Pump pump_;
};

}  // namespace skerry::cloudhub

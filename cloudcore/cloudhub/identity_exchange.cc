#include "cloudcore/cloudhub/identity_exchange.h"

namespace skerry::cloudhub {

IdentityExchange::IdentityExchange(async::Executor shard,
                                   std::unique_ptr<lane::Lane> lane,
                                   Ask ask,
                                   seam::World world)
    : shard_(shard),
      world_(world),
      ask_(std::move(ask)),
      deadline_(world.clock.now() + kQuestionDeadline),
      pump_(shard,
            std::move(lane),
            *this,
            world.clock,
            {.message_bytes_max = kJoinBytesMax, .queue_bytes_max = kJoinBytesMax}) {}

async::Task<Error> IdentityExchange::run(std::shared_ptr<IdentityExchange> self) {
  co_return co_await self->pump_.run();
}

void IdentityExchange::answer(lane::Message message) {
  asked_ = true;
  answer_ = std::move(message);
  pump_.wake();
}

void IdentityExchange::on_message(lane::Message message, TimePoint now) {
  const bool ping = std::holds_alternative<lane::Ping>(message);
  if (ping || asked_) return;
  asked_ = true;
  deadline_ = now + kAnswerDeadline;
  ask_(std::move(message), [self = shared_from_this()](lane::Message reply) {
    async::post(self->shard_,
                [self, reply = std::move(reply)]() mutable { self->answer(std::move(reply)); });
  });
}

void IdentityExchange::on_time(TimePoint now) {
  if (now >= deadline_) over_ = true;
}

std::optional<lane::Message> IdentityExchange::next_message(TimePoint now, bool) {
  if (answer_) deadline_ = now + kLinger;
  return std::exchange(answer_, std::nullopt);
}

}  // namespace skerry::cloudhub

// Carries bytes between one Lane and one protocol machine: the same thin shell for cloud and edge.
//
// A frame's way: Lane::read -> Mux::receive -> decode -> Endpoint::on_message -> Endpoint::act;
// the way back: Endpoint::next_message -> encode -> Mux::send -> Mux::next_frame -> Lane::write.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/async/task.h"
#include "common/async/wakeup.h"
#include "common/lane/lane.h"
#include "common/lane/message.h"
#include "common/lane/mux.h"
#include "common/seam/world.h"

namespace skerry::lane {

/// A protocol machine with the hands that do what it asks for.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  virtual void on_message(Message message, TimePoint now) = 0;
  virtual void on_received(TimePoint last_received) = 0;
  virtual void on_time(TimePoint now) = 0;
  /// `bulk_too`: objects and reports may be given as well, not only control messages.
  virtual std::optional<Message> next_message(TimePoint now, bool bulk_too) = 0;
  virtual TimePoint next_deadline() const = 0;
  /// Does what the machine asks for. False: say what is left to say, then close.
  virtual bool act() = 0;
};

/// Owner: the session. Thread: its loop. One run() per Pump.
class Pump {
 public:
  Pump(async::Executor executor,
       std::unique_ptr<Lane> lane,
       Endpoint& endpoint,
       seam::Clock& clock,
       MuxLimits limits = {});

  /// Until the connection is over; returns why. The endpoint must live until it returns.
  async::Task<Error> run();
  /// Something happened to the endpoint outside of run(): act on it now.
  void wake();
  void close() { lane_->close(); }
  Lane& lane() { return *lane_; }

 private:
  async::Task<void> read();
  async::Task<Error> drive();
  void fill(TimePoint now);
  Result<void> take(std::string frame);

  async::Executor executor_;
  std::unique_ptr<Lane> lane_;
  Endpoint& endpoint_;
  seam::Clock& clock_;
  Mux mux_;
  async::Wakeup wakeup_;
  bool keep_ = true;             // what act() said last
  std::optional<Error> failed_;  // why reading ended
};

}  // namespace skerry::lane

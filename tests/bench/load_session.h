// One connection of the load client, driven by epoll: TLS, the upgrade, Hello, and the answers that
// edgecore would give. Written apart from common/lane's client, so that its costs stay small beside
// the hub's. Bench only.
#pragma once

#include <netinet/in.h>

#include <memory>
#include <string>

#include "common/lane/mux.h"
#include "tests/bench/fleet.h"

namespace skerry::bench {

/// Owner: the load loop. Dies with the connection; the node stays.
class LoadSession {
 public:
  enum class Stage : std::uint8_t { kTls, kUpgrade, kOpening, kLive, kEchoed, kDead };

  /// `bare`: after the handshake one byte there and back instead of the lane, for a plain TLS
  /// server as the yardstick.
  LoadSession(FleetNode& node, const Fleet& fleet, SSL_CTX* context, bool bare);
  ~LoadSession();
  LoadSession(const LoadSession&) = delete;
  LoadSession& operator=(const LoadSession&) = delete;

  bool connect(const sockaddr_in& hub);
  int fd() const { return fd_; }
  /// The socket may go on; after any event.
  void drive(TimePoint now);
  /// Says something when it is time to.
  void on_time(TimePoint now);

  Stage stage() const { return stage_; }
  bool opened() const { return stage_ == Stage::kLive || stage_ == Stage::kEchoed; }
  bool in_sync() const { return in_sync_; }
  /// The cloud has what the node reports, and the node what the cloud has.
  bool settled() const { return opened() && node_.content && node_.status && !reporting_; }
  const std::string& failure() const { return failure_; }

 private:
  void after_handshake();
  void read_all(TimePoint now);
  void take_upgrade();
  void take_frames(TimePoint now);
  void take_message(const lane::Message& message, TimePoint now);
  void take_compare(const lane::Compare& compare);
  void take_object(const lane::Upsert& upsert);
  void say_hello();
  void report();
  void say(const lane::Message& message);
  void flush();
  void die(std::string why);

  FleetNode& node_;
  bool bare_;
  int fd_ = -1;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  Stage stage_ = Stage::kTls;
  lane::Mux mux_;
  std::string in_, out_;
  TimePoint last_said_{};
  bool in_sync_ = false;
  bool reporting_ = false;
  std::string failure_;
};

}  // namespace skerry::bench

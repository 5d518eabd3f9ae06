// The shell of kube::ListWatchProtocol against the simulated API server.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "cloudcore/kube/list_watch_protocol.h"
#include "tests/sim/api_server.h"

namespace skerry::sim {

class SimListWatch : public std::enable_shared_from_this<SimListWatch> {
 public:
  struct Handlers {
    /// `restored`: the list is older than what was delivered before.
    std::function<void(std::vector<ObjectPtr>, ResourceVersion, bool restored)> on_list;
    std::function<void(bool deleted, ObjectPtr)> on_event;
  };

  SimListWatch(Run& run, ApiServer& api, Kind kind, Handlers handlers);
  void start() { perform(protocol_.start()); }
  void poke();  // the API's history grew
  void stop() { stopped_ = true; }
  bool synced() const { return protocol_.synced(); }
  ResourceVersion version() const { return protocol_.version(); }
  /// Everything up to then has been delivered. A watch that broke waits, and time goes on.
  TimePoint known_until() const { return known_until_; }

 private:
  void perform(kube::ListWatchSteps steps);
  void fetch();
  void open(ResourceVersion from);
  void deliver();
  void bookmark_later(std::uint64_t id);
  void end(Error error);
  bool gone_is_hidden();
  void later(Duration delay, void (SimListWatch::*what)());

  Run& run_;
  ApiServer& api_;
  Kind kind_;
  Handlers handlers_;
  kube::ListWatchProtocol protocol_;
  std::vector<ObjectPtr> arrived_, kept_;
  bool stopped_ = false;
  bool watching_ = false;
  bool delivery_scheduled_ = false;
  TimePoint known_until_{};
  bool bookmark_due_ = false;
  std::uint64_t watch_id_ = 0;
  ResourceVersion highest_;               // delivered
  std::uint64_t asked_ = 0, listed_ = 0;  // the API's incarnation
  ResourceVersion cursor_;
};

}  // namespace skerry::sim

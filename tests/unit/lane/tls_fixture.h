// A hub's and a node's certificates, and a loop that drives coroutines to their end.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/async/task.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "common/tls/authority.h"
#include "common/tls/certificate.h"
#include "common/tls/context.h"
#include "common/tls/key.h"
#include "tests/support/catch.h"

namespace skerry::lane {

/// Fails the test when it takes longer than any machine needs.
inline constexpr auto kPatience = std::chrono::seconds(60);

struct Loop {
  boost::asio::io_context io;

  TimePoint in(Duration time) const { return std::chrono::steady_clock::now() + time; }
  TimePoint patience() const { return in(kPatience); }

  void spawn(async::Task<void> task) {
    ++running;
    boost::asio::co_spawn(io, std::move(task), [this](std::exception_ptr failure) {
      --running;
      CHECK_FALSE(failure);
    });
  }
  void run_until(const std::function<bool()>& done) {
    const TimePoint end = patience();
    while (!done() && std::chrono::steady_clock::now() < end) {
      if (io.stopped()) io.restart();
      io.run_one_for(std::chrono::milliseconds(100));
    }
    REQUIRE(done());
  }
  void run() {
    run_until([this] { return running == 0; });
  }
  int running = 0;
};

struct Keys {
  WallTime now = std::chrono::system_clock::now();
  tls::Authority ca = tls::make_authority("skerry-ca", now - std::chrono::hours(24 * 60)).value();

  tls::Identity hub() const {
    const std::string key = tls::make_key().value();
    const tls::ServerOrder order{key, {"localhost"}, {"127.0.0.1"}, now};
    return {tls::issue_server_certificate(ca, order).value() + ca.certificate_pem, key};
  }
  tls::Identity node(WallTime issued) const {
    const std::string key = tls::make_key().value();
    const tls::NodeOrder order{NodeName("gateway-7"), tls::make_request(key, "").value(), issued};
    return {tls::issue_node_certificate(ca, order).value(), key};
  }
  tls::Identity node() const { return node(now); }

  std::shared_ptr<tls::ServerContext> hub_context() const {
    return tls::ServerContext::create(hub(), ca.certificate_pem).value();
  }
  std::shared_ptr<tls::ClientContext> node_context(std::optional<tls::Identity> own) const {
    return tls::ClientContext::create({ca.certificate_pem, std::nullopt}, own).value();
  }
};

}  // namespace skerry::lane

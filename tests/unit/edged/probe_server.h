// A server on loopback that takes what comes and answers each connection with the same bytes.
#pragma once

#include "common/async/task.h"
// clang-format off
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
// clang-format on
#include <memory>
#include <string>

namespace skerry::edged {

class ProbeServer {
 public:
  using tcp = boost::asio::ip::tcp;
  using ErrorCode = boost::system::error_code;

  ProbeServer(boost::asio::io_context& loop, std::string reply)
      : state_(std::make_shared<State>(loop, std::move(reply))) {
    boost::asio::co_spawn(loop, serve(state_), boost::asio::detached);
  }
  ~ProbeServer() {
    ErrorCode ignored;
    state_->acceptor.close(ignored);
  }
  ProbeServer(const ProbeServer&) = delete;
  ProbeServer& operator=(const ProbeServer&) = delete;

  std::uint16_t port() const { return state_->acceptor.local_endpoint().port(); }
  const std::string& request() const { return state_->request; }

 private:
  struct State {
    State(boost::asio::io_context& loop, std::string bytes)
        : acceptor(loop, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
          reply(std::move(bytes)) {}
    tcp::acceptor acceptor;
    std::string reply;  // empty: never answers
    std::string request;
  };

  static async::Task<void> serve(std::shared_ptr<State> state) {
    std::vector<std::shared_ptr<tcp::socket>> silent;
    for (;;) {
      ErrorCode error;
      auto socket = std::make_shared<tcp::socket>(state->acceptor.get_executor());
      co_await state->acceptor.async_accept(
          *socket, boost::asio::redirect_error(boost::asio::use_awaitable, error));
      if (error) co_return;
      std::string request(4096, '\0');
      const std::size_t got = co_await socket->async_read_some(
          boost::asio::buffer(request),
          boost::asio::redirect_error(boost::asio::use_awaitable, error));
      state->request = request.substr(0, got);
      if (state->reply.empty()) {
        silent.push_back(socket);
        continue;
      }
      if (!error) {
        co_await boost::asio::async_write(
            *socket, boost::asio::buffer(state->reply),
            boost::asio::redirect_error(boost::asio::use_awaitable, error));
      }
    }
  }

  std::shared_ptr<State> state_;
};

/// A port that nobody listens on: it was free a moment ago.
inline std::uint16_t closed_port(boost::asio::io_context& loop) {
  using boost::asio::ip::tcp;
  tcp::acceptor acceptor(loop, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  return acceptor.local_endpoint().port();
}

}  // namespace skerry::edged

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "common/async/task.h"
// clang-format off
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
// clang-format on

#include "common/base/units.h"
#include "common/seam/network.h"
#include "common/seam/rtnetlink.h"

namespace skerry::seam {
namespace {

namespace asio = boost::asio;

// The kernel fills datagrams of at most 32 KiB (NLMSG_GOODSIZE and the reader's buffer).
constexpr std::size_t kDatagramBytesMax = 32 * kKiB;
constexpr int kDatagramsMax = 4096;  // of one dump; more is a broken kernel
constexpr int kAttempts = 3;         // when things change while they are read
constexpr timeval kAnswerDeadline{2, 0};

constexpr unsigned kGroups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
                             RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;

Error failure(const char* doing) {
  return {Code::kUnsupported,
          std::string("rtnetlink: ") + doing + ": " + std::generic_category().message(errno),
          {}};
}

/// A netlink socket that is bound to `groups`; closed by whoever takes it.
Result<int> open_socket(unsigned groups, int flags) {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);
  if (fd < 0) return fail(failure("socket"));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  const Error why = failure("bind");
  ::close(fd);
  return fail(why);
}

/// Asks one kind of thing and reads all of the answer; the kernel answers while it is read.
Result<void> dump(int fd, std::uint16_t type, NetworkState& state, std::string& buffer) {
  struct {
    nlmsghdr head;
    rtgenmsg what;
  } question{};
  question.head.nlmsg_len = NLMSG_LENGTH(sizeof question.what);
  question.head.nlmsg_type = type;
  question.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  question.what.rtgen_family = AF_UNSPEC;
  if (::send(fd, &question, question.head.nlmsg_len, 0) < 0) return fail(failure("send"));
  for (int i = 0; i < kDatagramsMax; ++i) {
    const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail(failure("recv"));
    const Result<bool> ended =
        take_dump(std::string_view(buffer).substr(0, static_cast<std::size_t>(size)), state);
    if (!ended) return fail(ended.error());
    if (*ended) return {};
  }
  return fail(Code::kUnsupported, "rtnetlink: an answer without an end");
}

Result<NetworkState> dump_all(int fd) {
  NetworkState state;
  std::string buffer(kDatagramBytesMax, '\0');
  for (const int type : {RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE}) {
    const Result<void> done = dump(fd, static_cast<std::uint16_t>(type), state, buffer);
    if (!done) return fail(done.error());
  }
  return state;
}

class PosixNetwork final : public Network {
 public:
  PosixNetwork(const async::Executor& executor, int changes) : changes_(executor, changes) {}

  /// A socket of its own each time: an answer never mixes with what changes meanwhile.
  Result<NetworkState> read() override {
    Result<NetworkState> state = fail(Code::kUnavailable, "the network never holds still");
    for (int i = 0; i < kAttempts && !state; ++i) {
      const Result<int> fd = open_socket(0, 0);
      if (!fd) return fail(fd.error());
      ::setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &kAnswerDeadline, sizeof kAnswerDeadline);
      state = dump_all(*fd);
      ::close(*fd);
      if (!state && state.error().code != Code::kUnavailable) break;
    }
    return state;
  }

  async::Task<void> wait_for_change() override {
    boost::system::error_code error;
    co_await changes_.async_wait(asio::posix::stream_descriptor::wait_read,
                                 asio::redirect_error(asio::use_awaitable, error));
    if (!error) drain();
  }

  void close() override {
    boost::system::error_code ignored;
    changes_.close(ignored);
  }

 private:
  /// What changed is not looked at: read() says how it is now. An overflow is a change as well.
  void drain() {
    std::array<char, 4 * kKiB> ignored;
    for (int i = 0; i < kDatagramsMax; ++i) {
      const ssize_t size = ::recv(changes_.native_handle(), ignored.data(), ignored.size(),
                                  MSG_DONTWAIT | MSG_TRUNC);
      if (size < 0 && errno != ENOBUFS && errno != EINTR) return;
    }
  }

  asio::posix::stream_descriptor changes_;
};

}  // namespace

Result<std::unique_ptr<Network>> posix_network(const async::Executor& executor) {
  const Result<int> changes = open_socket(kGroups, SOCK_NONBLOCK);
  if (!changes) return fail(changes.error());
  return std::make_unique<PosixNetwork>(executor, *changes);
}

}  // namespace skerry::seam

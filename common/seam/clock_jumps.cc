#include "common/seam/clock_jumps.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <system_error>

#include "common/async/task.h"
// clang-format off
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
// clang-format on

namespace skerry::seam {
namespace {

namespace asio = boost::asio;

Duration read_clock(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::duration_cast<Duration>(std::chrono::seconds(time.tv_sec) +
                                              std::chrono::nanoseconds(time.tv_nsec));
}

class PosixClockJumps final : public ClockJumps {
 public:
  PosixClockJumps(const async::Executor& executor, int timer) : timer_(executor, timer) {}

  ClockReading read() override {
    const Duration asleep = read_clock(CLOCK_BOOTTIME) - read_clock(CLOCK_MONOTONIC);
    return {std::chrono::steady_clock::now(), std::chrono::system_clock::now(), asleep};
  }

  async::Task<void> wait_for_jump() override {
    boost::system::error_code error;
    co_await timer_.async_wait(asio::posix::stream_descriptor::wait_read,
                               asio::redirect_error(asio::use_awaitable, error));
    std::uint64_t expirations = 0;  // the read fails with ECANCELED, which is the news
    if (!error) (void)!::read(timer_.native_handle(), &expirations, sizeof expirations);
  }

  void close() override {
    boost::system::error_code ignored;
    timer_.close(ignored);
  }

 private:
  asio::posix::stream_descriptor timer_;
};

}  // namespace

ClockJump clock_jump(const ClockReading& before, const ClockReading& after) {
  const auto judged = [](Duration part) {
    return part >= kClockJumpMin || part <= -kClockJumpMin ? part : Duration(0);
  };
  const Duration asleep = after.asleep - before.asleep;
  const auto wall = std::chrono::duration_cast<Duration>(after.wall - before.wall);
  return {judged(wall - (after.now - before.now) - asleep), judged(asleep)};
}

Result<std::unique_ptr<ClockJumps>> posix_clock_jumps(const async::Executor& executor) {
  const auto failure = [](const char* doing) {
    return fail(Code::kUnsupported,
                std::string(doing) + ": " + std::generic_category().message(errno));
  };
  const int fd = ::timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd < 0) return failure("timerfd_create");
  auto out = std::make_unique<PosixClockJumps>(executor, fd);
  itimerspec never{};
  never.it_value.tv_sec = sizeof(time_t) > 4 ? 253'402'300'799 : 0x7fffffff;  // 9999, 2038
  if (::timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, nullptr) != 0) {
    return failure("timerfd_settime");
  }
  return out;
}

}  // namespace skerry::seam

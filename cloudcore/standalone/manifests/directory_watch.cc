#include "cloudcore/standalone/manifests/directory_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

// clang-format off
#include "common/async/task.h"
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
// clang-format on

namespace skerry::standalone {

using async::Task;

struct DirectoryWatch::State {
  explicit State(async::Executor executor, int fd) : stream(executor, fd) {}
  boost::asio::posix::stream_descriptor stream;
};

DirectoryWatch::DirectoryWatch(std::shared_ptr<State> state) : state_(std::move(state)) {}
DirectoryWatch::~DirectoryWatch() { stop(); }

Result<std::unique_ptr<DirectoryWatch>> DirectoryWatch::open(const std::string& folder,
                                                             async::Executor executor) {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return fail(Code::kStorage, std::string("inotify: ") + std::strerror(errno));
  constexpr std::uint32_t kChanges = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
  if (::inotify_add_watch(fd, folder.c_str(), kChanges) < 0) {
    const std::string why = std::strerror(errno);
    ::close(fd);
    return fail(Code::kStorage, "watch " + folder + ": " + why);
  }
  return std::unique_ptr<DirectoryWatch>(new DirectoryWatch(std::make_shared<State>(executor, fd)));
}

Task<void> DirectoryWatch::run(async::Wakeup& changed) {
  const std::shared_ptr<State> state = state_;
  std::array<char, 4096> events{};
  for (;;) {
    boost::system::error_code error;
    const std::size_t bytes = co_await state->stream.async_read_some(
        boost::asio::buffer(events),
        boost::asio::redirect_error(boost::asio::use_awaitable, error));
    if (error || bytes == 0) co_return;
    changed.notify();
  }
}

void DirectoryWatch::stop() {
  boost::system::error_code ignored;
  state_->stream.close(ignored);
}

}  // namespace skerry::standalone

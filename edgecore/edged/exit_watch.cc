#include "edgecore/edged/exit_watch.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <system_error>

namespace skerry::edged {

namespace asio = boost::asio;

struct ExitWatch::Entry {
  Entry(const async::Executor& executor, int fd) : descriptor(executor, fd) {}
  asio::posix::stream_descriptor descriptor;
};

ExitWatch::ExitWatch(async::Executor executor) : executor_(std::move(executor)) {}

ExitWatch::~ExitWatch() {
  boost::system::error_code ignored;
  for (auto& [id, entry] : entries_) entry->descriptor.close(ignored);
}

Result<void> ExitWatch::watch(const std::string& container_id,
                              int pid,
                              std::function<void()> ended) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) {
    const int failure = errno;
    if (failure == ESRCH) return fail(Code::kNotFound, "process has ended");
    if (failure == ENOSYS) return fail(Code::kUnsupported, "this kernel has no pidfd_open");
    return fail(Code::kStorage, "pidfd_open: " + std::generic_category().message(failure));
  }
  const auto entry = std::make_shared<Entry>(executor_, fd);
  entries_[container_id] = entry;
  entry->descriptor.async_wait(
      asio::posix::stream_descriptor::wait_read,
      [entry, ended = std::move(ended)](const boost::system::error_code& failure) {
        if (!failure) ended();
      });
  return {};
}

void ExitWatch::forget(const std::string& container_id) {
  const auto found = entries_.find(container_id);
  if (found == entries_.end()) return;
  boost::system::error_code ignored;
  found->second->descriptor.close(ignored);
  entries_.erase(found);
}

bool ExitWatch::watches(const std::string& container_id) const {
  return entries_.count(container_id) > 0;
}

std::size_t ExitWatch::size() const { return entries_.size(); }

}  // namespace skerry::edged

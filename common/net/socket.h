// An owned TCP socket, so that no public header of the lane shows a networking library.
#pragma once

#include <string>
#include <utility>

namespace skerry::net {

/// Owner: whoever holds it; closed on destruction. May move between threads.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket();
  Socket(Socket&& other) noexcept : fd_(other.release()) {}
  Socket& operator=(Socket&& other) noexcept;

  int fd() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

struct Incoming {
  Socket socket;
  std::string remote_address;  // "10.0.0.7:40312", "[fd00::7]:40312"
};

/// Sends at once what is small and keeps at most 16 KiB in the kernel that is not on its way yet,
/// so that the lane's priorities are real (design.md section 4). Non-blocking from here on.
void prepare_socket(int fd);

/// A peer that resets must be an error and not a signal. Called by everything that opens sockets.
void ignore_sigpipe();

}  // namespace skerry::net

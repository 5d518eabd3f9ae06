#include "common/net/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "common/net/socket_address.h"

namespace skerry::net {
namespace {

constexpr int kNotSentBytesMax = 16 * 1024;

}  // namespace

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void prepare_socket(int fd) {
  // None of these can fail on a TCP socket in a way that matters: the lane works without them.
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kNotSentBytesMax, sizeof kNotSentBytesMax);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void ignore_sigpipe() {
  static const auto former = std::signal(SIGPIPE, SIG_IGN);
  (void)former;
}

std::string address_text(const sockaddr_storage& address) {
  const std::uint16_t port = address.ss_family == AF_INET6
                                 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                 : reinterpret_cast<const sockaddr_in&>(address).sin_port;
  return host_and_port(ip_text(address), ntohs(port));
}

std::string ip_text(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "?";
  const bool v6 = address.ss_family == AF_INET6;
  const void* ip =
      v6 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr)
         : static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  ::inet_ntop(v6 ? AF_INET6 : AF_INET, ip, text, sizeof text);
  return text;
}

std::string host_and_port(std::string_view host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string_view::npos;
  const std::string name = v6 ? "[" + std::string(host) + "]" : std::string(host);
  return name + ":" + std::to_string(port);
}

}  // namespace skerry::net

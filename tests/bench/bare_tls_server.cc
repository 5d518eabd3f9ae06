// bare_tls_server CA.crt CA.key
//
// The yardstick for accepted connections: mutual TLS with the hub's own context, one byte read and
// sent back, and nothing else; a thread for each core, as the hub has. Prints its port.
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>
#include <vector>

#include <openssl/ssl.h>

#include "common/tls/authority.h"
#include "common/tls/context.h"
#include "common/tls/key.h"

namespace skerry::bench {
namespace {

constexpr int kBacklog = 1024;

struct Connection {
  int fd;
  tls::Session session;
};

int listen_on(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd, kBacklog) != 0) {
    std::perror("bare_tls_server");
    std::exit(EXIT_FAILURE);
  }
  return fd;
}

void add(int epoll, int fd, void* what) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = what;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

void accept_some(int epoll, int listener, const tls::ServerContext& context) {
  for (;;) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    auto session = context.start(std::chrono::system_clock::now());
    if (!session) std::exit(EXIT_FAILURE);
    auto connection = std::make_unique<Connection>(Connection{fd, std::move(*session)});
    SSL_set_fd(connection->session.ssl(), fd);
    add(epoll, fd, connection.release());  // back in serve()
  }
}

void serve(std::unique_ptr<Connection> connection) {
  SSL* ssl = connection->session.ssl();
  char byte = 0;
  std::size_t bytes = 0;
  const int done = SSL_read_ex(ssl, &byte, 1, &bytes);  // does the handshake first
  if (done == 1) SSL_write_ex(ssl, &byte, 1, &bytes);
  const bool waits = done == 0 && SSL_get_error(ssl, done) == SSL_ERROR_WANT_READ;
  if (done == 1 || waits) {
    connection.release();  // in epoll's hands again
    return;
  }
  ::close(connection->fd);
}

void loop(int listener, const tls::ServerContext& context) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  add(epoll, listener, nullptr);
  epoll_event events[256];
  for (;;) {
    const int count = ::epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.ptr == nullptr) {
        accept_some(epoll, listener, context);
      } else {
        serve(std::unique_ptr<Connection>(static_cast<Connection*>(events[i].data.ptr)));
      }
    }
  }
}

std::string slurp(const char* path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

int run(char** argv) {
  const tls::Authority authority{slurp(argv[1]), slurp(argv[2])};
  const Result<std::string> key = tls::make_key();
  if (!key) return EXIT_FAILURE;
  const tls::ServerOrder order{.key_pem = *key,
                               .dns_names = {"localhost"},
                               .ip_addresses = {"127.0.0.1"},
                               .now = std::chrono::system_clock::now()};
  const Result<std::string> leaf = tls::issue_server_certificate(authority, order);
  if (!leaf) return EXIT_FAILURE;
  const auto context = tls::ServerContext::create({*leaf + authority.certificate_pem, *key},
                                                  authority.certificate_pem);
  if (!context) return EXIT_FAILURE;
  std::signal(SIGPIPE, SIG_IGN);

  const int first = listen_on(0);
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  ::getsockname(first, reinterpret_cast<sockaddr*>(&bound), &size);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i) {
    const int listener = i == 0 ? first : listen_on(ntohs(bound.sin_port));
    threads.emplace_back([listener, &context] { loop(listener, **context); });
  }
  std::printf("%d\n", ntohs(bound.sin_port));
  std::fflush(stdout);
  for (std::thread& thread : threads) thread.join();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace skerry::bench

int main(int argc, char** argv) {
  if (argc == 3) return skerry::bench::run(argv);
  std::fprintf(stderr, "bare_tls_server: see the top of tests/bench/bare_tls_server.cc\n");
  return 2;
}

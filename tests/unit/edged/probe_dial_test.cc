#include "edgecore/edged/probe_dial.h"

#include "tests/support/run_task.h"
#include "tests/unit/edged/probe_server.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <csignal>
#include <thread>

using namespace skerry;
using namespace skerry::edged;

namespace {

constexpr Duration kLong = 5s;
constexpr Duration kShort = 20ms;

Result<std::string> exchange(boost::asio::io_context& loop,
                             DialTarget target,
                             Enough enough,
                             std::size_t limit = 1000,
                             Duration timeout = kLong) {
  return test::run_task(loop,
                        dial_exchange(std::move(target), "ask", std::move(enough), limit, timeout));
}

bool never(const std::string&) { return false; }

/// Serves one TLS connection with a certificate that nobody vouches for.
class TlsServer {
 public:
  explicit TlsServer(boost::asio::io_context& loop)
      : acceptor_(loop, {boost::asio::ip::address_v4::loopback(), 0}),
        thread_([this] { serve(); }) {}
  ~TlsServer() { thread_.join(); }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  void serve() {
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()),
                                                              SSL_CTX_free);
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -200);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), -100);  // and has expired
    X509_set_pubkey(certificate.get(), key.get());
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    SSL_CTX_use_certificate(context.get(), certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), key.get());
    const int fd = ::accept(acceptor_.native_handle(), nullptr, nullptr);
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
    SSL_set_fd(ssl.get(), fd);
    char buffer[64];
    if (SSL_accept(ssl.get()) == 1 && SSL_read(ssl.get(), buffer, sizeof buffer) == 3) {
      SSL_write(ssl.get(), "secret answer", 13);
      SSL_shutdown(ssl.get());
    }
    ::close(fd);
  }

  boost::asio::ip::tcp::acceptor acceptor_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("ProbeDial: connects, or says why not as Go does", "[edged]") {
  boost::asio::io_context loop;
  const ProbeServer server(loop, "hi");
  CHECK(test::run_task(loop, dial_tcp({"127.0.0.1", server.port(), false}, kLong)));
  CHECK(test::run_task(loop, dial_tcp({"localhost", server.port(), false}, kLong)));
  const std::uint16_t closed = closed_port(loop);
  const auto refused = test::run_task(loop, dial_tcp({"127.0.0.1", closed, false}, kLong));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what ==
        "dial tcp 127.0.0.1:" + std::to_string(closed) + ": connect: connection refused");
  const auto name = test::run_task(loop, dial_tcp({"web.local", 80, false}, kLong));
  CHECK(name.error().code == Code::kUnsupported);
}

TEST_CASE("ProbeDial: reads until there is enough, the peer closes or the limit is reached",
          "[edged]") {
  boost::asio::io_context loop;
  const ProbeServer server(loop, std::string(5000, 'x'));
  const DialTarget target{"127.0.0.1", server.port(), false};
  CHECK(exchange(loop, target, never, 10000)->size() == 5000);
  CHECK(exchange(loop, target, never, 1234)->size() == 1234);
  CHECK(exchange(
            loop, target, [](const std::string& got) { return !got.empty(); }, 10000)
            ->size() <= 2048);
  CHECK(server.request() == "ask");
}

TEST_CASE("ProbeDial: a silent peer costs the timeout and no more", "[edged]") {
  boost::asio::io_context loop;
  const ProbeServer server(loop, "");
  const auto reply = exchange(loop, {"127.0.0.1", server.port(), false}, never, 100, kShort);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == Code::kTimeout);
  CHECK(reply.error().what.find("context deadline exceeded") == 0);
}

TEST_CASE("ProbeDial: TLS takes any certificate", "[edged]") {
  std::signal(SIGPIPE, SIG_IGN);
  boost::asio::io_context loop;
  const TlsServer server(loop);
  const auto reply = exchange(loop, {"127.0.0.1", server.port(), true}, never);
  REQUIRE(reply);
  CHECK(*reply == "secret answer");
}

TEST_CASE("ProbeDial: TLS to a peer that speaks none fails", "[edged]") {
  std::signal(SIGPIPE, SIG_IGN);
  boost::asio::io_context loop;
  const ProbeServer server(loop, "HTTP/1.1 400 Bad Request\r\n\r\n");
  const auto reply = exchange(loop, {"127.0.0.1", server.port(), true}, never);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == Code::kUnavailable);
}

// A tiny HTTP(S) server on loopback whose every answer the test scripts, with plain sockets.
#pragma once

#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/catch.h"

namespace skerry::kube {

inline constexpr int kPatienceMs = 10000;

/// A key and a certificate that signs itself, for `name` (a DNS name) or 127.0.0.1 when empty.
struct TestCertificate {
  explicit TestCertificate(const std::string& name = "") {
    key = EVP_EC_gen("P-256");
    certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* const subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    extend(NID_basic_constraints, "critical,CA:TRUE");
    extend(NID_subject_alt_name, name.empty() ? "IP:127.0.0.1" : "DNS:" + name);
    X509_sign(certificate, key, EVP_sha256());
  }
  ~TestCertificate() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  TestCertificate(const TestCertificate&) = delete;

  std::string pem() const {
    return text([this](BIO* out) { PEM_write_bio_X509(out, certificate); });
  }
  std::string key_pem() const {
    return text([this](BIO* out) {
      PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
  }

  EVP_PKEY* key;
  X509* certificate;

 private:
  void extend(int id, const std::string& value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  static std::string text(const std::function<void(BIO*)>& write) {
    BIO* const out = BIO_new(BIO_s_mem());
    write(out);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out, &data);
    std::string result(data, static_cast<std::size_t>(size));
    BIO_free(out);
    return result;
  }
};

/// One accepted connection, in its own thread, blocking with patience.
class Connection {
 public:
  Connection(int fd, SSL_CTX* context) : fd_(fd) {
    if (!context) return;
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, fd);
    broken_ = SSL_accept(ssl_) != 1;
  }
  ~Connection() {
    SSL_free(ssl_);
    ::close(fd_);
  }
  Connection(const Connection&) = delete;

  void write(std::string_view bytes) {
    while (!broken_ && !bytes.empty()) {
      const auto sent = ssl_ ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                             : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      broken_ = sent <= 0;
      if (!broken_) bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void chunk(std::string_view bytes) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    write(std::string(size) + std::string(bytes) + "\r\n");
  }
  void answer(int status, const std::string& body, const std::string& headers = "") {
    write("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " +
          std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body);
  }
  void begin_chunks() { write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"); }
  /// The next whole request; empty when the client has closed.
  std::string request() {
    std::size_t head = 0;
    while ((head = input_.find("\r\n\r\n")) == input_.npos) {
      if (!read_more()) return {};
    }
    std::size_t body = 0;
    if (const auto at = input_.find("Content-Length:"); at < head) {
      body = static_cast<std::size_t>(std::atoi(input_.c_str() + at + 15));
    }
    while (input_.size() < head + 4 + body) {
      if (!read_more()) return {};
    }
    const std::string whole = input_.substr(0, head + 4 + body);
    input_.erase(0, head + 4 + body);
    return whole;
  }
  /// True when the client closes within `patience_ms`; whatever it says is dropped.
  bool closed_within(int patience_ms) {
    while (!broken_) {
      pollfd wanted{fd_, POLLIN, 0};
      if (::poll(&wanted, 1, patience_ms) <= 0) return false;
      if (!read_more()) return true;
    }
    return true;
  }

 private:
  bool read_more() {
    if (broken_) return false;
    pollfd wanted{fd_, POLLIN, 0};
    if ((!ssl_ || SSL_pending(ssl_) == 0) && ::poll(&wanted, 1, kPatienceMs) <= 0) return false;
    char buffer[4096];
    const auto size =
        ssl_ ? SSL_read(ssl_, buffer, sizeof buffer) : ::recv(fd_, buffer, sizeof buffer, 0);
    if (size > 0) input_.append(buffer, static_cast<std::size_t>(size));
    return size > 0;
  }

  int fd_;
  SSL* ssl_ = nullptr;
  bool broken_ = false;
  std::string input_;
};

class ScriptedServer {
 public:
  using Script = std::function<void(Connection&)>;

  explicit ScriptedServer(Script script,
                          const TestCertificate* certificate = nullptr,
                          const TestCertificate* client_ca = nullptr)
      : script_(std::move(script)) {
    if (certificate) make_context(*certificate, client_ca);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener_, 16) == 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (std::thread& one : connections_) one.join();
    ::close(listener_);
    SSL_CTX_free(context_);
  }

  std::string url(const std::string& host = "127.0.0.1") const {
    return (context_ ? "https://" : "http://") + host + ":" + std::to_string(port_);
  }
  std::atomic<int> accepted{0};

 private:
  void accept_all() {
    for (int fd = 0; (fd = ::accept(listener_, nullptr, nullptr)) >= 0;) {
      ++accepted;
      connections_.emplace_back([this, fd] {
        Connection connection(fd, context_);
        script_(connection);
      });
    }
  }
  void make_context(const TestCertificate& own, const TestCertificate* client_ca) {
    context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context_, own.certificate);
    SSL_CTX_use_PrivateKey(context_, own.key);
    if (!client_ca) return;
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), client_ca->certificate);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }

  Script script_;
  SSL_CTX* context_ = nullptr;
  int listener_ = -1;
  int port_ = 0;
  std::thread acceptor_;
  std::vector<std::thread> connections_;
};

}  // namespace skerry::kube

#include "common/net/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>

#include <boost/asio/steady_timer.hpp>

namespace skerry::net {

namespace asio = boost::asio;

TlsStream::TlsStream(next_layer_type socket, tls::Session session)
    : socket_(std::move(socket)),
      session_(std::move(session)),
      last_received_(asio::steady_timer::clock_type::now()) {
  SSL_set_fd(session_.ssl(), socket_.native_handle());
}

// Every step looks first whether the socket is still ours: after close() its number may belong to
// another connection.

TlsStream::Step TlsStream::step_handshake() {
  if (!socket_.is_open()) return {Next::kDone, asio::error::operation_aborted, 0};
  ERR_clear_error();
  return outcome(SSL_do_handshake(session_.ssl()), 0);
}

TlsStream::Step TlsStream::step_read(asio::mutable_buffer buffer) {
  if (!socket_.is_open()) return {Next::kDone, asio::error::operation_aborted, 0};
  if (buffer.size() == 0) return {};
  ERR_clear_error();
  std::size_t bytes = 0;
  const int result = SSL_read_ex(session_.ssl(), buffer.data(), buffer.size(), &bytes);
  return outcome(result, bytes);
}

TlsStream::Step TlsStream::step_write(asio::const_buffer buffer) {
  if (!socket_.is_open()) return {Next::kDone, asio::error::operation_aborted, 0};
  if (buffer.size() == 0) return {};
  ERR_clear_error();
  std::size_t bytes = 0;
  const int result = SSL_write_ex(session_.ssl(), buffer.data(), buffer.size(), &bytes);
  const Step step = outcome(result, bytes);
  if (step.error) look_for_alert();
  return step;
}

TlsStream::Step TlsStream::outcome(int result, std::size_t bytes) {
  const int system_error = errno;
  note_received();
  if (result > 0) return {Next::kDone, {}, bytes};
  switch (SSL_get_error(session_.ssl(), result)) {
    case SSL_ERROR_WANT_READ:
      return {Next::kWaitRead, {}, 0};
    case SSL_ERROR_WANT_WRITE:
      return {Next::kWaitWrite, {}, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {Next::kDone, asio::error::eof, 0};
    case SSL_ERROR_SYSCALL:
      if (system_error == 0) return {Next::kDone, asio::error::eof, 0};
      return {Next::kDone, error_code(system_error, asio::error::get_system_category()), 0};
    default:
      failure_ = session_.explain();
      return {Next::kDone, asio::error::connection_aborted, 0};
  }
}

void TlsStream::note_received() {
  const std::uint64_t total = BIO_number_read(SSL_get_rbio(session_.ssl()));
  if (total == bytes_received_) return;
  bytes_received_ = total;
  last_received_ = asio::steady_timer::clock_type::now();
}

// A TLS 1.3 hub refuses a certificate after our side of the handshake is done. When its reset beats
// our read, the alert that says why still waits in the socket.
void TlsStream::look_for_alert() {
  if (failure_) return;
  char byte = 0;
  std::size_t bytes = 0;
  ERR_clear_error();
  const int result = SSL_read_ex(session_.ssl(), &byte, 1, &bytes);
  if (SSL_get_error(session_.ssl(), result) == SSL_ERROR_SSL) failure_ = session_.explain();
}

}  // namespace skerry::net

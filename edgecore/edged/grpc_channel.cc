#include "edgecore/edged/grpc_channel.h"

#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>
#include <map>
#include <system_error>
#include <vector>

#include "common/async/wakeup.h"
#include "common/base/assert.h"
#include "edgecore/edged/grpc_frames.h"

namespace skerry::edged {
namespace {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;

constexpr std::size_t kReadBytes = 16 * kKiB;
constexpr std::size_t kWriteBytes = 64 * kKiB;

std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

nghttp2_nv header(std::string_view name, std::string_view value) {
  auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

/// A unix connection is made at once or refused; it never waits.
Result<int> connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(Code::kMalformed, "container runtime socket path is too long: " + path);
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(Code::kUnavailable, std::generic_category().message(errno));
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int failure = errno;
    ::close(fd);
    return fail(Code::kUnavailable, "container runtime at " + path + " does not answer: " +
                                        std::generic_category().message(failure) +
                                        ": start it; what runs goes on");
  }
  return fd;
}

/// One call between its coroutine and its stream.
struct Stream {
  Stream(const async::Executor& executor, std::string bytes, std::size_t reply_bytes_max)
      : request(std::move(bytes)), reply(reply_bytes_max), over_or_lost(executor) {}
  std::string request;
  std::size_t sent = 0;
  GrpcReply reply;
  std::optional<Error> lost;  // the connection went before the stream ended
  bool over = false;
  async::Wakeup over_or_lost;
};

}  // namespace

// ---- one connection --------------------------------------------------------------------------

class GrpcChannel::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(const async::Executor& executor, int fd)
      : socket_(executor, asio::local::stream_protocol(), fd) {
    nghttp2_session_callbacks* callbacks = nullptr;
    SKERRY_ASSERT(nghttp2_session_callbacks_new(&callbacks) == 0, "out of memory");
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    const int made = nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    SKERRY_ASSERT(made == 0, "out of memory");
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  ~Connection() { nghttp2_session_del(session_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool usable() const { return !closed_ && !draining_; }
  std::size_t streams() const { return streams_.size(); }

  Result<std::int32_t> submit(std::string_view method,
                              Duration timeout,
                              const std::shared_ptr<Stream>& stream) {
    const std::string left = encode_grpc_timeout(timeout);
    const std::array headers = {
        header(":method", "POST"),    header(":scheme", "http"),
        header(":path", method),      header(":authority", "localhost"),
        header("te", "trailers"),     header("content-type", "application/grpc"),
        header("grpc-timeout", left), header("user-agent", "skerry"),
    };
    nghttp2_data_provider body{};
    body.source.ptr = stream.get();
    body.read_callback = read_request;
    const std::int32_t id = nghttp2_submit_request(session_, nullptr, headers.data(),
                                                   headers.size(), &body, stream.get());
    if (id < 0) return fail(Code::kUnavailable, nghttp2_strerror(id));
    streams_.emplace(id, stream);
    flush();
    return id;
  }

  /// The caller stopped waiting.
  void abandon(std::int32_t id) {
    if (streams_.count(id) == 0) return;
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    flush();
  }

  void read() {
    socket_.async_read_some(
        asio::buffer(read_buffer_),
        [self = shared_from_this()](const boost::system::error_code& failure, std::size_t size) {
          self->on_read(failure, size);
        });
  }

  void close(Code code, const std::string& why) {
    if (closed_) return;
    closed_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
    for (auto& [id, stream] : std::exchange(streams_, {})) {
      stream->lost = Error{code, why, {}};
      stream->over_or_lost.notify();
    }
  }

 private:
  void on_read(const boost::system::error_code& failure, std::size_t size) {
    if (failure) return close(Code::kUnavailable, "container runtime closed the connection");
    const ssize_t taken = nghttp2_session_mem_recv(
        session_, reinterpret_cast<std::uint8_t*>(read_buffer_.data()), size);
    if (taken < 0) {
      return close(Code::kUnavailable, std::string("container runtime broke HTTP/2: ") +
                                           nghttp2_strerror(static_cast<int>(taken)));
    }
    flush();
    if (!nghttp2_session_want_read(session_) && !nghttp2_session_want_write(session_)) {
      return close(Code::kUnavailable, "container runtime ended the connection");
    }
    if (!closed_) read();
  }

  /// At most one write at a time, of at most about kWriteBytes.
  void flush() {
    if (writing_ || closed_) return;
    write_buffer_.clear();
    while (write_buffer_.size() < kWriteBytes) {
      const std::uint8_t* data = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &data);
      if (size < 0) return close(Code::kUnavailable, nghttp2_strerror(static_cast<int>(size)));
      if (size == 0) break;
      write_buffer_.append(view(data, static_cast<std::size_t>(size)));
    }
    if (write_buffer_.empty()) return;
    writing_ = true;
    asio::async_write(
        socket_, asio::buffer(write_buffer_),
        [self = shared_from_this()](const boost::system::error_code& failure, std::size_t) {
          self->writing_ = false;
          if (failure) {
            return self->close(Code::kUnavailable, "container runtime closed the connection");
          }
          self->flush();
        });
  }

  // ---- nghttp2's callbacks: `user` is the Connection, a stream's user data is its Stream

  static Stream* find(void* user, std::int32_t id) {
    auto& streams = static_cast<Connection*>(user)->streams_;
    const auto found = streams.find(id);
    return found == streams.end() ? nullptr : found->second.get();
  }

  static ssize_t read_request(nghttp2_session*,
                              std::int32_t,
                              std::uint8_t* out,
                              std::size_t room,
                              std::uint32_t* flags,
                              nghttp2_data_source* source,
                              void*) {
    auto* stream = static_cast<Stream*>(source->ptr);
    const std::size_t size = std::min(room, stream->request.size() - stream->sent);
    std::memcpy(out, stream->request.data() + stream->sent, size);
    stream->sent += size;
    if (stream->sent == stream->request.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }

  static int on_header(nghttp2_session*,
                       const nghttp2_frame* frame,
                       const std::uint8_t* name,
                       std::size_t name_size,
                       const std::uint8_t* value,
                       std::size_t value_size,
                       std::uint8_t,
                       void* user) {
    Stream* stream = find(user, frame->hd.stream_id);
    if (stream != nullptr) stream->reply.on_header(view(name, name_size), view(value, value_size));
    return 0;
  }

  static int on_data(nghttp2_session* session,
                     std::uint8_t,
                     std::int32_t id,
                     const std::uint8_t* data,
                     std::size_t size,
                     void* user) {
    Stream* stream = find(user, id);
    if (stream != nullptr && !stream->reply.on_data(view(data, size))) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    }
    return 0;
  }

  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
    auto& streams = static_cast<Connection*>(user)->streams_;
    const auto found = streams.find(id);
    if (found == streams.end()) return 0;
    found->second->over = true;
    found->second->over_or_lost.notify();
    streams.erase(found);
    return 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) static_cast<Connection*>(user)->draining_ = true;
    return 0;
  }

  Socket socket_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, std::shared_ptr<Stream>> streams_;
  std::array<char, kReadBytes> read_buffer_{};
  std::string write_buffer_;
  bool writing_ = false;
  bool closed_ = false;
  bool draining_ = false;  // GOAWAY: what runs may end, new calls take a new connection
};

// ---- the channel -----------------------------------------------------------------------------

GrpcChannel::GrpcChannel(async::Executor executor,
                         seam::World world,
                         std::string socket_path,
                         std::size_t reply_bytes_max)
    : executor_(std::move(executor)),
      world_(world),
      socket_path_(std::move(socket_path)),
      reply_bytes_max_(reply_bytes_max) {}

GrpcChannel::~GrpcChannel() { close(); }

void GrpcChannel::close() {
  closed_ = true;
  if (connection_) connection_->close(Code::kCancelled, "edgecore is going down");
}

Result<std::shared_ptr<GrpcChannel::Connection>> GrpcChannel::connection() {
  if (closed_) return fail(Code::kCancelled, "edgecore is going down");
  if (connection_ && connection_->usable()) return connection_;
  const Result<int> fd = connect_unix(socket_path_);
  if (!fd) return fail(fd.error());
  connection_ = std::make_shared<Connection>(executor_, *fd);
  connection_->read();
  return connection_;
}

async::Task<Result<std::string>> GrpcChannel::call(std::string method,
                                                   std::string request,
                                                   Duration timeout) {
  if (request.size() > reply_bytes_max_) {
    co_return fail(Code::kTooLarge, method + ": request over the limit");
  }
  const Result<std::shared_ptr<Connection>> made = connection();
  if (!made) co_return fail(made.error());
  const std::shared_ptr<Connection> connection = *made;  // outlives a change of connection_
  if (connection->streams() >= kCallsMax) {
    co_return fail(Code::kThrottled, method + ": too many calls to the container runtime at once");
  }
  const TimePoint deadline = world_.clock.now() + timeout;
  const auto stream =
      std::make_shared<Stream>(executor_, encode_grpc_message(request), reply_bytes_max_);
  const Result<std::int32_t> id = connection->submit(method, timeout, stream);
  if (!id) co_return fail(id.error());
  while (!stream->over && !stream->lost) {
    if (co_await stream->over_or_lost.wait_until(deadline)) continue;
    connection->abandon(*id);
    co_return fail(Code::kTimeout, method + ": no reply from the container runtime in time");
  }
  if (stream->lost) co_return fail(*stream->lost);
  co_return std::move(stream->reply).finish(method);
}

}  // namespace skerry::edged

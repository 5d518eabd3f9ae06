// The only file that sees cpprestsdk. Its threads do one thing for us: post to the control loop.
// Pitfalls met (reference/feasibility.md item 3 and the library's source, 2.10.18):
//  - the head and the first bytes of an answer come on two threads in any order: HttpExchange sorts
//  it;
//  - its timeout starts anew with every piece, so the deadlines are ours and its own is far away;
//  - the next piece is read when we give the last one back: that bounds the memory of a slow reader
//  to
//    one piece: 64 KiB, or one chunk of a chunked answer, which it buffers whole;
//  - it always trusts the system's certificates and cannot verify another name: TlsTrust replaces
//  that;
//  - it cannot dial an IPv6 literal; it repeats a request on a new connection when an idle one was
//    closed under it, so every write here is one that may be repeated.
#include "cloudcore/kube/cpprest_http.h"

#include <utility>

#include <cpprest/http_client.h>
#include <pplx/threadpool.h>
#include <boost/asio/ssl/impl/src.hpp>

#include <charconv>
#include <mutex>
#include <unordered_set>

#include "cloudcore/kube/http_exchange.h"
#include "cloudcore/kube/tls_trust.h"
#include "cloudcore/kube/token_source.h"

namespace skerry::kube {
namespace {

constexpr std::size_t kThreads = 2;
constexpr auto kLibraryTimeout = std::chrono::seconds(20 * 60);  // longer than any deadline of ours
constexpr const char* kUserAgent = "skerry-cloudcore";

/// One request as the library's threads see it: where to post, and to whom if still there.
struct Reply {
  async::Executor executor;
  std::weak_ptr<HttpExchange> exchange;

  template <class Act>
  void post(Act act) const {
    async::post(executor, [weak = exchange, act = std::move(act)]() mutable {
      if (const auto exchange = weak.lock()) act(*exchange);
    });
  }
};

class LentChunk : public LentBytes {
 public:
  LentChunk(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  ~LentChunk() override { given_back.set(size_); }
  std::string_view view() const override { return {reinterpret_cast<const char*>(data_), size_}; }

  pplx::task_completion_event<std::size_t> given_back;

 private:
  const std::uint8_t* data_;  // the library's, until given_back
  std::size_t size_;
};

/// Where the library writes an answer's body. Write-only; everything else of the interface is
/// refused.
class BodyBuffer : public concurrency::streams::details::streambuf_state_manager<std::uint8_t> {
  using Base = concurrency::streams::details::streambuf_state_manager<std::uint8_t>;

 public:
  explicit BodyBuffer(std::shared_ptr<const Reply> reply)
      : Base(std::ios_base::out), reply_(std::move(reply)) {}

  bool can_seek() const override { return false; }
  bool has_size() const override { return false; }
  std::size_t buffer_size(std::ios_base::openmode) const override { return 0; }
  void set_buffer_size(std::size_t, std::ios_base::openmode) override {}
  std::size_t in_avail() const override { return 0; }
  pos_type getpos(std::ios_base::openmode) const override { return pos_type(traits::eof()); }
  pos_type seekpos(pos_type, std::ios_base::openmode) override { return pos_type(traits::eof()); }
  pos_type seekoff(off_type, std::ios_base::seekdir, std::ios_base::openmode) override {
    return pos_type(traits::eof());
  }
  bool acquire(std::uint8_t*&, std::size_t&) override { return false; }
  void release(std::uint8_t*, std::size_t) override {}

 protected:
  pplx::task<std::size_t> _putn(const std::uint8_t* data, std::size_t size) override {
    auto chunk = std::make_shared<LentChunk>(data, size);
    pplx::task<std::size_t> given_back(chunk->given_back);
    reply_->post([chunk = std::move(chunk)](HttpExchange& exchange) mutable {
      exchange.on_bytes(std::move(chunk));
    });
    return given_back;
  }
  pplx::task<int_type> _putc(std::uint8_t) override { return none(); }
  pplx::task<int_type> _bumpc() override { return none(); }
  int_type _sbumpc() override { return traits::eof(); }
  pplx::task<int_type> _getc() override { return none(); }
  int_type _sgetc() override { return traits::eof(); }
  pplx::task<int_type> _nextc() override { return none(); }
  pplx::task<int_type> _ungetc() override { return none(); }
  pplx::task<std::size_t> _getn(std::uint8_t*, std::size_t) override {
    return pplx::task_from_result<std::size_t>(0);
  }
  std::size_t _scopy(std::uint8_t*, std::size_t) override { return 0; }
  pplx::task<bool> _sync() override { return pplx::task_from_result(true); }
  std::uint8_t* _alloc(std::size_t) override { return nullptr; }
  void _commit(std::size_t) override {}

 private:
  static pplx::task<int_type> none() { return pplx::task_from_result<int_type>(traits::eof()); }

  std::shared_ptr<const Reply> reply_;
};

std::chrono::milliseconds retry_after(const web::http::http_response& response) {
  const auto header = response.headers().find("Retry-After");
  if (header == response.headers().end()) return {};
  std::uint32_t seconds = 0;  // Kubernetes sends seconds; a date is not understood
  const std::string& text = header->second;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds(std::min<std::uint32_t>(seconds, 3600));
}

const char* method_name(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kPatch:
      return "PATCH";
    case Method::kDelete:
      return "DELETE";
  }
  return "GET";
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host.starts_with("127.");
}

class CpprestHttp : public HttpClient, public std::enable_shared_from_this<CpprestHttp> {
 public:
  CpprestHttp(const ClientConfig& config,
              std::shared_ptr<TlsTrust> trust,
              async::Executor executor,
              seam::World world)
      : executor_(executor),
        world_(world),
        server_(config.server),
        server_name_(config.server_name),
        tokens_(config),
        trust_(std::move(trust)),
        client_(config.server, library_config(web::uri(config.server))) {}

  void send(HttpRequest request, Done done) override {
    start(std::move(request), [done = std::move(done), this](HttpExchange& exchange) mutable {
      exchange.answer_to([this, done = std::move(done)](Result<HttpResponse> answer) {
        if (answer && answer->status == 401) tokens_.refused();
        done(std::move(answer));
      });
    });
  }

  std::unique_ptr<HttpStream> stream(HttpRequest request, StreamSink& sink) override {
    return std::make_unique<Stream>(
        start(std::move(request), [&sink](HttpExchange& exchange) { exchange.stream_to(sink); }));
  }

  void stop(std::function<void()> done) override {
    stopped_ = true;
    on_idle_ = std::move(done);
    const auto running = running_;
    for (const auto& exchange : running) exchange->give_up(stop_error());
    async::post(executor_, [self = shared_from_this()] { self->check_idle(); });
  }

 private:
  class Stream : public HttpStream {
   public:
    explicit Stream(std::weak_ptr<HttpExchange> exchange) : exchange_(std::move(exchange)) {}
    ~Stream() override {
      if (const auto exchange = exchange_.lock()) exchange->abandon();
    }

   private:
    std::weak_ptr<HttpExchange> exchange_;
  };

  static Error stop_error() { return {Code::kCancelled, "the client is stopped", {}}; }

  web::http::client::http_client_config library_config(const web::uri& server) {
    web::http::client::http_client_config config;
    config.set_timeout(kLibraryTimeout);
    config.set_max_redirects(0);
    const std::string& name = server_name_.empty() ? server.host() : server_name_;
    config.set_tlsext_sni_enabled(name.find_first_not_of("0123456789.") != std::string::npos);
    if (trust_) {
      config.set_ssl_context_callback([trust = trust_](boost::asio::ssl::context& context) {
        trust->apply(context.native_handle());
      });
    }
    return config;
  }

  template <class Connect>
  std::shared_ptr<HttpExchange> start(HttpRequest request, Connect connect) {
    pplx::cancellation_token_source cancel;
    auto exchange = std::make_shared<HttpExchange>(executor_, request.answer_bytes_max,
                                                   [cancel] { cancel.cancel(); });
    connect(*exchange);
    exchange->expire_at(request.deadline);
    running_.insert(exchange);

    auto reply = std::make_shared<Reply>();
    reply->executor = executor_;
    reply->exchange = exchange;
    if (stopped_) {
      end(*reply, stop_error());
      return exchange;
    }
    try {
      dispatch(std::move(request), reply, cancel.get_token());
    } catch (const std::exception& thrown) {
      end(*reply, {{Code::kMalformed, std::string("request not sent: ") + thrown.what(), {}}});
    }
    return exchange;
  }

  void dispatch(HttpRequest request,
                const std::shared_ptr<const Reply>& reply,
                pplx::cancellation_token cancel) {
    web::http::http_request message(method_name(request.method));
    message.set_request_uri(web::uri(request.target));
    message.headers().add("Accept", "application/json");
    message.headers().add("User-Agent", kUserAgent);
    if (!server_name_.empty()) message.headers().add("Host", server_name_);
    if (const std::string& token = tokens_.current(world_.clock.now()); !token.empty()) {
      message.headers().add("Authorization", "Bearer " + token);
    }
    if (!request.content_type.empty()) {
      message.set_body(std::move(request.body), request.content_type);
    }
    const std::shared_ptr<concurrency::streams::details::basic_streambuf<std::uint8_t>> body =
        std::make_shared<BodyBuffer>(reply);
    message.set_response_stream(
        concurrency::streams::ostream(concurrency::streams::streambuf<std::uint8_t>(body)));

    // The library's threads from here on.
    client_.request(message, cancel)
        .then([reply](web::http::http_response head) {
          const int status = head.status_code();
          reply->post([status, wait = retry_after(head)](HttpExchange& exchange) {
            exchange.on_head(status, wait);
          });
          return head.content_ready();
        })
        .then([self = weak_from_this(), reply, trust = trust_,
               server = server_](pplx::task<web::http::http_response> ending) {
          std::optional<Error> error;
          try {
            ending.get();
          } catch (const std::exception& thrown) {
            error = {Code::kUnavailable, describe(server, thrown.what(), trust.get()), {}};
          }
          finish(self, *reply, std::move(error));
        });
  }

  static std::string describe(const std::string& server, std::string what, const TlsTrust* trust) {
    std::string text = "connection to the API server " + server + ": " + std::move(what);
    const std::string reason = trust ? trust->last_failure() : std::string();
    if (!reason.empty()) text += " (its certificate: " + reason + ")";
    return text;
  }

  void end(const Reply& reply, std::optional<Error> error) {
    finish(weak_from_this(), reply, std::move(error));
  }

  /// The last post of a request: after it, the library's side touches nothing of ours.
  static void finish(const std::weak_ptr<CpprestHttp>& client,
                     const Reply& reply,
                     std::optional<Error> error) {
    async::post(reply.executor,
                [client, weak = reply.exchange, error = std::move(error)]() mutable {
                  const auto exchange = weak.lock();
                  const auto self = client.lock();
                  if (!exchange || !self) return;
                  self->running_.erase(exchange);
                  exchange->on_end(std::move(error));
                  self->check_idle();
                });
  }

  void check_idle() {
    if (!stopped_ || !running_.empty() || !on_idle_) return;
    const auto done = std::exchange(on_idle_, nullptr);
    done();
  }

  async::Executor executor_;
  seam::World world_;
  const std::string server_;
  const std::string server_name_;
  TokenSource tokens_;
  const std::shared_ptr<TlsTrust> trust_;  // null: plain HTTP to this machine
  web::http::client::http_client client_;
  std::unordered_set<std::shared_ptr<HttpExchange>> running_;
  std::function<void()> on_idle_;
  bool stopped_ = false;
};

void start_threads_once() {
  static std::once_flag once;
  std::call_once(once, [] { crossplat::threadpool::initialize_with_threads(kThreads); });
}

}  // namespace

Result<std::shared_ptr<HttpClient>> make_cpprest_http(const ClientConfig& config,
                                                      async::Executor executor,
                                                      seam::World world) {
  try {
    start_threads_once();
    const web::uri server(config.server);
    const bool secure = server.scheme() == "https";
    if ((!secure && server.scheme() != "http") || server.host().empty()) {
      return fail(Code::kMalformed, "server: not an https:// URL: " + config.server);
    }
    if (!secure && !is_loopback(server.host())) {
      return fail(Code::kUnsupported,
                  "server: plain http:// only to this machine: " + config.server);
    }
    if (server.host().starts_with('[')) {
      return fail(
          Code::kUnsupported,
          "server: an IPv6 address cannot be dialled: give a host name (tls-server-name helps "
          "when the certificate has another): " +
              config.server);
    }
    std::shared_ptr<TlsTrust> trust;
    if (secure) {
      const std::string name = config.server_name.empty() ? server.host() : config.server_name;
      auto loaded = TlsTrust::load(config, name);
      if (!loaded) return fail(loaded.error());
      trust = std::move(*loaded);
    }
    return std::make_shared<CpprestHttp>(config, std::move(trust), executor, world);
  } catch (const std::exception& thrown) {
    return fail(Code::kMalformed, std::string("server: ") + thrown.what());
  }
}

}  // namespace skerry::kube

// HTTP as the Kubernetes client needs it: whole answers under a size limit, and byte streams.
// cpprest_http.cc is the product's implementation; tests script their own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/async/task.h"
#include "common/base/result.h"
#include "common/base/units.h"

namespace skerry::kube {

enum class Method : std::uint8_t { kGet, kPost, kPut, kPatch, kDelete };

inline constexpr std::size_t kAnswerBytesMax = 4 * kMiB;  // one object, a token, a status
inline constexpr std::size_t kPageBytesMax = 64 * kMiB;   // one page of a list
inline constexpr auto kCallTimeout = std::chrono::seconds(20);

struct HttpRequest {
  Method method = Method::kGet;
  std::string target;        // path and query, percent-encoded
  std::string content_type;  // of `body`; empty without one
  std::string body;
  TimePoint deadline;
  std::size_t answer_bytes_max = kAnswerBytesMax;  // checked while reading
  bool urgent = false;                             // goes before the others in a queue (leases)
};

/// An answer of any status: the caller decides what 404 means.
struct HttpResponse {
  int status = 0;
  std::string body;
  std::chrono::milliseconds retry_after{};  // the Retry-After header; 0: none
};

/// Receives one stream. Calls come on the client's executor, in this order, on_end exactly once.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  virtual void on_open() = 0;  // status 200
  virtual void on_bytes(std::string_view bytes) = 0;
  /// With a status other than 200 the answer (its body under the limit); with 200 the clean end.
  virtual void on_end(Result<HttpResponse> end) = 0;
};

/// A stream that runs. Destruction cancels it: the sink hears nothing afterwards.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
};

/// Owner: App. Thread: calls and callbacks on the executor it was made with (one loop).
/// A callback never runs inside the call that started it; it runs exactly once, at the deadline at
/// the latest. Errors: kUnavailable (connection), kTimeout, kTooLarge, kCancelled (stop()).
class HttpClient {
 public:
  using Done = std::function<void(Result<HttpResponse>)>;
  virtual ~HttpClient() = default;

  virtual void send(HttpRequest request, Done done) = 0;
  /// `sink` must live until the stream is destroyed or has ended. `answer_bytes_max` limits only
  /// the body of a refusal: the reader of an endless stream limits its lines.
  virtual std::unique_ptr<HttpStream> stream(HttpRequest request, StreamSink& sink) = 0;
  /// Cancels everything; `done` runs when no callback is left. Destruction comes after it.
  virtual void stop(std::function<void()> done) = 0;
};

}  // namespace skerry::kube

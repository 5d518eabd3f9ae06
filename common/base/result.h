// The one way a fallible function answers. Exceptions stop in the adapter file of the library that
// throws them; everything else returns Result. The code decides what happens next (retry, HTTP
// status, metric); the text is for people and says what to do.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace skerry {

enum class Code : std::uint8_t {
  kMalformed,     // input that cannot be understood
  kUnauthorized,  // who are you
  kForbidden,     // you may not
  kNotFound,
  kAlreadyExists,
  kConflict,     // the object changed meanwhile, or another owner holds it
  kGone,         // history compacted: list again
  kTooLarge,     // over a size limit
  kThrottled,    // asked to slow down; see Error::retry_after
  kUnavailable,  // the peer is away; worth a retry
  kTimeout,
  kCancelled,
  kUnsupported,
  kStorage,  // disk or database
  kInternal,
};

std::string_view to_string(Code code);

struct Error {
  Code code = Code::kInternal;
  std::string what;                         // one line for people: what happened and what to do
  std::chrono::milliseconds retry_after{};  // 0: the caller's own backoff
};

/// True when the same request may succeed later without anybody changing anything.
bool is_retryable(Code code);

template <class T>
struct [[nodiscard]] Result : tl::expected<T, Error> {
  using tl::expected<T, Error>::expected;
};

inline tl::unexpected<Error> fail(Code code, std::string what) {
  return tl::unexpected<Error>(Error{code, std::move(what), {}});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

/// Prefixes the text of an error with what was being done when it happened.
inline tl::unexpected<Error> fail(std::string_view doing, Error error) {
  error.what = std::string(doing) + ": " + error.what;
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace skerry

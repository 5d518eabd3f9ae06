// The little HTTP that metrics, health and the local socket need: one GET per connection. Pure.
// Source: RFC 9112, cut down.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "common/async/task.h"
#include "common/base/result.h"

namespace skerry::metrics {

inline constexpr std::size_t kRequestHeadBytesMax = std::size_t{8} * 1024;

struct HttpRequest {
  std::string path;                          // "/pods", percent-decoded
  std::map<std::string, std::string> query;  // decoded; of a repeated name the last one counts
};

struct HttpReply {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
};

using HttpHandler = std::function<async::Task<HttpReply>(HttpRequest)>;

/// `head`: everything up to the empty line. Errors: kMalformed; kUnsupported for a method other
/// than GET; kTooLarge beyond kRequestHeadBytesMax.
Result<HttpRequest> parse_request_head(std::string_view head);

std::string encode_request(std::string_view target);
std::string encode_reply(const HttpReply& reply);

/// The body of a whole reply, read to the end of the connection. A status other than 200 is an
/// error with the body's first line as its text.
Result<std::string> parse_reply(std::string_view reply);

/// One part of a target, percent-encoded for use in a path or a query.
std::string encode_component(std::string_view text);

/// The reply that tells an error. `/logs` of a pod that is not here: 404 and why.
HttpReply error_reply(const Error& error);

}  // namespace skerry::metrics

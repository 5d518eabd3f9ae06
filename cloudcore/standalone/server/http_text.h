// Requests and answers of HTTP/1.1 as text: targets, heads, chunks. Pure. Internal to server.
// Source: RFC 9112, RFC 3986.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cloudcore/standalone/api/request.h"

namespace skerry::standalone {

/// Percent-decoded path and query parameters into `request`.
void read_target(std::string_view target, ApiRequest& request);
/// "application/json; charset=utf-8" -> "application/json"
std::string media_type(std::string_view header);
/// Of an Authorization header; empty: none.
std::string bearer_token(std::string_view header);

/// Status line and headers, without the ones about length and connection, and without the empty
/// line.
std::string response_head(const ApiResponse& response);

/// One chunk of all pieces; of none, the last chunk.
std::vector<std::shared_ptr<const std::string>> as_chunk(
    const std::vector<std::shared_ptr<const std::string>>& pieces);

}  // namespace skerry::standalone

// A request to the standalone API after HTTP and authentication, and its answer. The server makes
// them from connections; controllers of this process make them directly.
// Source: k8s.io/apiserver/pkg/endpoints/request (RequestInfo).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cloudcore/standalone/api/api_error.h"
#include "common/async/task.h"
#include "common/base/units.h"

namespace skerry::standalone {

inline constexpr std::size_t kRequestBodyBytesMax = 3 * kMiB;

/// Who asks, as authentication proved it.
struct User {
  std::string name;  // "system:anonymous" when nobody
  std::string uid;
  std::vector<std::string> groups;
  std::vector<std::pair<std::string, std::vector<std::string>>> extra;
  bool in_group(std::string_view group) const;
};

struct ApiRequest {
  std::string method;  // GET, POST, PUT, PATCH, DELETE, HEAD
  std::string path;    // percent-decoded
  std::vector<std::pair<std::string, std::string>> query;
  std::string content_type;  // without parameters
  std::string accept;
  std::string user_agent;
  std::string body;
  User user;

  /// The first value of a query parameter; empty: absent.
  std::string_view param(std::string_view key) const;
  bool flag(std::string_view key) const;  // "true", "1"
};

/// What a path and method ask for.
struct RequestInfo {
  std::string verb;  // get list watch create update patch delete deletecollection; else the method
  bool is_resource = false;
  GroupVersion gv;
  std::string ns;
  std::string resource;
  std::string name;
  std::string subresource;
  std::string rest;  // of the path, behind the subresource (proxy)
};
RequestInfo request_info(const ApiRequest& request);

/// A body that has no end yet (a watch, a log). Owner: the connection.
class ResponseStream {
 public:
  virtual ~ResponseStream() = default;
  /// The next bytes, with those that wait behind them; empty: the end. Waits without a limit of its
  /// own: cancel() ends it.
  virtual async::Task<std::vector<std::shared_ptr<const std::string>>> next() = 0;
  virtual void cancel() = 0;
};

struct ApiResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  /// Pieces that make up the body: a list's objects are shared with the store and not copied.
  std::vector<std::shared_ptr<const std::string>> body;
  std::shared_ptr<ResponseStream> stream;  // instead of `body`

  void add(std::string piece);
  std::string text() const;  // the whole body
};

ApiResponse json_response(int status, std::string body);
ApiResponse error_response(const ApiError& error);
/// The Warning header of RFC 7234 that kubectl prints.
void add_warning(ApiResponse& response, std::string_view text);

}  // namespace skerry::standalone

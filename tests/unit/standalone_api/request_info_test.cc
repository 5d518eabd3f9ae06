#include "cloudcore/standalone/api/request.h"
#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

struct Row {
  const char* method;
  const char* path;
  const char* query;   // one key=value
  const char* wanted;  // verb group/version namespace resource name subresource
};

const Row kRows[] = {
    {"GET", "/api/v1/namespaces", "", "list /v1 - namespaces - -"},
    {"GET", "/api/v1/namespaces/a", "", "get /v1 a namespaces a -"},
    {"PUT", "/api/v1/namespaces/a/status", "", "update /v1 a namespaces a status"},
    {"PUT", "/api/v1/namespaces/a/finalize", "", "update /v1 a namespaces a finalize"},
    {"GET", "/api/v1/namespaces/a/pods", "", "list /v1 a pods - -"},
    {"GET", "/api/v1/namespaces/a/pods", "watch=true", "watch /v1 a pods - -"},
    {"GET", "/api/v1/pods", "watch=1", "watch /v1 - pods - -"},
    {"GET", "/api/v1/watch/namespaces/a/pods", "", "watch /v1 a pods - -"},
    {"POST", "/api/v1/namespaces/a/pods", "", "create /v1 a pods - -"},
    {"DELETE", "/api/v1/namespaces/a/pods", "", "deletecollection /v1 a pods - -"},
    {"DELETE", "/api/v1/namespaces/a/pods/p", "", "delete /v1 a pods p -"},
    {"POST", "/api/v1/namespaces/a/pods/p/binding", "", "create /v1 a pods p binding"},
    {"PATCH", "/apis/apps/v1/namespaces/a/deployments/d/scale", "",
     "patch apps/v1 a deployments d scale"},
    {"GET", "/apis/apps/v1", "", "get / - - - -"},
    {"GET", "/version", "", "get / - - - -"},
};

std::string text_of(const RequestInfo& info) {
  const auto or_dash = [](const std::string& text) { return text.empty() ? "-" : text; };
  return info.verb + " " + info.gv.group + "/" + info.gv.version + " " + or_dash(info.ns) + " " +
         or_dash(info.resource) + " " + or_dash(info.name) + " " + or_dash(info.subresource);
}

TEST_CASE("request_info: what a method and a path ask for", "[standalone]") {
  for (const Row& row : kRows) {
    INFO(row.method << " " << row.path << " " << row.query);
    ApiRequest request;
    request.method = row.method;
    request.path = row.path;
    const std::string query = row.query;
    if (const auto sign = query.find('='); sign != std::string::npos) {
      request.query.emplace_back(query.substr(0, sign), query.substr(sign + 1));
    }
    CHECK(text_of(request_info(request)) == row.wanted);
  }
}

}  // namespace
}  // namespace skerry::standalone

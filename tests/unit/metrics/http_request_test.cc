#include "common/metrics/http_request.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::metrics;

TEST_CASE("HttpRequest: path and query are decoded", "[metrics]") {
  Result<HttpRequest> request = parse_request_head(
      "GET /logs/a%20b?pod=default%2Fweb&tail=10&x&=y#z HTTP/1.1\r\nA: b\r\n\r\n");
  REQUIRE(request);
  CHECK(request->path == "/logs/a b");
  CHECK(request->query.at("pod") == "default/web");
  CHECK(request->query.at("tail") == "10");
  CHECK(request->query.at("x").empty());
  const std::string target = "/q?v=" + encode_component("a b&c=%/\xc3\xa4");
  CHECK(parse_request_head(encode_request(target))->query.at("v") == "a b&c=%/\xc3\xa4");
}

TEST_CASE("HttpRequest: what is not a plain GET is refused", "[metrics]") {
  const std::pair<std::string, Code> rows[] = {
      {"", Code::kMalformed},
      {"\r\n\r\n", Code::kMalformed},
      {"GET\r\n\r\n", Code::kMalformed},
      {"GET /\r\n\r\n", Code::kMalformed},
      {"GET / HTTP/2.0\r\n\r\n", Code::kMalformed},
      {"GET  / HTTP/1.1\r\n\r\n", Code::kMalformed},
      {"GET / x HTTP/1.1\r\n\r\n", Code::kMalformed},
      {"GET http://a/ HTTP/1.1\r\n\r\n", Code::kMalformed},
      {"GET /%2 HTTP/1.1\r\n\r\n", Code::kMalformed},
      {"GET /%zz HTTP/1.1\r\n\r\n", Code::kMalformed},
      {"GET /%00 HTTP/1.1\r\n\r\n", Code::kMalformed},
      {"GET /?a=%f HTTP/1.1\r\n\r\n", Code::kMalformed},
      {std::string("GET /\0 HTTP/1.1\r\n\r\n", 19), Code::kMalformed},
      {"\x16\x03\x01\x02 hello\r\n\r\n", Code::kMalformed},
      {"POST / HTTP/1.1\r\n\r\n", Code::kUnsupported},
      {"get / HTTP/1.1\r\n\r\n", Code::kUnsupported},
      {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n\r\n", Code::kTooLarge},
  };
  for (const auto& [head, code] : rows) {
    CAPTURE(head);
    Result<HttpRequest> request = parse_request_head(head);
    REQUIRE_FALSE(request);
    CHECK(request.error().code == code);
  }
}

TEST_CASE("HttpReply: what is encoded is read back, and a cut reply is noticed", "[metrics]") {
  const std::string bytes = encode_reply({200, "hello\n"});
  CHECK(parse_reply(bytes).value() == "hello\n");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(parse_reply(bytes.substr(0, size)));
  }
  Result<std::string> missing = parse_reply(encode_reply({404, "no such pod\nmore\n"}));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Code::kNotFound);
  CHECK(missing.error().what == "no such pod");
}

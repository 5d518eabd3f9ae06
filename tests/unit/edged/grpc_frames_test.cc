#include "edgecore/edged/grpc_frames.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edged;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kLimit = 100;

GrpcReply good_headers() {
  GrpcReply reply(kLimit);
  reply.on_header(":status", "200");
  reply.on_header("content-type", "application/grpc");
  return reply;
}

std::string message_of(const std::string& bytes, std::size_t chunk) {
  GrpcReply reply = good_headers();
  for (std::size_t at = 0; at < bytes.size(); at += chunk) {
    REQUIRE(reply.on_data(std::string_view(bytes).substr(at, chunk)));
  }
  reply.on_header("grpc-status", "0");
  const Result<std::string> done = std::move(reply).finish("M");
  REQUIRE(done);
  return *done;
}

}  // namespace

TEST_CASE("GrpcReply: reads a message however its bytes are cut", "[edged]") {
  const std::string wire = encode_grpc_message("hello");
  CHECK(wire == std::string("\0\0\0\0\5hello", 10));
  for (std::size_t chunk = 1; chunk <= wire.size(); ++chunk)
    CHECK(message_of(wire, chunk) == "hello");
  CHECK(message_of(encode_grpc_message(""), 2).empty());
}

TEST_CASE("GrpcReply: refuses what is not one whole message", "[edged]") {
  SECTION("over the limit, at the prefix") {
    GrpcReply reply = good_headers();
    CHECK_FALSE(reply.on_data(std::string_view("\0\xff\xff\xff\xff", 5)));
    CHECK(std::move(reply).finish("M").error().code == Code::kTooLarge);
  }
  SECTION("compressed") {
    GrpcReply reply = good_headers();
    CHECK_FALSE(reply.on_data(std::string_view("\1\0\0\0\1x", 6)));
    CHECK(std::move(reply).finish("M").error().code == Code::kMalformed);
  }
  SECTION("bytes after the message") {
    GrpcReply reply = good_headers();
    CHECK_FALSE(reply.on_data(encode_grpc_message("a") + "b"));
    CHECK_FALSE(reply.on_data("c"));
    CHECK(std::move(reply).finish("M").error().code == Code::kMalformed);
  }
  SECTION("cut short") {
    GrpcReply reply = good_headers();
    CHECK(reply.on_data(std::string_view("\0\0\0\0\5he", 7)));
    reply.on_header("grpc-status", "0");
    CHECK(std::move(reply).finish("M").error().code == Code::kMalformed);
  }
  SECTION("no message at all") {
    GrpcReply reply = good_headers();
    reply.on_header("grpc-status", "0");
    CHECK(std::move(reply).finish("M").error().code == Code::kMalformed);
  }
  SECTION("no status") {
    GrpcReply reply = good_headers();
    CHECK(reply.on_data(encode_grpc_message("x")));
    CHECK(std::move(reply).finish("M").error().code == Code::kUnavailable);
  }
  SECTION("an HTTP server that speaks no gRPC") {
    GrpcReply reply(kLimit);
    reply.on_header(":status", "404");
    CHECK(std::move(reply).finish("M").error().what.find("404") != std::string::npos);
  }
}

TEST_CASE("GrpcReply: the runtime's error keeps its code and words", "[edged]") {
  struct Row {
    const char* status;
    const char* text;
    Code code;
    const char* what;
  };
  const Row rows[] = {
      {"5", "no such container", Code::kNotFound, "M: no such container"},
      {"12", "unknown method", Code::kUnsupported, "M: unknown method"},
      {"14", "", Code::kUnavailable, "M: "},
      {"4", "late", Code::kTimeout, "M: late"},
      {"8", "busy", Code::kThrottled, "M: busy"},
      {"2", "100%25 of %C3%A9%0A!", Code::kInternal, "M: 100% of \xc3\xa9 !"},
      {"2", "broken %zz %4", Code::kInternal, "M: broken %zz %4"},
      {"99", "new code", Code::kInternal, "M: new code"},
      {"banana", "no number", Code::kInternal, "M: no number"},
  };
  for (const Row& row : rows) {
    GrpcReply reply = good_headers();
    reply.on_header("grpc-status", row.status);
    reply.on_header("grpc-message", row.text);
    const Result<std::string> done = std::move(reply).finish("M");
    REQUIRE_FALSE(done);
    CHECK(done.error().code == row.code);
    CHECK(done.error().what == row.what);
  }
}

TEST_CASE("GrpcReply: an endless error text is cut", "[edged]") {
  GrpcReply reply = good_headers();
  reply.on_header("grpc-status", "2");
  reply.on_header("grpc-message", std::string(1 * kMiB, 'x'));
  CHECK(std::move(reply).finish("M").error().what.size() < 5 * kKiB);
}

TEST_CASE("encode_grpc_timeout: at most eight digits", "[edged]") {
  CHECK(encode_grpc_timeout(1500ms) == "1500m");
  CHECK(encode_grpc_timeout(0ms) == "1m");
  CHECK(encode_grpc_timeout(std::chrono::hours(30)) == "108000S");
}

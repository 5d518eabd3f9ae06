#include "cloudcore/kube/api_error.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::kube;

namespace {

Error refused(int status, const std::string& body, std::chrono::milliseconds retry_after = {}) {
  const auto error = refusal({status, body, retry_after});
  REQUIRE(error.has_value());
  return *error;
}

}  // namespace

TEST_CASE("ApiError: a success is no refusal", "[kube]") {
  CHECK_FALSE(refusal({200, "{}", {}}).has_value());
  CHECK_FALSE(refusal({201, "", {}}).has_value());
}

TEST_CASE("ApiError: each status has one code", "[kube]") {
  struct Case {
    int status;
    const char* reason;
    Code code;
  };
  const Case cases[] = {
      {400, "BadRequest", Code::kMalformed},
      {401, "Unauthorized", Code::kUnauthorized},
      {403, "Forbidden", Code::kForbidden},
      {404, "NotFound", Code::kNotFound},
      {405, "MethodNotAllowed", Code::kUnsupported},
      {409, "AlreadyExists", Code::kAlreadyExists},
      {409, "Conflict", Code::kConflict},
      {410, "Expired", Code::kGone},
      {413, "RequestEntityTooLarge", Code::kTooLarge},
      {422, "Invalid", Code::kMalformed},
      {429, "TooManyRequests", Code::kThrottled},
      {500, "InternalError", Code::kUnavailable},
      {503, "ServiceUnavailable", Code::kUnavailable},
      {504, "Timeout", Code::kUnavailable},
      {302, "", Code::kInternal},
  };
  for (const Case& one : cases) {
    INFO(one.status << " " << one.reason);
    const Error error =
        refused(one.status, std::string(R"({"kind":"Status","reason":")") + one.reason +
                                R"(","message":"pods \"x\" are odd"})");
    CHECK(error.code == one.code);
    CHECK(error.what.find("pods \"x\" are odd") != std::string::npos);
  }
}

TEST_CASE("ApiError: the time to wait comes from the header, else from the details", "[kube]") {
  const std::string body = R"({"details":{"retryAfterSeconds":7}})";
  CHECK(refused(429, body, std::chrono::seconds(3)).retry_after == std::chrono::seconds(3));
  CHECK(refused(429, body).retry_after == std::chrono::seconds(7));
  CHECK(refused(503, R"({"details":{"retryAfterSeconds":999999}})").retry_after ==
        std::chrono::minutes(5));
  CHECK(refused(503, R"({"details":{"retryAfterSeconds":-1}})").retry_after.count() == 0);
}

TEST_CASE("ApiError: a patch for another uid is a conflict", "[kube]") {
  const auto invalid = [](const std::string& field) {
    return R"({"reason":"Invalid","details":{"causes":[{"reason":"FieldValueInvalid","field":")" +
           field + R"("}]}})";
  };
  CHECK(refused(422, invalid("metadata.uid")).code == Code::kConflict);
  CHECK(refused(422, invalid("spec.nodeName")).code == Code::kMalformed);
  CHECK(refused(422, R"({"reason":"Invalid","details":{"causes":[1,{}]}})").code ==
        Code::kMalformed);
}

TEST_CASE("ApiError: an answer that is no Status still gives a bounded text", "[kube]") {
  const Error error = refused(502, std::string(100000, 'x'));
  CHECK(error.code == Code::kUnavailable);
  CHECK(error.what.size() < 2000);
  CHECK(refused(500, "").code == Code::kUnavailable);
  CHECK(refused(403, "[1]").code == Code::kForbidden);
}

TEST_CASE("ApiError: the Status of a watch is judged by its own code", "[kube]") {
  CHECK(status_error(R"({"kind":"Status","code":410,"reason":"Expired","message":"old"})").code ==
        Code::kGone);
  CHECK(status_error(R"({"code":500})").code == Code::kUnavailable);
  CHECK(status_error("nonsense").code == Code::kInternal);
}

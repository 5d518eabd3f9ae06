#include "common/base/base64.h"

#include "tests/support/catch.h"

using namespace skerry;

TEST_CASE("Base64: both ways", "[base]") {
  const std::pair<std::string, std::string> rows[] = {// RFC 4648, section 10
                                                      {"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"foobar", "Zm9vYmFy"},
                                                      {std::string("\0\0\xff", 3), "AAD/"},
                                                      {"\xfb\xff\xbf", "+/+/"}};
  for (const auto& [bytes, text] : rows) {
    CAPTURE(text);
    CHECK(encode_base64(bytes) == text);
    CHECK(decode_base64(text).value() == bytes);
  }
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  CHECK(decode_base64(encode_base64(all)).value() == all);
}

TEST_CASE("Base64: line ends are passed over, as Go does", "[base]") {
  for (const char* text : {"Zm9v\n", "Zm\n9v\r\n", "\nZm9v"}) {
    CAPTURE(text);
    CHECK(decode_base64(text).value() == "foo");
  }
  CHECK(decode_base64("Zg=\n=\n").value() == "f");
}

TEST_CASE("Base64: nothing else is taken", "[base]") {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "Z===", "Zm9v=", "Zm9v==", "Z g=", "=Zg=",
                           "Zg=v", "Zg==Zg==", "TWF-", "=", "==", "===="}) {
    CAPTURE(text);
    const Result<std::string> decoded = decode_base64(text);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == Code::kMalformed);
  }
}

TEST_CASE("Base64: a token's part has the URL alphabet and no padding", "[base]") {
  CHECK(decode_base64url("-_-_").value() == "\xfb\xff\xbf");
  CHECK(decode_base64url("Zg").value() == "f");
  CHECK(decode_base64url("").value().empty());
  for (const char* text : {"Z", "Zg==", "+/+/", "Zm9vY"}) {
    CAPTURE(text);
    CHECK_FALSE(decode_base64url(text));
  }
}

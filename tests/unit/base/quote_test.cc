#include "common/base/quote.h"

#include "tests/support/catch.h"

using namespace skerry;

TEST_CASE("Quote: what would end or garble the text is escaped", "[base]") {
  CHECK(quote("") == R"("")");
  CHECK(quote("a b") == R"("a b")");
  CHECK(quote(R"(say "a\b")") == R"("say \"a\\b\"")");
  CHECK(quote("a\nb\tc\rd") == R"("a\nb\tc\rd")");
  CHECK(quote(std::string_view("\x01\x7f", 2)) == R"("\x01\x7f")");
  CHECK(quote("\xc3\xa4") == "\"\xc3\xa4\"");
}

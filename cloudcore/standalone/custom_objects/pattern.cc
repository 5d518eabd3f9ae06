#include "cloudcore/standalone/custom_objects/pattern.h"

#include <re2/re2.h>

namespace skerry::standalone {
namespace {

/// Go's words for RE2's codes.
const char* words(re2::RE2::ErrorCode code) {
  switch (code) {
    case re2::RE2::ErrorBadEscape:
      return "invalid escape sequence";
    case re2::RE2::ErrorBadCharClass:
    case re2::RE2::ErrorBadCharRange:
      return "invalid character class range";
    case re2::RE2::ErrorMissingBracket:
      return "missing closing ]";
    case re2::RE2::ErrorMissingParen:
      return "missing closing )";
    case re2::RE2::ErrorUnexpectedParen:
      return "unexpected )";
    case re2::RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case re2::RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case re2::RE2::ErrorRepeatSize:
      return "invalid repeat count";
    case re2::RE2::ErrorRepeatOp:
      return "invalid nested repetition operator";
    case re2::RE2::ErrorBadPerlOp:
      return "invalid or unsupported Perl syntax";
    case re2::RE2::ErrorBadUTF8:
      return "invalid UTF-8";
    case re2::RE2::ErrorBadNamedCapture:
      return "invalid named capture";
    case re2::RE2::ErrorPatternTooLarge:
      return "expression too large";
    default:
      return "regexp/syntax: internal error";
  }
}

}  // namespace

struct Pattern::Compiled {
  explicit Compiled(const std::string& text) : regex(text, re2::RE2::Quiet) {}
  re2::RE2 regex;
};

Result<Pattern> Pattern::compile(const std::string& text) {
  if (text.size() > kPatternBytesMax) {
    return fail(Code::kMalformed, "error parsing regexp: expression too large");
  }
  auto compiled = std::make_shared<const Compiled>(text);
  if (!compiled->regex.ok()) {
    return fail(Code::kMalformed, std::string("error parsing regexp: ") +
                                      words(compiled->regex.error_code()) + ": `" +
                                      compiled->regex.error_arg() + "`");
  }
  return Pattern(std::move(compiled));
}

bool Pattern::matches(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled_->regex);
}

}  // namespace skerry::standalone

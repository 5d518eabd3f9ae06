// Where JSON ends to be JSON. Walked only when it is known to be wrong: what is right needs no
// words.
#include <vector>

#include "cloudcore/standalone/decoding/json_text.h"

namespace skerry::standalone {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// A character as Go writes it between single quotes.
std::string in_quotes(char c) {
  if (c == '\'') return R"('\'')";
  if (c == '"') return "'\"'";
  if (c == '\n') return R"('\n')";
  if (c == '\t') return R"('\t')";
  if (c == '\r') return R"('\r')";
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20 && byte < 0x7f) return std::string("'") + c + "'";
  static constexpr char kHex[] = "0123456789abcdef";
  return std::string("'\\x") + kHex[byte >> 4] + kHex[byte & 15] + "'";
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::string problem() {
    if (!value()) return problem_;
    while (!open_.empty()) {
      if (!next_in_container()) return problem_;
    }
    skip_space();
    if (at_ < text_.size()) wrong("after top-level value");
    return problem_;
  }

 private:
  /// One value; of a container only its beginning, which is left open.
  bool value() {
    skip_space();
    if (ended()) return false;
    const char c = text_[at_];
    if (c == '{' || c == '[') {
      ++at_;
      open_.push_back(c);
      first_ = true;
      return true;
    }
    if (c == '"') return string();
    if (c == '-' || is_digit(c)) return number();
    if (c == 't') return literal("true");
    if (c == 'f') return literal("false");
    if (c == 'n') return literal("null");
    return wrong("looking for beginning of value");
  }

  /// The next member or item of the innermost container, or its end.
  bool next_in_container() {
    skip_space();
    if (ended()) return false;
    const bool object = open_.back() == '{';
    const char end = object ? '}' : ']';
    const bool first = std::exchange(first_, false);
    if (text_[at_] == end && (first || !after_comma_)) {
      ++at_;
      open_.pop_back();
      after_comma_ = false;
      return true;
    }
    if (!first && !after_comma_) {
      if (text_[at_] != ',')
        return wrong(object ? "after object key:value pair" : "after array element");
      ++at_;
      after_comma_ = true;
      return true;
    }
    after_comma_ = false;
    return object ? member() : value();
  }

  bool member() {
    if (text_[at_] != '"') return wrong("looking for beginning of object key string");
    if (!string()) return false;
    skip_space();
    if (ended()) return false;
    if (text_[at_] != ':') return wrong("after object key");
    ++at_;
    return value();
  }

  bool string() {
    for (++at_; !ended(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return wrong("in string literal");
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }

  bool escape() {
    ++at_;
    if (ended()) return false;
    const char c = text_[at_];
    if (c != 'u') {
      return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos ||
             wrong("in string escape code");
    }
    for (int i = 0; i < 4; ++i) {
      ++at_;
      if (ended()) return false;
      if (!is_hex(text_[at_])) return wrong("in \\u hexadecimal character escape");
    }
    return true;
  }

  bool digits(std::string_view where) {
    if (ended()) return false;
    if (!is_digit(text_[at_])) return wrong(where);
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return true;
  }

  bool number() {
    if (text_[at_] == '-') ++at_;
    if (at_ < text_.size() && text_[at_] == '0') {
      ++at_;
    } else if (!digits("in numeric literal")) {
      return false;
    }
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      if (!digits("after decimal point in numeric literal")) return false;
    }
    if (at_ == text_.size() || (text_[at_] != 'e' && text_[at_] != 'E')) return true;
    ++at_;
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
    return digits("in exponent of numeric literal");
  }

  bool literal(std::string_view word) {
    for (const char c : word) {
      if (ended()) return false;
      if (text_[at_] != c) {
        return wrong("in literal " + std::string(word) + " (expecting '" + c + "')");
      }
      ++at_;
    }
    return true;
  }

  void skip_space() {
    while (at_ < text_.size() && kSpace.find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool ended() {
    if (at_ < text_.size()) return false;
    problem_ = "unexpected end of JSON input";
    return true;
  }
  bool wrong(std::string_view where) {
    problem_ = "invalid character " + in_quotes(text_[at_]) + " " + std::string(where);
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<char> open_;
  bool first_ = false;        // right behind a container's opening bracket
  bool after_comma_ = false;  // a member or item must follow
  std::string problem_;
};

}  // namespace

std::string json_syntax_problem(std::string_view text) { return Scanner(text).problem(); }

}  // namespace skerry::standalone

#include "cloudcore/kube/json_slice.h"

#include <array>

#include "common/base/units.h"

namespace skerry::kube {
namespace {

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }
  bool done() const { return at_ >= text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  bool take(char expected) {
    if (peek() != expected) return false;
    ++at_;
    return true;
  }

  /// A string with its quotes; empty when there is none.
  std::string_view take_string() {
    const std::size_t begin = at_;
    if (!skip_string()) return {};
    return text_.substr(begin, at_ - begin);
  }

  /// A whole value; empty when there is none.
  std::string_view take_value() {
    const std::size_t begin = at_;
    const char first = peek();
    bool whole = false;
    if (first == '"') {
      whole = skip_string();
    } else if (first == '{' || first == '[') {
      whole = skip_nested();
    } else {
      skip_scalar();
      whole = at_ > begin;
    }
    return whole ? text_.substr(begin, at_ - begin) : std::string_view();
  }

 private:
  bool skip_string() {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (c == '\\' && at_ < text_.size()) ++at_;
    }
    return false;
  }

  void skip_scalar() {
    while (at_ < text_.size() &&
           std::string_view(",]} \t\r\n\"{[:").find(text_[at_]) == text_.npos) {
      ++at_;
    }
  }

  bool skip_nested() {
    std::array<char, kJsonDepthMax> closers{};
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        if (!skip_string()) return false;
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') {
        if (depth == closers.size()) return false;
        closers[depth++] = c == '{' ? '}' : ']';
      } else if (c == '}' || c == ']') {
        if (closers[--depth] != c) return false;
        if (depth == 0) return true;
      }
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

tl::unexpected<Error> malformed(const char* what) { return fail(Code::kMalformed, what); }

/// After an item: true when another follows, false at the end of the container.
Result<bool> another(Cursor& cursor, char closer) {
  cursor.skip_space();
  if (cursor.take(',')) {
    cursor.skip_space();
    return true;
  }
  if (!cursor.take(closer)) return malformed("JSON: a comma or the end is missing");
  cursor.skip_space();
  if (!cursor.done()) return malformed("JSON: text after the end");
  return false;
}

/// Into the container: true when it has a first item.
Result<bool> enter(Cursor& cursor, char opener, char closer) {
  cursor.skip_space();
  if (!cursor.take(opener)) return malformed("JSON: not the expected object or array");
  cursor.skip_space();
  if (cursor.peek() != closer) return true;
  return another(cursor, closer);
}

}  // namespace

Result<std::vector<JsonMember>> json_members(std::string_view object) {
  std::vector<JsonMember> members;
  Cursor cursor(object);
  Result<bool> more = enter(cursor, '{', '}');
  while (more && *more) {
    const std::string_view key = cursor.take_string();
    cursor.skip_space();
    if (key.empty() || !cursor.take(':')) return malformed("JSON: a member has no name");
    cursor.skip_space();
    const std::string_view value = cursor.take_value();
    if (value.empty()) return malformed("JSON: a member has no whole value");
    members.push_back({key.substr(1, key.size() - 2), value});
    more = another(cursor, '}');
  }
  if (!more) return fail(more.error());
  return members;
}

Result<std::vector<std::string_view>> json_elements(std::string_view array) {
  std::vector<std::string_view> elements;
  Cursor cursor(array);
  Result<bool> more = enter(cursor, '[', ']');
  while (more && *more) {
    const std::string_view value = cursor.take_value();
    if (value.empty()) return malformed("JSON: an element is missing or not whole");
    elements.push_back(value);
    more = another(cursor, ']');
  }
  if (!more) return fail(more.error());
  return elements;
}

std::string_view json_value(const std::vector<JsonMember>& members, std::string_view key) {
  for (auto member = members.rbegin(); member != members.rend(); ++member) {
    if (member->key == key) return member->value;
  }
  return {};
}

std::string_view json_plain_string(std::string_view value) {
  if (value.size() < 2 || value.front() != '"') return {};
  const std::string_view text = value.substr(1, value.size() - 2);
  return text.find('\\') == text.npos ? text : std::string_view();
}

}  // namespace skerry::kube

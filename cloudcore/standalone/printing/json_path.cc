#include "cloudcore/standalone/printing/json_path.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace skerry::standalone {

using nlohmann::json;

class JsonPath::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::optional<std::vector<Step>> parse() {
    while (at_ < text_.size() && steps_.size() < kJsonPathStepsMax) {
      const bool ok = text_[at_] == '[' ? bracket() : dot();
      if (!ok) return std::nullopt;
    }
    if (at_ < text_.size()) return std::nullopt;
    return std::move(steps_);
  }

 private:
  /// ".name", ".*"; a backslash takes the next character as it is.
  bool dot() {
    if (text_[at_] != '.') return false;
    ++at_;
    Step step;
    std::string name;
    if (!take_name(name)) return false;
    step.what = name == "*" ? Step::What::kAll : Step::What::kField;
    step.fields.push_back(std::move(name));
    steps_.push_back(std::move(step));
    return true;
  }

  bool take_name(std::string& name) {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size()) {
        name += text_[at_ + 1];
        at_ += 2;
        continue;
      }
      if (std::string_view(".[]()=!<> '\"").find(c) != std::string_view::npos) break;
      name += c;
      ++at_;
    }
    return !name.empty();
  }

  bool bracket() {
    const std::size_t end = closing();
    if (end == std::string_view::npos) return false;
    const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    Step step;
    if (inside == "*") {
      step.what = Step::What::kAll;
    } else if (inside.starts_with("?(") && inside.ends_with(')')) {
      return filter(inside.substr(2, inside.size() - 3));
    } else if (is_quoted(inside)) {
      step.fields.push_back(unescaped(inside.substr(1, inside.size() - 2)));
    } else {
      step.what = Step::What::kIndex;
      const auto [last, error] =
          std::from_chars(inside.data(), inside.data() + inside.size(), step.index);
      if (error != std::errc() || last != inside.data() + inside.size()) return false;
    }
    steps_.push_back(std::move(step));
    return true;
  }

  static bool is_quoted(std::string_view text) {
    return text.size() >= 2 && (text.front() == '\'' || text.front() == '"') &&
           text.front() == text.back();
  }

  static std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      out += text[i];
    }
    return out;
  }

  /// The bracket that closes the one at at_, outside of quotes.
  std::size_t closing() const {
    char quote = 0;
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '\\') {
        ++i;
      } else if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == ']') {
        return i;
      }
    }
    return std::string_view::npos;
  }

  /// "@.type=="Ready"", "@.enabled"
  bool filter(std::string_view text) {
    Step step;
    step.what = Step::What::kFilter;
    const std::size_t at = text.find_first_of("=!<>");
    std::string_view left = trimmed(text.substr(0, at));
    if (!left.starts_with('@')) return false;
    Parser path(left.substr(1));
    const auto steps = path.parse();
    if (!steps) return false;
    for (const Step& each : *steps) {
      if (each.what != Step::What::kField) return false;
      step.fields.push_back(each.fields.front());
    }
    if (at != std::string_view::npos) {
      const std::size_t length = at + 1 < text.size() && text[at + 1] == '=' ? 2 : 1;
      step.compare = std::string(text.substr(at, length));
      if (step.compare == "=" || step.compare == "!") return false;
      const std::string_view right = trimmed(text.substr(at + length));
      step.literal = is_quoted(right) ? json(unescaped(right.substr(1, right.size() - 2)))
                                      : json::parse(right, nullptr, false);
      if (step.literal.is_discarded()) return false;
    }
    steps_.push_back(std::move(step));
    return true;
  }

  static std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Step> steps_;
};

Result<JsonPath> JsonPath::parse(std::string_view text) {
  auto steps = Parser(text).parse();
  if (!steps || steps->empty()) {
    return fail(Code::kMalformed, "a JSONPath that is not read: " + std::string(text));
  }
  JsonPath out;
  out.steps_ = std::move(*steps);
  return out;
}

bool JsonPath::holds(const Step& filter, const json& item) {
  const json* at = &item;
  for (const std::string& name : filter.fields) {
    if (!at->is_object()) return false;
    const auto found = at->find(name);
    if (found == at->end()) return false;
    at = &*found;
  }
  if (filter.compare.empty()) return true;
  if (filter.compare == "==") return *at == filter.literal;
  if (filter.compare == "!=") return *at != filter.literal;
  const bool numbers = at->is_number() && filter.literal.is_number();
  if (!numbers && !(at->is_string() && filter.literal.is_string())) return false;
  if (filter.compare == "<") return *at < filter.literal;
  if (filter.compare == "<=") return *at <= filter.literal;
  return filter.compare == ">" ? *at > filter.literal : *at >= filter.literal;
}

void JsonPath::take(const Step& step, const json& from, std::vector<const json*>& out) {
  switch (step.what) {
    case Step::What::kField: {
      const auto found = from.is_object() ? from.find(step.fields.front()) : from.end();
      if (found != from.end()) out.push_back(&*found);
      return;
    }
    case Step::What::kIndex: {
      if (!from.is_array()) return;
      const auto size = static_cast<std::int64_t>(from.size());
      const std::int64_t index = step.index < 0 ? size + step.index : step.index;
      if (index >= 0 && index < size) out.push_back(&from[static_cast<std::size_t>(index)]);
      return;
    }
    case Step::What::kAll:
    case Step::What::kFilter:
      if (!from.is_structured()) return;
      for (const json& each : from) {
        if (step.what == Step::What::kAll || holds(step, each)) out.push_back(&each);
      }
      return;
  }
}

std::vector<const json*> JsonPath::find(const json& object) const {
  std::vector<const json*> now = {&object};
  for (const Step& step : steps_) {
    std::vector<const json*> next;
    for (const json* each : now) take(step, *each, next);
    now = std::move(next);
  }
  return now;
}

}  // namespace skerry::standalone

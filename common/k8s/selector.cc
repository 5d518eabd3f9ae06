#include "common/k8s/selector.h"

#include <algorithm>
#include <charconv>
#include <cctype>
#include <nlohmann/json.hpp>

#include "common/k8s/json_fields.h"

namespace skerry::k8s {
namespace {

using nlohmann::json;
using Operator = Requirement::Operator;

constexpr std::size_t kSelectorBytesMax = 64 * 1024;

// ---- the words of a label selector --------------------------------------------------------------

struct Word {
  enum class Type : std::uint8_t { kText, kSymbol, kEnd };
  Type type = Type::kEnd;
  std::string text;
};

class Words {
 public:
  explicit Words(std::string_view text) : text_(text) { next(); }

  const Word& now() const { return now_; }
  bool is(std::string_view symbol) const {
    return now_.type == Word::Type::kSymbol && now_.text == symbol;
  }
  Word take() {
    Word out = now_;
    next();
    return out;
  }

 private:
  static bool is_symbol(char c) {
    return std::string_view("=!(),<>").find(c) != std::string_view::npos;
  }

  void next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    if (at_ == text_.size()) {
      now_ = {};
      return;
    }
    const std::size_t begin = at_;
    if (is_symbol(text_[at_])) {
      const std::string_view two = text_.substr(at_, 2);
      at_ += two == "==" || two == "!=" ? 2 : 1;
      now_ = {Word::Type::kSymbol, std::string(text_.substr(begin, at_ - begin))};
      return;
    }
    while (at_ < text_.size() && !is_symbol(text_[at_]) &&
           !std::isspace(static_cast<unsigned char>(text_[at_]))) {
      ++at_;
    }
    now_ = {Word::Type::kText, std::string(text_.substr(begin, at_ - begin))};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Word now_;
};

tl::unexpected<Error> unexpected_word(const Words& words, const std::string& wanted) {
  return fail(Code::kMalformed,
              "unable to parse requirement: found '" + words.now().text + "', expected: " + wanted);
}

Result<std::vector<std::string>> parse_values(Words& words) {
  if (!words.is("(")) return unexpected_word(words, "'('");
  words.take();
  std::vector<std::string> out;
  const bool begins = words.now().type == Word::Type::kText || words.is(",") || words.is(")");
  if (!begins) return unexpected_word(words, "',', ')' or identifier");
  for (;;) {
    // An empty value between commas is a value.
    out.push_back(words.now().type == Word::Type::kText ? words.take().text : std::string());
    if (words.is(",")) {
      words.take();
      continue;
    }
    if (!words.is(")")) return unexpected_word(words, "',' or ')'");
    words.take();
    return out;
  }
}

Result<Requirement> parse_operator(Words& words, Requirement out) {
  if (words.now().type == Word::Type::kText &&
      (words.now().text == "in" || words.now().text == "notin")) {
    out.op = words.take().text == "in" ? Operator::kIn : Operator::kNotIn;
    auto values = parse_values(words);
    if (!values) return fail(values.error());
    out.values = std::move(*values);
    return out;
  }
  if (words.is("=") || words.is("==") || words.is("!=") || words.is("<") || words.is(">")) {
    const std::string symbol = words.take().text;
    out.op = symbol == "!="  ? Operator::kNotIn
             : symbol == "<" ? Operator::kLess
             : symbol == ">" ? Operator::kGreater
                             : Operator::kIn;
    out.values = {words.now().type == Word::Type::kText ? words.take().text : std::string()};
    return out;
  }
  return unexpected_word(words, "in, notin, =, ==, !=, <, >");
}

Result<Requirement> parse_requirement(Words& words) {
  Requirement out;
  const bool absent = words.is("!");
  if (absent) words.take();
  if (words.now().type != Word::Type::kText) return unexpected_word(words, "identifier");
  out.key = words.take().text;
  if (absent) {
    out.op = Operator::kAbsent;
    return out;
  }
  if (words.now().type == Word::Type::kEnd || words.is(",")) return out;
  return parse_operator(words, std::move(out));
}

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

bool contains(const std::vector<std::string>& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool holds(const Requirement& requirement, const LabelSelector::Labels& labels) {
  const auto found = labels.find(requirement.key);
  const bool there = found != labels.end();
  switch (requirement.op) {
    case Operator::kExists:
      return there;
    case Operator::kAbsent:
      return !there;
    case Operator::kIn:
      return there && contains(requirement.values, found->second);
    case Operator::kNotIn:
      return !there || !contains(requirement.values, found->second);
    case Operator::kGreater:
    case Operator::kLess: {
      if (!there || requirement.values.empty()) return false;
      const auto has = whole_number(found->second);
      const auto limit = whole_number(requirement.values.front());
      if (!has || !limit) return false;
      return requirement.op == Operator::kGreater ? *has > *limit : *has < *limit;
    }
  }
  return false;
}

Result<Operator> operator_of(const std::string& word) {
  if (word == "In") return Operator::kIn;
  if (word == "NotIn") return Operator::kNotIn;
  if (word == "Exists") return Operator::kExists;
  if (word == "DoesNotExist") return Operator::kAbsent;
  if (word == "Gt") return Operator::kGreater;
  if (word == "Lt") return Operator::kLess;
  return fail(Code::kMalformed, "\"" + word + "\" is not a valid label selector operator");
}

}  // namespace

Result<LabelSelector> LabelSelector::parse(std::string_view text) {
  if (text.size() > kSelectorBytesMax) return fail(Code::kTooLarge, "the selector is too long");
  LabelSelector out;
  Words words(text);
  while (words.now().type != Word::Type::kEnd) {
    auto requirement = parse_requirement(words);
    if (!requirement) return fail(requirement.error());
    out.requirements_.push_back(std::move(*requirement));
    if (words.now().type == Word::Type::kEnd) break;
    if (!words.is(",")) return unexpected_word(words, "',' or 'end of string'");
    words.take();
    if (words.now().type == Word::Type::kEnd) return unexpected_word(words, "identifier after ','");
  }
  return out;
}

Result<LabelSelector> LabelSelector::from_object(const json& selector) {
  LabelSelector out;
  if (!selector.is_object()) {
    out.nothing_ = true;
    return out;
  }
  const json& labels = fields::object(selector, "matchLabels");
  for (const auto& [key, value] : labels.items()) {
    if (!value.is_string()) return fail(Code::kMalformed, "matchLabels." + key + " is no string");
    out.requirements_.push_back({key, Operator::kIn, {value.get<std::string>()}});
  }
  for (const json& expression : fields::list(selector, "matchExpressions")) {
    const auto op = operator_of(fields::text(expression, "operator"));
    if (!op) return fail(op.error());
    Requirement requirement;
    requirement.key = fields::text(expression, "key");
    requirement.op = *op;
    for (const json& value : fields::list(expression, "values")) {
      if (value.is_string()) requirement.values.push_back(value.get<std::string>());
    }
    out.requirements_.push_back(std::move(requirement));
  }
  return out;
}

bool LabelSelector::matches(const Labels& labels) const {
  if (nothing_) return false;
  return std::all_of(requirements_.begin(), requirements_.end(),
                     [&](const Requirement& each) { return holds(each, labels); });
}

Result<FieldSelector> FieldSelector::parse(std::string_view text) {
  if (text.size() > kSelectorBytesMax) return fail(Code::kTooLarge, "the selector is too long");
  FieldSelector out;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view term = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    if (term.empty()) continue;
    const std::size_t sign = term.find('=');
    if (sign == std::string_view::npos || sign == 0) {
      return fail(Code::kMalformed, "invalid selector: '" + std::string(term) +
                                        "'; can't understand '" + std::string(term) + "'");
    }
    Term parsed;
    parsed.equal = term[sign - 1] != '!';
    parsed.path = std::string(term.substr(0, parsed.equal ? sign : sign - 1));
    const bool twice = sign + 1 < term.size() && term[sign + 1] == '=';
    parsed.value = std::string(term.substr(sign + (twice ? 2 : 1)));
    out.terms_.push_back(std::move(parsed));
  }
  return out;
}

std::optional<std::string> FieldSelector::required(std::string_view path) const {
  for (const Term& term : terms_) {
    if (term.equal && term.path == path) return term.value;
  }
  return std::nullopt;
}

}  // namespace skerry::k8s

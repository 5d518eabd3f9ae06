#include "common/config/key_table.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "common/base/quote.h"
#include "common/config/go_duration.h"

namespace skerry::config {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

// ---- which key is meant ------------------------------------------------------------------------

bool starts_with_path(std::string_view path, std::string_view prefix) {
  return path.size() > prefix.size() && path.substr(0, prefix.size()) == prefix &&
         path[prefix.size()] == '.';
}

bool is_group(const KeyTable& table, std::string_view path) {
  for (const Key& key : table.keys) {
    if (starts_with_path(key.path, path)) return true;
  }
  for (const std::string_view ignored : table.ignored) {
    if (starts_with_path(ignored, path) && ignored.substr(path.size()) != ".*") return true;
  }
  return false;
}

bool is_ignored(const KeyTable& table, std::string_view path) {
  for (const std::string_view ignored : table.ignored) {
    if (ignored == path) return true;
    if (!ignored.ends_with(".*")) continue;
    const std::string_view group = ignored.substr(0, ignored.size() - 2);
    if (path == group || starts_with_path(path, group)) return true;
  }
  return false;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Levenshtein; a change of case costs nothing, for it is the commonest slip.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

std::string_view last_word(std::string_view path) { return path.substr(path.rfind('.') + 1); }
std::string_view parent_of(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
}

/// Every known key and group, to guess from. Groups too: one misspelt group hides many keys.
std::vector<std::string_view> known_paths(const KeyTable& table) {
  std::vector<std::string_view> known = {"apiVersion", "kind"};
  const auto add = [&known](std::string_view path) {
    for (; !path.empty(); path = parent_of(path)) known.push_back(path);
  };
  for (const Key& key : table.keys) add(key.path);
  for (std::string_view path : table.ignored) {
    if (path.ends_with(".*")) path.remove_suffix(2);
    add(path);
  }
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  return known;
}

/// The known key that `path` was most likely meant to be: a similar word in the same group, or the
/// same word elsewhere (wrong indentation).
std::string_view nearest_key(const KeyTable& table, std::string_view path) {
  std::string_view best;
  std::size_t best_distance = path.size() / 2 + 3;
  for (const std::string_view known : known_paths(table)) {
    const std::size_t word = edit_distance(last_word(path), last_word(known));
    const std::size_t group = parent_of(path) == parent_of(known)
                                  ? 0
                                  : 1 + edit_distance(parent_of(path), parent_of(known)) / 4;
    if (word * 2 + group < best_distance) {
      best_distance = word * 2 + group;
      best = known;
    }
  }
  return best;
}

// ---- reading one value -------------------------------------------------------------------------

std::string shown(const YamlNode& node) {
  switch (node.type) {
    case YamlNode::Type::kNull:
      return "nothing";
    case YamlNode::Type::kScalar: {
      const std::string text = node.scalar.substr(0, 80);
      return "\"" + text + "\"";
    }
    case YamlNode::Type::kList:
      return "a list";
    case YamlNode::Type::kMap:
      return "a group of keys";
  }
  return "?";
}

std::optional<std::int64_t> parse_number(const YamlNode& node) {
  if (node.type != YamlNode::Type::kScalar || node.quoted) return std::nullopt;
  std::int64_t value = 0;
  const char* end = node.scalar.data() + node.scalar.size();
  const auto [stop, error] = std::from_chars(node.scalar.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::string range_text(const Key& key, std::string (*show)(std::int64_t)) {
  if (key.max == INT64_MAX) return "at least " + show(key.min);
  return "from " + show(key.min) + " to " + show(key.max);
}
std::string show_number(std::int64_t value) { return std::to_string(value); }
std::string show_duration(std::int64_t value) {
  return format_go_duration(std::chrono::milliseconds(value));
}

/// Reads one value into its target; answers what is expected when it does not fit.
class ValueReader {
 public:
  ValueReader(const Key& key, const YamlNode& node) : key_(key), node_(node) {}

  /// Empty: taken. Else the end of the sentence "X is not …".
  std::string read() {
    return std::visit([this](auto* target) { return take(*target); }, key_.target);
  }
  const std::string& warning() const { return warning_; }

 private:
  std::string take(std::string& target) {
    if (node_.type != YamlNode::Type::kScalar) return "text";
    if (!key_.allowed.empty() && !is_allowed(node_.scalar)) {
      return "one of " + std::string(key_.allowed);
    }
    target = node_.scalar;
    return {};
  }
  std::string take(bool& target) {
    if (node_.type != YamlNode::Type::kScalar || node_.quoted) return "true or false (unquoted)";
    if (node_.scalar != "true" && node_.scalar != "false") return "true or false";
    target = node_.scalar == "true";
    return {};
  }
  std::string take(std::int64_t& target) {
    const std::optional<std::int64_t> value = parse_number(node_);
    if (!value) return "a whole number (unquoted), " + range_text(key_, show_number);
    return take_in_range(*value, show_number, target);
  }
  std::string take(std::chrono::milliseconds& target) {
    const auto value =
        node_.type == YamlNode::Type::kScalar ? parse_go_duration(node_.scalar) : std::nullopt;
    if (!value) return "a duration such as 10s, 5m or 1h30m";
    std::int64_t count = 0;
    std::string wrong = take_in_range(value->count(), show_duration, count);
    if (wrong.empty()) target = std::chrono::milliseconds(count);
    return wrong;
  }
  std::string take(ByteSize& target) {
    const auto value =
        node_.type == YamlNode::Type::kScalar ? parse_byte_size(node_.scalar) : std::nullopt;
    if (!value) return "a size such as 10Mi";
    target = *value;
    return {};
  }
  std::string take(std::vector<std::string>& target) {
    if (node_.type != YamlNode::Type::kList) return "a list of texts";
    std::vector<std::string> values;
    for (const YamlNode& item : node_.items) {
      if (item.type != YamlNode::Type::kScalar) return "a list of texts";
      if (!item.scalar.empty()) values.push_back(item.scalar);  // KubeEdge's default is [""]
    }
    target = std::move(values);
    return {};
  }
  std::string take(Labels& target) {
    if (node_.type != YamlNode::Type::kMap) return "a group of name: text";
    Labels values;
    for (const auto& [name, value] : node_.entries) {
      if (value.type == YamlNode::Type::kList || value.type == YamlNode::Type::kMap) {
        return "a group of name: text";
      }
      values[name] = value.scalar;
    }
    target = std::move(values);
    return {};
  }

  std::string take_in_range(std::int64_t value,
                            std::string (*show)(std::int64_t),
                            std::int64_t& target) {
    if (value > key_.max && key_.clamp) {
      warning_ = shown(node_) + " is over the limit; " + show(key_.max) + " is used";
      value = key_.max;
    }
    if (value < key_.min || value > key_.max) return range_text(key_, show);
    target = value;
    return {};
  }

  bool is_allowed(std::string_view word) const {
    std::string_view rest = key_.allowed;
    while (!rest.empty()) {
      const std::size_t bar = std::min(rest.find('|'), rest.size());
      if (rest.substr(0, bar) == word) return true;
      rest.remove_prefix(std::min(bar + 1, rest.size()));
    }
    return false;
  }

  const Key& key_;
  const YamlNode& node_;
  std::string warning_;
};

/// Walks a document along the table.
class Applier {
 public:
  Applier(const KeyTable& table, std::string_view source) : table_(table), source_(source) {}

  Result<void> walk(const YamlNode& group, const std::string& prefix) {
    for (const auto& [name, value] : group.entries) {
      const std::string path = prefix.empty() ? name : prefix + "." + name;
      if (Result<void> done = visit(path, value); !done) return done;
    }
    return {};
  }
  std::vector<std::string> take_warnings() { return std::move(warnings_); }

 private:
  Result<void> visit(const std::string& path, const YamlNode& value) {
    if (path == "apiVersion" || path == "kind") return check_header(path, value);
    for (const Key& key : table_.keys) {
      if (key.path == path) return read(key, value);
    }
    if (is_ignored(table_, path)) return {};
    if (is_group(table_, path)) {
      if (value.type == YamlNode::Type::kNull) return {};
      if (value.type == YamlNode::Type::kMap) return walk(value, path);
      return fail(Code::kMalformed,
                  where(value) + path + ": " + shown(value) + " is not a group of keys");
    }
    warn_unknown(path, value);
    return {};
  }

  Result<void> read(const Key& key, const YamlNode& value) {
    if (value.type == YamlNode::Type::kNull) return {};  // as in Go: the default stays
    ValueReader reader(key, value);
    const std::string expected = reader.read();
    if (!expected.empty()) {
      return fail(Code::kMalformed, where(value) + std::string(key.path) + ": " + shown(value) +
                                        " is not " + expected);
    }
    if (!reader.warning().empty()) {
      warnings_.push_back(where(value) + std::string(key.path) + ": " + reader.warning());
    }
    return {};
  }

  /// The version is not checked (KubeEdge's chart and its types disagree); another kind is a file
  /// that was meant for another program.
  Result<void> check_header(const std::string& path, const YamlNode& value) {
    if (path == "apiVersion" || value.type == YamlNode::Type::kNull) return {};
    std::string word;
    for (const char c : value.scalar) word += lower(c);
    std::string want;
    for (const char c : table_.kind) want += lower(c);
    if (word == want) return {};
    return fail(Code::kMalformed, where(value) + "kind: " + shown(value) + " is not " +
                                      std::string(table_.kind) + "; is this the right file?");
  }

  void warn_unknown(const std::string& path, const YamlNode& value) {
    std::string text = where(value) + "unknown key " + path + " is ignored";
    const std::string_view nearest = nearest_key(table_, path);
    if (!nearest.empty()) text += "; did you mean " + std::string(nearest) + "?";
    warnings_.push_back(std::move(text));
  }

  std::string where(const YamlNode& node) const {
    std::string text(source_);
    if (node.line > 0) text += ":" + std::to_string(node.line);
    return text + ": ";
  }

  const KeyTable& table_;
  std::string_view source_;
  std::vector<std::string> warnings_;
};

// ---- printing ----------------------------------------------------------------------------------

std::string print_value(const Target& target) {
  return std::visit(Overloaded{
                        [](const std::string* v) { return quote(*v); },
                        [](const bool* v) { return std::string(*v ? "true" : "false"); },
                        [](const std::int64_t* v) { return std::to_string(*v); },
                        [](const std::chrono::milliseconds* v) { return format_go_duration(*v); },
                        [](const ByteSize* v) { return format_byte_size(*v); },
                        [](const std::vector<std::string>* v) {
                          std::string out = "[";
                          for (const std::string& item : *v)
                            out += (out.size() > 1 ? ", " : "") + quote(item);
                          return out + "]";
                        },
                        [](const Labels* v) {
                          std::string out = "{";
                          for (const auto& [name, value] : *v) {
                            out += (out.size() > 1 ? ", " : "") + quote(name) + ": " + quote(value);
                          }
                          return out + "}";
                        },
                    },
                    target);
}

std::vector<std::string_view> words_of(std::string_view path) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t dot = path.find('.');
    words.push_back(path.substr(0, dot));
    if (dot == std::string_view::npos) return words;
    path.remove_prefix(dot + 1);
  }
}

}  // namespace

Result<std::vector<std::string>> apply(const YamlNode& document,
                                       const KeyTable& table,
                                       std::string_view source) {
  if (document.type == YamlNode::Type::kNull) return std::vector<std::string>{};
  if (document.type != YamlNode::Type::kMap) {
    return fail(Code::kMalformed, std::string(source) + ": not a group of keys at the top");
  }
  Applier applier(table, source);
  if (Result<void> done = applier.walk(document, ""); !done) return fail(done.error());
  return applier.take_warnings();
}

std::string print(const KeyTable& table, bool minimal_only) {
  std::string out =
      "apiVersion: " + std::string(table.api_version) + "\nkind: " + std::string(table.kind) + "\n";
  std::vector<const Key*> keys;
  for (const Key& key : table.keys) {
    if (key.minimal || !minimal_only) keys.push_back(&key);
  }
  // A group's keys stand together, whatever the order of the rows.
  std::stable_sort(keys.begin(), keys.end(), [](const Key* a, const Key* b) {
    return parent_of(a->path) < parent_of(b->path);
  });
  std::vector<std::string_view> open;
  for (const Key* key : keys) {
    const std::vector<std::string_view> words = words_of(key->path);
    std::size_t shared = 0;
    while (shared < open.size() && shared + 1 < words.size() && open[shared] == words[shared]) {
      ++shared;
    }
    open.resize(shared);
    for (; shared + 1 < words.size(); ++shared) {
      out += std::string(shared * 2, ' ') + std::string(words[shared]) + ":\n";
      open.push_back(words[shared]);
    }
    const std::string indent(shared * 2, ' ');
    if (!key->doc.empty()) out += indent + "# " + std::string(key->doc) + "\n";
    out += indent + std::string(words.back()) + ": " + print_value(key->target) + "\n";
  }
  return out;
}

}  // namespace skerry::config

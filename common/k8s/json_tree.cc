#include "common/k8s/json_tree.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/base/assert.h"
#include "common/base/units.h"
#include "common/k8s/object.h"

namespace skerry::k8s {

using Json = nlohmann::json;

// ---- parsing: the adapter to nlohmann's SAX interface; its exceptions end here ------------------

class JsonTreeBuilder {
 public:
  explicit JsonTreeBuilder(JsonTree& tree) : tree_(tree) {}

  bool null() { return leaf(JsonTree::Type::kNull, {}); }
  bool boolean(bool value) {
    return leaf(value ? JsonTree::Type::kTrue : JsonTree::Type::kFalse, {});
  }
  bool number_integer(Json::number_integer_t value) {
    // The lexer calls this for a literal with a minus sign only, so 0 was written as -0.
    return leaf(JsonTree::Type::kNumber, value == 0 ? "-0" : std::to_string(value));
  }
  bool number_unsigned(Json::number_unsigned_t value) {
    return leaf(JsonTree::Type::kNumber, std::to_string(value));
  }
  bool number_float(Json::number_float_t, const std::string& written) {
    return leaf(JsonTree::Type::kNumber, written);
  }
  bool string(std::string& value) { return leaf(JsonTree::Type::kString, value); }
  bool binary(Json::binary_t&) { return false; }
  bool key(std::string& value) {
    key_.swap(value);
    return true;
  }
  bool start_object(std::size_t) { return open(JsonTree::Type::kObject); }
  bool start_array(std::size_t) { return open(JsonTree::Type::kArray); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t position, const std::string&, const Json::exception&) {
    // The library's text quotes the input, which may be a Secret.
    error_ = {Code::kMalformed, "invalid JSON at byte " + std::to_string(position), {}};
    return false;
  }

  const Error& error() const { return error_; }

 private:
  bool leaf(JsonTree::Type type, std::string_view text) {
    place(tree_.add(type, key_, text));
    key_.clear();
    return true;
  }
  bool open(JsonTree::Type type) {
    if (open_.size() >= kJsonDepthMax) {
      error_ = {Code::kTooLarge,
                "JSON nested deeper than " + std::to_string(kJsonDepthMax) + " levels",
                {}};
      return false;
    }
    const JsonTree::Index at = tree_.add(type, key_, {});
    place(at);
    key_.clear();
    open_.push_back({at, pending_.size()});
    return true;
  }
  bool close() {
    SKERRY_ASSERT(!open_.empty(), "JSON closed more than it opened");
    const auto [at, first] = open_.back();
    open_.pop_back();
    const auto begin = pending_.begin() + static_cast<std::ptrdiff_t>(first);
    if (tree_.type(at) == JsonTree::Type::kObject) {
      std::stable_sort(begin, pending_.end(), [this](JsonTree::Index a, JsonTree::Index b) {
        return tree_.key(a) < tree_.key(b);
      });
      drop_repeated_keys(first);
    }
    tree_.set_children(at, std::span(pending_).subspan(first));
    pending_.resize(first);
    return true;
  }
  void drop_repeated_keys(std::size_t first) {
    std::size_t kept = first;
    for (std::size_t i = first; i < pending_.size(); ++i) {
      const bool again =
          i + 1 < pending_.size() && tree_.key(pending_[i]) == tree_.key(pending_[i + 1]);
      if (!again) pending_[kept++] = pending_[i];
    }
    pending_.resize(kept);
  }
  void place(JsonTree::Index at) {
    if (!open_.empty()) pending_.push_back(at);
  }

  struct Open {
    JsonTree::Index at;
    std::size_t first;  // its children are pending_[first..]
  };
  JsonTree& tree_;
  std::vector<Open> open_;
  std::vector<JsonTree::Index> pending_;
  std::string key_;
  Error error_{Code::kMalformed, "invalid JSON", {}};
};

Result<JsonTree> JsonTree::parse(std::string_view json) {
  if (json.size() > kMessageBytesMax) {
    return fail(Code::kTooLarge, "JSON of " + std::to_string(json.size()) + " bytes");
  }
  JsonTree tree;
  tree.pool_.reserve(json.size());
  JsonTreeBuilder builder(tree);
  if (!Json::sax_parse(json.begin(), json.end(), &builder)) return fail(builder.error());
  SKERRY_ASSERT(!tree.nodes_.empty(), "parsed JSON has a value");
  return tree;
}

// ---- reading ------------------------------------------------------------------------------------

std::vector<JsonTree::Index> JsonTree::children(Index at) const {
  std::vector<Index> out;
  for (Index child = nodes_[at].first; child != kNone; child = nodes_[child].next) {
    out.push_back(child);
  }
  return out;
}

std::optional<JsonTree::Index> JsonTree::find(Index object, std::string_view wanted) const {
  if (!is_object(object)) return std::nullopt;
  for (Index child = nodes_[object].first; child != kNone; child = nodes_[child].next) {
    if (key(child) == wanted) return child;
  }
  return std::nullopt;
}

std::string_view JsonTree::string_at(Index object, std::string_view key) const {
  const auto at = find(object, key);
  return at && type(*at) == Type::kString ? text(*at) : std::string_view();
}

// ---- changing -----------------------------------------------------------------------------------

JsonTree::Slice JsonTree::store(std::string_view text) {
  const Slice out{static_cast<std::uint32_t>(pool_.size()),
                  static_cast<std::uint32_t>(text.size())};
  pool_.append(text);
  return out;
}

JsonTree::Index JsonTree::add(Type type, std::string_view key, std::string_view text) {
  Node node;
  node.type = type;
  node.key = store(key);
  node.text = store(text);
  nodes_.push_back(node);
  return static_cast<Index>(nodes_.size() - 1);
}

void JsonTree::set_text(Index at, std::string_view text) { nodes_[at].text = store(text); }

void JsonTree::set_children(Index at, std::span<const Index> children) {
  Index* link = &nodes_[at].first;
  for (const Index child : children) {
    *link = child;
    link = &nodes_[child].next;
  }
  *link = kNone;
}

void JsonTree::erase(Index object, std::string_view wanted) {
  std::vector<Index> kept = children(object);
  std::erase_if(kept, [&](Index child) { return key(child) == wanted; });
  set_children(object, kept);
}

JsonTree::Index JsonTree::put(Index object,
                              std::string_view wanted,
                              Type type,
                              std::string_view text) {
  SKERRY_ASSERT(is_object(object), "members live in objects");
  erase(object, wanted);
  const Index added = add(type, wanted, text);
  std::vector<Index> all = children(object);
  const auto place =
      std::find_if(all.begin(), all.end(), [&](Index child) { return key(child) > key(added); });
  all.insert(place, added);
  set_children(object, all);
  return added;
}

JsonTree::Index JsonTree::append(Index array, Type type) {
  SKERRY_ASSERT(is_array(array), "items live in arrays");
  std::vector<Index> all = children(array);
  all.push_back(add(type, {}, {}));
  set_children(array, all);
  return all.back();
}

// ---- writing ------------------------------------------------------------------------------------

namespace {

void write_string(std::string_view text, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          ((out += "\\u00") += kHex[c >> 4]) += kHex[c & 15];
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

}  // namespace

std::string JsonTree::write(Index at) const {
  std::string out;
  write_to(at, out);
  return out;
}

void JsonTree::write_to(Index at, std::string& out) const {
  const Node& node = nodes_[at];
  switch (node.type) {
    case Type::kNull:
      out += "null";
      return;
    case Type::kTrue:
      out += "true";
      return;
    case Type::kFalse:
      out += "false";
      return;
    case Type::kNumber:
      out += text(at);
      return;
    case Type::kString:
      write_string(text(at), out);
      return;
    case Type::kArray:
    case Type::kObject:
      break;
  }
  const bool object = node.type == Type::kObject;
  out += object ? '{' : '[';
  for (Index child = node.first; child != kNone; child = nodes_[child].next) {
    if (child != node.first) out += ',';
    if (object) write_string(key(child), out), out += ':';
    write_to(child, out);
  }
  out += object ? '}' : ']';
}

Result<std::string> canonical_json(std::string_view json) {
  auto tree = JsonTree::parse(json);
  if (!tree) return fail(tree.error());
  return tree->write(tree->root());
}

}  // namespace skerry::k8s

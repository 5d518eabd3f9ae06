#include "cloudcore/standalone/decoding/type_check.h"

#include <algorithm>
#include <set>

#include "cloudcore/standalone/decoding/value_check.h"
#include "common/k8s/quantity.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using Shape = TypeSchema::Shape;

/// An embedded resource has these besides its own fields.
bool is_known(const TypeSchema& type, std::string_view key) {
  return type.preserve_unknown ||
         (type.embedded_resource && (key == "apiVersion" || key == "kind" || key == "metadata"));
}

void write_quantity(json& value) {
  auto quantity = k8s::parse_quantity(value.is_string() ? value.get<std::string>() : value.dump());
  if (quantity) value = quantity->text();
}

/// What a kube-apiserver does not write back. Custom kinds are kept as they were sent.
bool is_unwritten(const FieldSchema& field, const json& value, Mismatches mismatches) {
  if (!field.wire.drops_zero || mismatches == Mismatches::kKept) return false;
  if (value.is_array() || value.is_object()) return value.empty();
  return value == "" || value == 0 || value == false;
}

bool fit_object(json& value, const TypeSchema& type, Mismatches mismatches) {
  bool fits = true;
  for (auto member = value.begin(); member != value.end();) {
    const FieldSchema* field = type.field(member.key());
    const bool null = member->is_null() && !(field != nullptr && field->type->nullable);
    const bool unknown = field == nullptr && !is_known(type, member.key());
    if (unknown || (null && !type.preserve_unknown)) {
      fits &= !unknown;
      member = value.erase(member);
      continue;
    }
    if (field != nullptr) fits &= fit_value(*member, *field->type, mismatches);
    member = field != nullptr && is_unwritten(*field, *member, mismatches) ? value.erase(member)
                                                                           : std::next(member);
  }
  return fits;
}

/// The problems of one text, from the events of its values.
class Check {
 public:
  using number_integer_t = json::number_integer_t;
  using number_unsigned_t = json::number_unsigned_t;
  using number_float_t = json::number_float_t;
  using string_t = json::string_t;
  using binary_t = json::binary_t;

  Check(const TypeSchema& root, Mismatches mismatches) : root_(&root), mismatches_(mismatches) {}

  bool null() { return value(nullptr); }
  bool boolean(bool given) { return value(given); }
  bool number_integer(number_integer_t given) { return value(given); }
  bool number_unsigned(number_unsigned_t given) { return value(given); }
  bool number_float(number_float_t given, const string_t&) { return value(given); }
  bool string(string_t& given) { return value(given); }
  bool binary(binary_t&) { return false; }
  bool start_object(std::size_t) { return open(json::object()); }
  bool start_array(std::size_t) { return open(json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t, const std::string&, const json::exception&) { return false; }

  bool key(string_t& name) {
    Frame& in = open_.back();
    in.key = name;
    in.member = nullptr;
    if (in.type == nullptr) return true;
    if (!in.seen.insert(name).second) strict("duplicate");
    if (in.type->shape == Shape::kMap) {
      in.member = in.type->item;
    } else if (const FieldSchema* field = in.type->field(name)) {
      in.member = field->type;
    } else if (!is_known(*in.type, name)) {
      strict("unknown");
    }
    return true;
  }

  TypeProblems out;

 private:
  struct Frame {                         // a container that has not ended
    const TypeSchema* type = nullptr;    // null: nothing is known of what is in it
    const TypeSchema* member = nullptr;  // of the value that comes next
    bool is_list = false;
    std::size_t index = 0;
    std::string key;
    std::set<std::string> seen;
  };

  const TypeSchema* expected() const { return open_.empty() ? root_ : open_.back().member; }

  /// Says what is wrong with the value; true: what is in it can be looked at.
  bool judge(const json& given, const TypeSchema* type) {
    if (type == nullptr) return false;
    const auto mismatch = mismatch_of(given, *type);
    if (!mismatch) return true;
    if (mismatches_ == Mismatches::kRefused && out.mismatch.empty()) {
      out.mismatch = mismatch->text.empty() ? go_problem(*mismatch) : mismatch->text;
    }
    return false;
  }

  bool value(const json& given) {
    judge(given, expected());
    next_item();
    return true;
  }

  bool open(const json& given) {
    const TypeSchema* type = expected();
    Frame frame;
    if (judge(given, type) && type->shape != Shape::kAny) frame.type = type;
    frame.is_list = given.is_array();
    if (frame.is_list && frame.type != nullptr) frame.member = frame.type->item;
    open_.push_back(std::move(frame));
    return true;
  }

  bool close() {
    open_.pop_back();
    next_item();
    return true;
  }

  void next_item() {
    if (!open_.empty() && open_.back().is_list) ++open_.back().index;
  }

  void strict(std::string_view what) {
    std::string path;
    for (const Frame& frame : open_) {
      if (frame.is_list) {
        path += "[" + std::to_string(frame.index) + "]";
      } else {
        path += (path.empty() ? "" : ".") + frame.key;
      }
    }
    std::string problem = std::string(what) + " field \"" + path + "\"";
    const bool told = std::ranges::find(out.strict, problem) != out.strict.end();
    if (!told && out.strict.size() < kStrictProblemsMax) out.strict.push_back(std::move(problem));
  }

  /// Go names the innermost struct and the path of fields, without indexes and keys of maps.
  std::string go_problem(const Mismatch& mismatch) const {
    std::string path;
    std::string owner;
    for (const Frame& frame : open_) {
      if (frame.type == nullptr || frame.type->shape != Shape::kObject) continue;
      path += "." + frame.key;
      owner = frame.type->name.substr(frame.type->name.rfind('.') + 1);
    }
    const std::string into = path.empty() ? "Go value" : "Go struct field " + owner + path;
    return "json: cannot unmarshal " + mismatch.given + " into " + into + " of type " +
           mismatch.wanted;
  }

  const TypeSchema* root_;
  Mismatches mismatches_;
  std::vector<Frame> open_;
};

/// The events of a value that has no text.
void walk(const json& value, Check& check) {
  if (value.is_object()) {
    check.start_object(value.size());
    for (const auto& [name, member] : value.items()) {
      std::string key = name;
      check.key(key);
      walk(member, check);
    }
    check.end_object();
  } else if (value.is_array()) {
    check.start_array(value.size());
    for (const json& item : value) walk(item, check);
    check.end_array();
  } else if (value.is_string()) {
    std::string text = value.get<std::string>();
    check.string(text);
  } else if (value.is_boolean()) {
    check.boolean(value.get<bool>());
  } else if (value.is_number_unsigned()) {
    check.number_unsigned(value.get<std::uint64_t>());
  } else if (value.is_number_integer()) {
    check.number_integer(value.get<std::int64_t>());
  } else if (value.is_number()) {
    check.number_float(value.get<double>(), {});
  } else {
    check.null();
  }
}

}  // namespace

bool fit_value(json& value, const TypeSchema& type, Mismatches mismatches) {
  if (value.is_null()) return true;
  if (mismatch_of(value, type)) return mismatches == Mismatches::kKept;
  const bool container = type.shape == Shape::kMap || type.shape == Shape::kList;
  if (type.shape == Shape::kObject) return fit_object(value, type, mismatches);
  // Of a custom kind "quantity" may be any format.
  const bool own = mismatches == Mismatches::kRefused;
  if (own && type.format == "quantity") write_quantity(value);
  if (!container || type.item == nullptr) return true;
  bool fits = true;
  for (json& item : value) {
    if (item.is_null() && type.item_default) item = *type.item_default;
    fits &= fit_value(item, *type.item, mismatches);
  }
  return fits;
}

TypeProblems problems_of_text(std::string_view text,
                              const TypeSchema& type,
                              Mismatches mismatches) {
  Check check(type, mismatches);
  json::sax_parse(text, &check);
  return std::move(check.out);
}

TypeProblems problems_of_value(const json& value, const TypeSchema& type, Mismatches mismatches) {
  Check check(type, mismatches);
  walk(value, check);
  return std::move(check.out);
}

}  // namespace skerry::standalone

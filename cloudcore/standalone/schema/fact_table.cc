#include "cloudcore/standalone/schema/fact_table.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/assert.h"

namespace skerry::standalone {

namespace {

using Shape = TypeSchema::Shape;
using Ownership = TypeSchema::Ownership;

std::string_view take(std::string_view& text, char until) {
  const auto end = text.find(until);
  const std::string_view taken = text.substr(0, end);
  text = end == text.npos ? std::string_view{} : text.substr(end + 1);
  return taken;
}

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> parts;
  while (!text.empty()) parts.emplace_back(take(text, by));
  return parts;
}

/// A type expression may hold spaces between its brackets: "string(cert sign|signing)".
std::string_view take_type(std::string_view& text) {
  const auto space = text.find(' ');
  const auto open = text.find('(');
  if (open >= space) return take(text, ' ');
  const auto close = text.find(')', open);
  SKERRY_ASSERT(close != text.npos, "facts: the values of an enum end with )");
  const std::string_view taken = text.substr(0, close + 1);
  text.remove_prefix(std::min(text.size(), close + 2));
  return taken;
}

bool take_prefix(std::string_view& word, std::string_view prefix) {
  if (!word.starts_with(prefix)) return false;
  word.remove_prefix(prefix.size());
  return true;
}

/// Shape and format of a scalar's word; false for any other word.
bool set_scalar(TypeSchema& type, std::string_view word) {
  struct Scalar {
    std::string_view word;
    Shape shape;
    std::string_view format;
  };
  static constexpr Scalar kScalars[] = {
      {"string", Shape::kString, ""},
      {"byte", Shape::kString, "byte"},
      {"time", Shape::kString, "date-time"},
      {"quantity", Shape::kString, "quantity"},
      {"int-or-string", Shape::kIntOrString, ""},
      {"integer", Shape::kInteger, ""},
      {"int32", Shape::kInteger, "int32"},
      {"int64", Shape::kInteger, "int64"},
      {"double", Shape::kNumber, "double"},
      {"bool", Shape::kBoolean, ""},
      {"any", Shape::kAny, ""},
      {"any-object", Shape::kAny, "object"},
  };
  const auto* found = std::ranges::find(kScalars, word, &Scalar::word);
  if (found == std::end(kScalars)) return false;
  type.shape = found->shape;
  type.format = found->format;
  return true;
}

/// What Kubernetes reads for a null among a list's or a map's items: Go's zero value.
std::optional<nlohmann::json> zero_value(const TypeSchema& item) {
  switch (item.shape) {
    case Shape::kObject:
      return nlohmann::json::object();
    case Shape::kString:
      if (!item.name.empty() || item.format == "byte") return std::nullopt;
      return "";
    case Shape::kInteger:
      return 0;
    default:
      return std::nullopt;
  }
}

class Parser {
 public:
  FactTable parse(std::string_view text) {
    std::string_view rest = text;
    while (!rest.empty()) line(take(rest, '\n'));
    for (auto& [name, type] : named_)
      SKERRY_ASSERT(defined_.contains(name), "facts: a type that is named is described");
    for (auto& [variant, base, ownership] : variants_) {
      *variant = *base;
      variant->ownership = ownership;
    }
    for (TypeSchema& type : table_.store)
      if (type.item != nullptr) type.item_default = zero_value(*type.item);
    for (KindRow& row : table_.rows) row.type = named_.at(type_of_row_.at(&row - &table_.rows[0]));
    for (const auto& [name, type] : named_) table_.types.emplace(name, type);
    return std::move(table_);
  }

 private:
  struct Variant {  // a named type that one field owns in another way
    TypeSchema* type;
    const TypeSchema* base;
    Ownership ownership;
  };

  void line(std::string_view text) {
    if (text.empty() || text.starts_with('#')) return;
    if (take_prefix(text, " ")) return field_line(text);
    const std::string_view what = take(text, ' ');
    if (what == "package") {
      const std::string_view shorter = take(text, ' ');
      packages_.emplace_back(shorter == "-" ? "" : shorter, text);
    } else if (what == "resource") {
      resource_line(text);
    } else {
      SKERRY_ASSERT(what == "type", "facts: a line is a package, resource, type or field");
      type_line(text);
    }
  }

  std::string full_name(std::string_view name) const {
    for (const auto& [shorter, longer] : packages_)
      if (name.starts_with(shorter)) return std::string(longer).append(name.substr(shorter.size()));
    SKERRY_ASSERT(false, "facts: a type's name begins with a package");
    return {};
  }

  TypeSchema* named(std::string_view short_name) {
    std::string name = full_name(short_name);
    const auto [at, is_new] = named_.try_emplace(std::move(name), nullptr);
    if (is_new) {
      at->second = &table_.store.emplace_back();
      at->second->name = at->first;
    }
    return at->second;
  }

  void resource_line(std::string_view text) {
    KindRow row;
    std::string_view gv = take(text, ' ');
    if (gv.find('/') != gv.npos) row.gv.group = take(gv, '/');
    row.gv.version = gv;
    row.kind = take(text, ' ');
    row.plural = take(text, ' ');
    row.singular = take(text, ' ');
    row.namespaced = take(text, ' ') == "namespaced";
    row.storage_prefix = take(text, ' ');
    type_of_row_.push_back(full_name(take(text, ' ')));
    while (!text.empty()) {
      std::string_view word = take(text, ' ');
      const std::string_view key = take(word, '=');
      std::vector<std::string>* list = key == "verbs"        ? &row.verbs
                                       : key == "short"      ? &row.short_names
                                       : key == "categories" ? &row.categories
                                       : key == "sub"        ? &row.subresources
                                                             : nullptr;
      SKERRY_ASSERT(list != nullptr, "facts: a resource has verbs, short, categories and sub");
      *list = split(word, ',');
    }
    table_.rows.push_back(std::move(row));
  }

  void type_line(std::string_view text) {
    current_ = named(take(text, ' '));
    SKERRY_ASSERT(defined_.insert(current_->name).second, "facts: a type is described once");
    const std::string_view shape = take(text, ' ');
    if (shape == "object")
      current_->shape = Shape::kObject;
    else
      SKERRY_ASSERT(set_scalar(*current_, shape), "facts: the shape of a type");
    nlohmann::json kinds = nlohmann::json::array();
    while (!text.empty()) {
      std::string_view word = take(text, ' ');
      if (take_prefix(word, "kind=")) {
        std::string group(take(word, '/')), version(take(word, '/'));
        kinds.push_back({{"group", group}, {"version", version}, {"kind", std::string(word)}});
      } else if (take_prefix(word, "map=")) {
        current_->ownership = ownership_of(word);
      } else if (take_prefix(word, "unions=")) {
        current_->annotations["x-kubernetes-unions"] = nlohmann::json::parse(word);
      } else {
        SKERRY_ASSERT(word == "query", "facts: an attribute of a type");
      }
    }
    if (!kinds.empty()) current_->annotations["x-kubernetes-group-version-kind"] = kinds;
  }

  void field_line(std::string_view text) {
    SKERRY_ASSERT(current_ != nullptr && current_->shape == Shape::kObject, "facts: whose field");
    FieldSchema field;
    std::string_view wire = take(text, ' ');
    field.name = take(wire, ':');
    if (!wire.empty()) field.wire = wire_number(wire);
    SKERRY_ASSERT(current_->fields.empty() || current_->fields.back().name < field.name,
                  "facts: fields are sorted");
    const std::string_view expression = take_type(text);
    std::string_view owned;  // the word that says how a list or map is owned
    while (!text.empty() && !text.starts_with('=')) {
      std::string_view word = take(text, ' ');
      if (word == "required")
        field.required = true;
      else if (take_prefix(word, "patch="))
        set_patch(field, word);
      else
        owned = word;
    }
    if (take_prefix(text, "=")) field.default_value = nlohmann::json::parse(text);
    field.type = expression_type(expression, owned);
    current_->fields.push_back(std::move(field));
  }

  /// "7", "2.7", "7-"
  static WireNumber wire_number(std::string_view text) {
    WireNumber out;
    if (text.ends_with('-')) {
      out.drops_zero = true;
      text.remove_suffix(1);
    }
    for (const char c : text) {
      if (c == '.') out.inside = std::exchange(out.number, std::uint8_t{0});
      if (c != '.') out.number = static_cast<std::uint8_t>(out.number * 10 + (c - '0'));
    }
    return out;
  }

  static void set_patch(FieldSchema& field, std::string_view word) {
    std::string_view strategies = take(word, ':');
    field.patch_merge_key = word;
    for (const std::string& strategy : split(strategies, ',')) {
      bool* flag = strategy == "merge"        ? &field.patch_merge
                   : strategy == "retainKeys" ? &field.patch_retain_keys
                   : strategy == "replace"    ? &field.patch_replace
                                              : nullptr;
      SKERRY_ASSERT(flag != nullptr, "facts: a patch strategy");
      *flag = true;
    }
  }

  static Ownership ownership_of(std::string_view word) {
    if (word == "granular") return Ownership::kGranular;
    if (word == "atomic") return Ownership::kAtomic;
    if (word == "set") return Ownership::kSet;
    SKERRY_ASSERT(word == "map", "facts: how a list or map is owned");
    return Ownership::kByKeys;
  }

  /// Equal expressions share one type.
  const TypeSchema* expression_type(std::string_view expression, std::string_view owned) {
    const bool composite = expression.starts_with("[]") || expression.starts_with("{}");
    std::string_view plain = expression;
    const std::string_view word = take(plain, '(');
    TypeSchema scalar;
    if (!composite && !set_scalar(scalar, word)) return reference(expression, owned);

    const std::string key = std::string(expression).append(" ").append(owned);
    if (const auto known = anonymous_.find(key); known != anonymous_.end()) return known->second;
    TypeSchema* type = &table_.store.emplace_back(std::move(scalar));
    anonymous_.emplace(key, type);
    if (composite) {
      type->shape = expression.starts_with("[]") ? Shape::kList : Shape::kMap;
      if (type->shape == Shape::kList) type->ownership = Ownership::kAtomic;
      type->item = expression_type(expression.substr(2), {});
    } else if (!plain.empty()) {
      plain.remove_suffix(1);  // the closing bracket
      for (std::string& value : split(plain, '|')) type->enum_values.emplace_back(std::move(value));
    }
    if (!owned.empty()) {
      take(owned, '=');
      type->ownership = ownership_of(take(owned, ':'));
      type->list_map_keys = split(owned, ',');
    }
    return type;
  }

  const TypeSchema* reference(std::string_view name, std::string_view owned) {
    TypeSchema* base = named(name);
    // list= of an object (Status.details) says nothing.
    if (!take_prefix(owned, "map=")) return base;
    const std::string key = std::string(name).append(" ").append(owned);
    const auto [at, is_new] = anonymous_.try_emplace(key, nullptr);
    if (is_new) {
      TypeSchema* variant = &table_.store.emplace_back();
      variants_.push_back({variant, base, ownership_of(owned)});
      at->second = variant;
    }
    return at->second;
  }

  FactTable table_;
  std::vector<std::pair<std::string_view, std::string_view>> packages_;
  std::map<std::string, TypeSchema*, std::less<>> named_;
  std::map<std::string, const TypeSchema*, std::less<>> anonymous_;  // by expression and ownership
  std::set<std::string, std::less<>> defined_;
  std::vector<Variant> variants_;
  std::vector<std::string> type_of_row_;
  TypeSchema* current_ = nullptr;
};

}  // namespace

FactTable parse_facts(std::string_view text) { return Parser().parse(text); }

}  // namespace skerry::standalone

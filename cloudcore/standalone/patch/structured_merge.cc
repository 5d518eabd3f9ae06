#include "cloudcore/standalone/patch/structured_merge.h"

#include <deque>
#include <map>
#include <set>

#include "cloudcore/standalone/patch/go_format.h"
#include "cloudcore/standalone/patch/ownership.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using Shape = TypeSchema::Shape;

// ---- what may be applied
// -------------------------------------------------------------------------

class Check {
 public:
  void walk(const json& value, const TypeSchema* type, const std::string& path) {
    if (type == nullptr || value.is_null()) return;
    switch (type->shape) {
      case Shape::kObject:
      case Shape::kMap:
        return walk_fields(value, *type, path);
      case Shape::kList:
        return walk_items(value, *type, path);
      case Shape::kString:
        if (type->format == "quantity") return;  // untyped for the merge: a number is one too
        return expect(value.is_string(), "string", value, path);
      case Shape::kInteger:
      case Shape::kNumber:
        return expect(value.is_number(), "numeric (int or float)", value, path);
      case Shape::kBoolean:
        return expect(value.is_boolean(), "boolean", value, path);
      case Shape::kIntOrString:
      case Shape::kAny:
        return;
    }
  }

  std::vector<std::string> problems;

 private:
  void problem(const std::string& path, const std::string& what) {
    problems.push_back(path.empty() ? what : path + ": " + what);
  }

  void walk_fields(const json& value, const TypeSchema& type, const std::string& path) {
    if (!value.is_object()) return problem(path, "expected map, got " + shown(value, "map"));
    for (const auto& [key, member] : value.items()) {
      const std::string at = path + "." + key;
      const bool unknown = type.shape == Shape::kObject && type.field(key) == nullptr;
      if (!unknown) {
        walk(member, member_type(&type, key), at);
      } else if (!type.preserve_unknown && !type.embedded_resource) {
        problem(at, "field not declared in schema");
      }
    }
  }

  void walk_items(const json& value, const TypeSchema& type, const std::string& path) {
    if (!value.is_array()) return problem(path, "expected list, got " + shown(value, "list"));
    std::set<std::string> seen;
    const bool by_items = grain_of(value, &type) == Grain::kItems;
    for (std::size_t i = 0; i < value.size(); ++i) {
      std::string element = "i:" + std::to_string(i);
      if (by_items) {
        auto found = item_element(value[i], type);
        if (!found) {
          problem(path,
                  "element " + std::to_string(i) +
                      ": associative list with keys has an element that omits all key fields " +
                      shown_keys(type) + " (and doesn't have default values for any key fields)");
          continue;
        }
        element = std::move(*found);
        if (!seen.insert(element).second)
          problem(path, "duplicate entries for key " + step(element));
      }
      walk(value[i], type.item, path + step(element));
    }
  }

  void expect(bool right, const char* wanted, const json& value, const std::string& path) {
    if (!right) problem(path, std::string("expected ") + wanted + ", got " + shown(value, wanted));
  }

  /// Each shape has its own way to show what it is not.
  static std::string shown(const json& value, std::string_view wanted) {
    if (wanted == "string") return "&value.valueUnstructured{Value:" + go_syntax(value) + "}";
    if (wanted.starts_with("numeric")) return go_type(value);
    return "&{" + go_value(value) + "}";
  }

  /// `["name" "protocol"]`
  static std::string shown_keys(const TypeSchema& list) {
    std::string out;
    for (const std::string& key : list.list_map_keys) {
      out += (out.empty() ? "" : " ") + json(key).dump();
    }
    return "[" + out + "]";
  }

  static std::string step(const std::string& element) {
    const FieldSet one = {{element, json::object()}};
    return field_paths(one).front();
  }
};

// ---- merge
// ---------------------------------------------------------------------------------------

json merge(const json& live, const json& config, const TypeSchema* type);

json merge_fields(const json& live, const json& config, const TypeSchema* type) {
  json out = live.is_object() ? live : json::object();
  for (const auto& [key, member] : config.items()) {
    const auto there = out.find(key);
    if (there == out.end()) {
      out[key] = merge(nullptr, member, member_type(type, key));
    } else {
      *there = merge(*there, member, member_type(type, key));
    }
  }
  return out;
}

/// The items of both lists, by what tells them apart.
class ItemMerge {
 public:
  ItemMerge(const json& live, const json& config, const TypeSchema& type)
      : type_(type), live_(named(live)), config_(named(config)) {
    for (const Item& item : live_) {
      auto [at, is_new] = by_name_.try_emplace(item.name, item.value);
      if (!is_new) at->second = nullptr;  // several: none of them is merged with
    }
    for (const Item& item : config_) wanted_.emplace(item.name, item.value);
    for (const Item& item : config_) {
      if (by_name_.contains(item.name)) shared_.push_back(item.name);
    }
  }

  json run() {
    std::size_t l = 0;
    std::size_t c = 0;
    while (l < live_.size() || c < config_.size()) {
      if (l < live_.size() && c < config_.size()) {
        const std::string& name = live_[l].name;
        if (name == config_[c].name) {
          take(config_[c++]);
          ++l;
          if (!shared_.empty()) shared_.pop_front();
          continue;
        }
        // One that both have and that comes later in the configuration.
        if (wanted_.contains(name) && !shared_.empty() && shared_.front() != name) {
          ++l;
          continue;
        }
      }
      if (l < live_.size()) {
        const Item& item = live_[l];
        if (!wanted_.contains(item.name)) {
          out_.push_back(*item.value);
          ++l;
          continue;
        }
        if (taken_.contains(item.name)) ++l;
      }
      if (c < config_.size()) {
        const Item& item = config_[c++];
        take(item);
        if (!shared_.empty() && shared_.front() == item.name) shared_.pop_front();
      }
    }
    return std::move(out_);
  }

 private:
  struct Item {
    std::string name;
    const json* value;
  };

  std::vector<Item> named(const json& list) const {
    std::vector<Item> out;
    if (!list.is_array()) return out;
    for (const json& item : list) {
      // An item without its keys is nobody's, and equal to none.
      auto name = item_element(item, type_);
      out.push_back({name ? std::move(*name) : "i:" + std::to_string(out.size()), &item});
    }
    return out;
  }

  void take(const Item& item) {
    taken_.insert(item.name);
    const auto there = by_name_.find(item.name);
    const bool merges = there != by_name_.end() && there->second != nullptr;
    out_.push_back(merge(merges ? *there->second : json(nullptr), *item.value, type_.item));
  }

  const TypeSchema& type_;
  std::vector<Item> live_;
  std::vector<Item> config_;
  std::map<std::string, const json*> by_name_;  // of the live list
  std::map<std::string, const json*> wanted_;   // of the configuration
  std::set<std::string> taken_;
  std::deque<std::string> shared_;  // what both have and is still to come, in the wanted order
  json out_ = json::array();
};

json merge(const json& live, const json& config, const TypeSchema* type) {
  // A null says nothing of what a structure has in it.
  if (config.is_null() && grain_of(live, type) != Grain::kWhole) return live;
  const Grain grain = grain_of(config, type);
  if (grain == Grain::kFields && config.is_object()) return merge_fields(live, config, type);
  const bool both_empty = config.empty() && (live.is_null() || live.empty());
  if (grain == Grain::kItems && config.is_array() && !both_empty) {
    return ItemMerge(live, config, *type).run();
  }
  return config;
}

// ---- removal
// -------------------------------------------------------------------------------------

json remove_below(const json& value, const FieldSet& set, const TypeSchema* type);

/// Puts what stays of one member or item into `out`.
template <class Put>
void keep(const json& value, const FieldSet& node, const TypeSchema* type, const Put& put) {
  if (is_member(node)) return;
  put(node.is_null() ? value : remove_below(value, node, type));
}

json remove_below(const json& value, const FieldSet& set, const TypeSchema* type) {
  const Grain grain = grain_of(value, type);
  if (grain == Grain::kFields && value.is_object()) {
    json out = json::object();
    for (const auto& [key, member] : value.items()) {
      keep(member, below(set, field_element(key)), member_type(type, key),
           [&, name = &key](json kept) { out[*name] = std::move(kept); });
    }
    return out.empty() ? json(nullptr) : out;
  }
  if (grain == Grain::kItems && value.is_array()) {
    json out = json::array();
    for (const json& item : value) {
      const auto element = item_element(item, *type);
      static const FieldSet kNone;
      keep(item, element ? below(set, *element) : kNone, type->item,
           [&](json kept) { out.push_back(std::move(kept)); });
    }
    return out.empty() ? json(nullptr) : out;
  }
  return grain == Grain::kWhole && value.is_primitive() ? value : json(nullptr);
}

}  // namespace

std::vector<std::string> configuration_problems(const json& config, const TypeSchema* type) {
  Check check;
  check.walk(config, type, "");
  return std::move(check.problems);
}

json structured_merge(const json& live, const json& config, const TypeSchema* type) {
  return merge(live, config, type);
}

json without_fields(const json& value, const FieldSet& set, const TypeSchema* type) {
  return set.is_null() ? value : remove_below(value, set, type);
}

FieldSet with_named_fields(FieldSet set, const TypeSchema* type) {
  if (!set.is_object()) return set;
  const bool list = type != nullptr && type->shape == Shape::kList;
  for (auto& [element, child] : set.items()) {
    if (element == ".") continue;
    const std::string name = element.substr(2);
    const bool field = element.starts_with("f:");
    const TypeSchema* of = field ? member_type(type, name) : (list ? type->item : nullptr);
    child = with_named_fields(std::move(child), of);
    if (field && is_named_field(type, name)) make_member(child);
  }
  return set;
}

}  // namespace skerry::standalone

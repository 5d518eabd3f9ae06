#include "cloudcore/standalone/schema/pruning.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace skerry::standalone {
namespace {

using nlohmann::json;
using Shape = TypeSchema::Shape;

class Pruning {
 public:
  /// `type` null: nothing is specified here.
  void walk(json& value, const TypeSchema* type, const std::string& path) {
    if (type != nullptr && type->shape == Shape::kAny) return;
    if (value.is_object()) return object(value, type, path);
    if (!value.is_array()) return;
    const bool list = type != nullptr && type->shape == Shape::kList;
    const bool keeps = type != nullptr && type->shape == Shape::kObject && type->preserve_unknown;
    if (keeps) return;
    for (std::size_t i = 0; i < value.size(); ++i) {
      walk(value[i], list ? type->item : nullptr, path + "[" + std::to_string(i) + "]");
    }
  }

  std::vector<std::string> dropped;

 private:
  void object(json& value, const TypeSchema* type, const std::string& path) {
    if (type != nullptr && type->shape == Shape::kMap) {
      for (auto member = value.begin(); member != value.end(); ++member) {
        walk(*member, type->item, path + "." + member.key());
      }
      return;
    }
    const bool specified = type != nullptr && type->shape == Shape::kObject;
    for (auto member = value.begin(); member != value.end();) {
      const std::string at = path.empty() ? member.key() : path + "." + member.key();
      const FieldSchema* field = specified ? type->field(member.key()) : nullptr;
      if (field == nullptr && !(specified && type->preserve_unknown)) {
        dropped.push_back(at);
        member = value.erase(member);
        continue;
      }
      if (field != nullptr) walk(*member, field->type, at);
      ++member;
    }
  }
};

bool lacks(const json& value, const TypeSchema& type) { return value.is_null() && !type.nullable; }

void default_fields(json& value, const TypeSchema& type) {
  for (const FieldSchema& field : type.fields) {
    if (!field.type->name.empty()) continue;  // metadata
    auto member = value.find(field.name);
    if (member != value.end() && field.type->shape != Shape::kAny && lacks(*member, *field.type)) {
      value.erase(member);
      member = value.end();
    }
    if (member == value.end() && field.default_value) {
      member = value.emplace(field.name, *field.default_value).first;
    }
    if (member != value.end()) set_defaults(*member, *field.type);
  }
}

void default_members(json& value, const TypeSchema& type) {
  for (auto member = value.begin(); member != value.end();) {
    const bool missing = type.item->shape != Shape::kAny && lacks(*member, *type.item);
    if (missing && !type.item_default) {
      member = value.erase(member);
      continue;
    }
    if (missing) *member = *type.item_default;
    set_defaults(*member, *type.item);
    ++member;
  }
}

}  // namespace

std::vector<std::string> prune(json& object, const TypeSchema& type) {
  Pruning pruning;
  pruning.walk(object, &type, "");
  const auto of_metadata = [](const std::string& path) { return path.starts_with("metadata."); };
  std::ranges::sort(pruning.dropped, [&](const std::string& a, const std::string& b) {
    if (of_metadata(a) != of_metadata(b)) return of_metadata(a);
    return a < b;
  });
  return std::move(pruning.dropped);
}

void set_defaults(json& value, const TypeSchema& type) {
  if (value.is_object() && type.shape == Shape::kObject) {
    default_fields(value, type);
  } else if (value.is_object() && type.shape == Shape::kMap) {
    default_members(value, type);
  } else if (value.is_array() && type.shape == Shape::kList) {
    for (json& item : value) {
      if (lacks(item, *type.item) && type.item_default) item = *type.item_default;
      set_defaults(item, *type.item);
    }
  }
}

}  // namespace skerry::standalone

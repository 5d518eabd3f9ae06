#include "cloudcore/standalone/patch/go_format.h"

#include <nlohmann/json.hpp>

namespace skerry::standalone {

using nlohmann::json;

namespace {

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string go_value(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "<nil>";
  if (!value.is_structured()) return text_of(value);
  std::string out;
  for (const auto& [key, member] : value.items()) {
    if (!out.empty()) out += " ";
    out += value.is_object() ? key + ":" + go_value(member) : go_value(member);
  }
  return value.is_object() ? "map[" + out + "]" : "[" + out + "]";
}

std::string go_syntax(const json& value) {
  if (value.is_null()) return "interface {}(nil)";
  if (!value.is_structured()) return text_of(value);
  std::string out;
  for (const auto& [key, member] : value.items()) {
    if (!out.empty()) out += ", ";
    out += value.is_object() ? text_of(json(key)) + ":" + go_syntax(member) : go_syntax(member);
  }
  return go_type(value) + "{" + out + "}";
}

std::string go_type(const json& value) {
  switch (value.type()) {
    case json::value_t::object:
      return "map[string]interface {}";
    case json::value_t::array:
      return "[]interface {}";
    case json::value_t::string:
      return "string";
    case json::value_t::boolean:
      return "bool";
    case json::value_t::number_float:
      return "float64";
    case json::value_t::null:
      return "<nil>";
    default:
      return "int64";
  }
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/api/decode.h"

#include <iterator>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/zero_values.h"
#include "common/base/base64.h"
#include "common/k8s/quantity.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using Shape = TypeSchema::Shape;

/// Brackets outside of strings: what would make a recursive reader deep.
bool too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if ((c == '{' || c == '[') && ++depth > kBodyDepthMax) return true;
    if ((c == '}' || c == ']') && depth > 0) --depth;
  }
  return false;
}

/// Walks an object beside its type.
class Fitting {
 public:
  Fitting(const KindRow& row) : row_(row) {}

  void fit(json& value, const TypeSchema& type, const std::string& path) {
    if (!problem_.empty() || value.is_null()) return;
    switch (type.shape) {
      case Shape::kObject:
        return fit_object(value, type, path);
      case Shape::kMap:
        if (!expect(value.is_object(), value, "map", path)) return;
        for (auto& [key, member] : value.items()) {
          if (type.item != nullptr) fit(member, *type.item, path + "." + key);
        }
        return;
      case Shape::kList:
        if (!expect(value.is_array(), value, "array", path)) return;
        for (std::size_t i = 0; i < value.size(); ++i) {
          if (type.item != nullptr) fit(value[i], *type.item, path + "[" + std::to_string(i) + "]");
        }
        return;
      case Shape::kString:
        if (type.format == "quantity") return fit_quantity(value, path);
        if (type.format == "byte" && !row_.custom) return fit_bytes(value, path);
        expect(value.is_string(), value, "string", path);
        return;
      case Shape::kInteger:
        expect(value.is_number_integer(), value, type.format == "int64" ? "int64" : "int32", path);
        return;
      case Shape::kNumber:
        expect(value.is_number(), value, "float64", path);
        return;
      case Shape::kBoolean:
        expect(value.is_boolean(), value, "bool", path);
        return;
      case Shape::kIntOrString:
        expect(value.is_string() || value.is_number_integer(), value, "int-or-string", path);
        return;
      case Shape::kAny:
        return;
    }
  }

  std::vector<std::string> unknown;
  const std::string& problem() const { return problem_; }

 private:
  void fit_object(json& value, const TypeSchema& type, const std::string& path) {
    if (!expect(value.is_object(), value, type.name.empty() ? "object" : type.name, path)) return;
    for (auto member = value.begin(); member != value.end();) {
      const std::string at = path.empty() ? member.key() : path + "." + member.key();
      const FieldSchema* field = type.field(member.key());
      const bool null = member->is_null() && !(field != nullptr && field->type->nullable);
      if (field == nullptr && !type.preserve_unknown && !always_known(type, member.key())) {
        unknown.push_back("unknown field \"" + at + "\"");
        member = value.erase(member);
      } else if (null && !type.preserve_unknown) {
        member = value.erase(member);
      } else {
        if (field != nullptr) fit(*member, *field->type, at);
        const bool nothing =
            field != nullptr && !row_.custom && is_unwritten(type, *field, *member);
        member = nothing ? value.erase(member) : std::next(member);
      }
    }
  }

  void fit_bytes(const json& value, const std::string& path) {
    if (!expect(value.is_string(), value, "string", path)) return;
    const std::string& text = value.get_ref<const std::string&>();
    if (decode_base64(text)) return;
    const std::size_t bad = text.find_first_not_of(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n");
    problem_ = row_.kind + " in version \"" + row_.gv.version + "\" cannot be handled as a " +
               row_.kind + ": illegal base64 data at input byte " +
               std::to_string(bad == std::string::npos ? text.size() / 4 * 4 : bad);
  }

  /// Quantities are kept as Kubernetes writes them: 0.5 is "500m".
  void fit_quantity(json& value, const std::string& path) {
    if (row_.custom && value.is_number()) return;
    if (!value.is_number() && !expect(value.is_string(), value, "string", path)) return;
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    const auto parsed = k8s::parse_quantity(text);
    if (parsed) {
      value = parsed->text();
      return;
    }
    const bool shaped = text.find_first_not_of("+-.0123456789eEinumkKMGTP") == std::string::npos &&
                        text.find_first_of("0123456789") != std::string::npos;
    problem_ = row_.kind + " in version \"" + row_.gv.version + "\" cannot be handled as a " +
               row_.kind + ": " +
               (shaped ? "unable to parse quantity's suffix"
                       : "quantities must match the regular expression "
                         "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  }

  static bool always_known(const TypeSchema& type, const std::string& key) {
    return type.embedded_resource && (key == "apiVersion" || key == "kind" || key == "metadata");
  }

  bool expect(bool right, const json& value, std::string_view wanted, const std::string& path) {
    if (right) return true;
    const std::string short_name(wanted.substr(wanted.rfind('.') + 1));
    problem_ = row_.kind + " in version \"" + row_.gv.version + "\" cannot be handled as a " +
               row_.kind + ": json: cannot unmarshal " + value.type_name() +
               " into Go struct field " + row_.kind + "." + path + " of type " + short_name;
    return false;
  }

  const KindRow& row_;
  std::string problem_;
};

}  // namespace

Answer<json> decode_body(std::string_view content_type,
                         std::string_view body,
                         std::string_view accepted) {
  const bool yaml = content_type.ends_with("yaml");
  const bool is_json = content_type.empty() || content_type.ends_with("json");
  if (!yaml && !is_json)
    return unsupported_media_type(std::string(content_type), std::string(accepted));
  if (body.empty()) return bad_request("the body of the request is empty");
  if (too_deep(body)) return bad_request("the body of the request is nested too deeply");
  if (yaml) return bad_request("YAML bodies are not read yet: send JSON");
  json out = json::parse(body, nullptr, false);
  if (out.is_discarded()) {
    std::string why = "invalid JSON";
    try {
      const json again = json::parse(body);
    } catch (const json::exception& error) {  // nlohmann tells where only this way
      why = error.what();
    }
    return bad_request("the object provided is unrecognized: " + why);
  }
  return out;
}

Answer<FieldValidation> field_validation(std::string_view param) {
  if (param.empty() || param == "Warn") return FieldValidation::kWarn;
  if (param == "Strict") return FieldValidation::kStrict;
  if (param == "Ignore") return FieldValidation::kIgnore;
  return bad_request("invalid fieldValidation \"" + std::string(param) +
                     "\": one of Ignore, Warn, Strict is expected");
}

Answer<std::vector<std::string>> fit_to_type(json& object, const KindRow& row) {
  if (!object.is_object()) return bad_request("the body of the request is no object");
  if (row.type == nullptr) return std::vector<std::string>();
  Fitting fitting(row);
  fitting.fit(object, *row.type, "");
  if (!fitting.problem().empty()) return bad_request(fitting.problem());
  return std::move(fitting.unknown);
}

}  // namespace skerry::standalone

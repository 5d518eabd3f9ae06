// Secret, ConfigMap, ServiceAccount.
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/core_rows.h"
#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/name_rules.h"
#include "common/base/base64.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::size_t kDataBytesMax = 1024 * 1024;
constexpr const char* kWhenImmutable = "field is immutable when `immutable` is set";
constexpr const char* kRedacted = "<secret contents redacted>";

/// Bytes that base64 text stands for.
std::size_t decoded_bytes(const std::string& text) {
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  return text.size() / 4 * 3 - (text.empty() ? 0 : padding);
}

std::string text_of(const json& value) { return value.is_string() ? value.get<std::string>() : ""; }

// ---- Secret -------------------------------------------------------------------------------------

void secret_defaults(json& object) {
  if (fields::text(object, "type").empty()) object["type"] = "Opaque";
  const auto plain = object.find("stringData");
  if (plain == object.end()) return;
  for (const auto& [key, value] : plain->items()) {
    object["data"][key] = encode_base64(text_of(value));
  }
  object.erase("stringData");
}

void secret_update(json& object, const json& old) {
  if (!object.contains("type")) object["type"] = fields::text(old, "type");
}

void check_json_value(const json& data, const char* key, FieldChecks& checks) {
  const std::string field = at_key("data", key);
  const std::string encoded = text_of(fields::at(data, key));
  if (!data.contains(key)) return checks.required(field);
  const auto decoded = decode_base64(encoded);
  const std::string text = decoded ? *decoded : "";
  if (json::accept(text)) return;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  checks.invalid(field, kRedacted,
                 first == std::string::npos ? std::string("unexpected end of JSON input")
                                            : "invalid character '" + text.substr(first, 1) +
                                                  "' looking for beginning of value");
}

void check_type_keys(const json& object, const json& data, FieldChecks& checks) {
  const std::string type = fields::text(object, "type");
  const auto needs = [&](const char* key) {
    if (!data.contains(key)) checks.required(at_key("data", key));
  };
  if (type == "kubernetes.io/service-account-token") {
    const json& annotations = fields::object(fields::object(object, "metadata"), "annotations");
    if (fields::text(annotations, "kubernetes.io/service-account.name").empty()) {
      checks.required("metadata.annotations[kubernetes.io/service-account.name]");
    }
  } else if (type == "kubernetes.io/dockercfg") {
    check_json_value(data, ".dockercfg", checks);
  } else if (type == "kubernetes.io/dockerconfigjson") {
    check_json_value(data, ".dockerconfigjson", checks);
  } else if (type == "kubernetes.io/basic-auth") {
    // One of the two is enough.
    if (!data.contains("username") && !data.contains("password")) {
      needs("username");
      needs("password");
    }
  } else if (type == "kubernetes.io/ssh-auth") {
    if (text_of(fields::at(data, "ssh-privatekey")).empty()) {
      checks.required(at_key("data", "ssh-privatekey"));
    }
  } else if (type == "kubernetes.io/tls") {
    needs("tls.crt");
    needs("tls.key");
  }
}

FieldErrors secret_validate(const json& object) {
  FieldChecks checks;
  const json& data = fields::object(object, "data");
  std::size_t bytes = 0;
  for (const auto& [key, value] : data.items()) {
    checks.rule(at_key("data", key), key, name_rules::config_key(key));
    bytes += decoded_bytes(text_of(value));
  }
  if (bytes > kDataBytesMax) checks.too_long("data", kDataBytesMax);
  check_type_keys(object, data, checks);
  return checks.take();
}

/// What `immutable` holds fast, itself included.
void check_immutable(const json& object,
                     const json& old,
                     std::initializer_list<const char*> held,
                     FieldChecks& checks) {
  if (!fields::flag(old, "immutable")) return;
  if (!fields::flag(object, "immutable")) checks.forbidden("immutable", kWhenImmutable);
  for (const char* key : held) {
    if (fields::object(object, key) != fields::object(old, key)) {
      checks.forbidden(key, kWhenImmutable);
    }
  }
}

FieldErrors secret_validate_update(const json& object, const json& old) {
  FieldChecks checks;
  checks.immutable(object, old, "type", "");
  check_immutable(object, old, {"data"}, checks);
  return checks.take();
}

// ---- ConfigMap ----------------------------------------------------------------------------------

FieldErrors config_map_validate(const json& object) {
  FieldChecks checks;
  const json& data = fields::object(object, "data");
  const json& binary = fields::object(object, "binaryData");
  std::size_t bytes = 0;
  for (const auto& [key, value] : data.items()) {
    checks.rule(at_key("data", key), key, name_rules::config_key(key));
    if (binary.contains(key)) {
      checks.invalid(at_key("data", key), key, "duplicate of key present in binaryData");
    }
    bytes += text_of(value).size();
  }
  for (const auto& [key, value] : binary.items()) {
    checks.rule(at_key("binaryData", key), key, name_rules::config_key(key));
    bytes += decoded_bytes(text_of(value));
  }
  if (bytes > kDataBytesMax) checks.too_long("[]", kDataBytesMax);
  return checks.take();
}

FieldErrors config_map_validate_update(const json& object, const json& old) {
  FieldChecks checks;
  check_immutable(object, old, {"data", "binaryData"}, checks);
  return checks.take();
}

}  // namespace

std::vector<KindBehaviour> config_rows() {
  KindBehaviour secrets;
  secrets.storage_prefix = "secrets";
  secrets.set_defaults = secret_defaults;
  secrets.prepare_update = secret_update;
  secrets.validate = secret_validate;
  secrets.validate_update = secret_validate_update;
  KindBehaviour config_maps;
  config_maps.storage_prefix = "configmaps";
  config_maps.validate = config_map_validate;
  config_maps.validate_update = config_map_validate_update;
  KindBehaviour accounts;
  accounts.storage_prefix = "serviceaccounts";
  return {secrets, config_maps, accounts};
}

}  // namespace skerry::standalone

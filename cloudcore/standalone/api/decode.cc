#include "cloudcore/standalone/api/decode.h"

#include "cloudcore/standalone/decoding/json_text.h"
#include "cloudcore/standalone/decoding/type_check.h"
#include "cloudcore/standalone/decoding/yaml_text.h"
#include "cloudcore/standalone/protobuf/kubernetes_protobuf.h"
#include "cloudcore/standalone/schema/json_depth.h"
#include "cloudcore/standalone/schema/pruning.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

constexpr std::size_t kSummaryBytes = 30;
constexpr std::string_view kVersionAndKind = "couldn't get version/kind; json parse error: ";
/// How Go spells the type into which it reads a body first.
constexpr std::string_view kTypeMeta =
    R"(struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" })";

enum class Form { kJson, kYaml, kProtobuf };

std::optional<Form> form_of(std::string_view content_type) {
  if (content_type.empty() || content_type.ends_with("json")) return Form::kJson;
  if (content_type.ends_with("yaml")) return Form::kYaml;
  if (content_type == kProtobufType) return Form::kProtobuf;
  return std::nullopt;
}

struct Body {
  Form form = Form::kJson;
  json value;
  bool duplicates = false;          // of keys, in JSON
  std::vector<std::string> strict;  // of keys, in YAML
};

/// The beginning of a body, as text if it looks like JSON, else in hexadecimal.
std::string summary(std::string_view body) {
  if (body.empty()) return "<empty>";
  const std::string_view shown = body.substr(0, kSummaryBytes);
  std::string out;
  if (body[0] == '{') {
    out = shown;
  } else {
    static constexpr char kHex[] = "0123456789abcdef";
    for (const unsigned char c : shown) out += {kHex[c >> 4], kHex[c & 15]};
  }
  return shown.size() < body.size() ? out + " ..." : out;
}

/// `kind` empty: no kind was expected.
ApiFailure unrecognized(const std::string& why, std::string_view body, const std::string& kind) {
  const std::string wanted = kind.empty() ? "" : " (must be of type " + kind + ")";
  return bad_request("the object provided is unrecognized" + wanted + ": " + why + " (" +
                     summary(body) + ")");
}

Answer<Body> read_as_json(std::string_view text, const std::string& kind) {
  if (nested_deeper_than(text, kBodyDepthMax)) {
    return unrecognized("exceeded max depth", text, kind);
  }
  auto read = read_json(text);
  if (!read) return unrecognized(std::string(kVersionAndKind) + read.error().what, text, kind);
  return Body{Form::kJson, std::move(read->value), read->duplicates, {}};
}

Answer<Body> read_as_yaml(std::string_view text, const std::string& kind) {
  // Clients send JSON under this name, too (kubectl apply --server-side), and JSON is YAML.
  if (text.starts_with('{')) {
    auto read = read_as_json(text, kind);
    if (read) return read;
  }
  auto read = read_yaml(text);
  if (!read) return unrecognized(read.error().what, text, kind);
  return Body{Form::kYaml, std::move(read->value), false, std::move(read->duplicates)};
}

Answer<Body> read_as_protobuf(std::string_view bytes, const std::string& kind) {
  auto read = decode_protobuf(bytes, *built_in_kinds());
  if (read) return Body{Form::kProtobuf, std::move(*read), false, {}};
  if (read.error().code == Code::kTooLarge) return too_large(read.error().what);
  return unrecognized(read.error().what, bytes, kind);
}

Answer<Body> read_body(std::string_view content_type,
                       std::string_view body,
                       std::string_view accepted,
                       const std::string& kind) {
  const auto form = form_of(content_type);
  if (!form) return unsupported_media_type(std::string(content_type), std::string(accepted));
  if (*form == Form::kYaml) return read_as_yaml(body, kind);
  if (*form == Form::kProtobuf) return read_as_protobuf(body, kind);
  return read_as_json(body, kind);
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The package of a group's types in Go.
std::string package(const std::string& group) {
  return group.empty() ? "core" : group.substr(0, group.find('.'));
}

std::string cannot_be_handled(const std::string& kind,
                              const std::string& version,
                              const KindRow& row) {
  const std::size_t slash = version.find('/');
  const std::string shown = slash == std::string::npos ? version : version.substr(slash + 1);
  return kind + " in version \"" + shown + "\" cannot be handled as a " + row.kind + ": ";
}

/// apiVersion and kind of the body against those of the path; what a body leaves out is filled in.
Answer<void> check_kind(json& object, const KindRow& row) {
  std::string kind = text_at(object, "kind");
  std::string version = text_at(object, "apiVersion");
  if (kind.empty()) kind = row.kind;
  if (version.empty()) version = row.gv.text();
  object["kind"] = kind;
  object["apiVersion"] = version;
  if (kind == row.kind && version == row.gv.text()) return {};
  const std::size_t slash = version.find('/');
  GroupVersion gv{"", version};
  if (slash != std::string::npos) gv = {version.substr(0, slash), version.substr(slash + 1)};
  if (built_in_kinds()->type_of(gv, kind) == nullptr && !row.custom) {
    return bad_request(cannot_be_handled(kind, version, row) + "no kind \"" + kind +
                       "\" is registered for version \"" + version +
                       "\" in scheme \"pkg/runtime/scheme.go:110\"");
  }
  if (kind != row.kind && !row.custom) {
    return bad_request(cannot_be_handled(kind, version, row) + "converting (" + gv.version + "." +
                       kind + ") to (" + package(row.gv.group) + "." + row.kind +
                       "): unknown conversion");
  }
  return bad_request("the API version in the data (" + version +
                     ") does not match the expected API version (" + row.gv.text() + ")");
}

/// The body as an object with a kind, or why it is none.
Answer<void> check_root(Body& body, std::string_view text, const KindRow& row) {
  if (body.value.is_null()) body.value = json::object();
  const std::string begin = std::string(kVersionAndKind) + "json: cannot unmarshal ";
  if (!body.value.is_object()) {
    const std::string given = body.value.is_boolean() ? "bool" : body.value.type_name();
    return unrecognized(begin + given + " into Go value of type " + std::string(kTypeMeta), text,
                        row.kind);
  }
  for (const char* key : {"apiVersion", "kind"}) {
    const auto found = body.value.find(key);
    if (found == body.value.end() || found->is_null() || found->is_string()) continue;
    const std::string given = found->is_boolean() ? "bool" : found->type_name();
    return unrecognized(begin + given + " into Go struct field ." + key + " of type string", text,
                        row.kind);
  }
  return check_kind(body.value, row);
}

/// Of a custom kind only the metadata has types here: the rest is validated, and answered as that.
/// What is unknown is told; values stay what they are, and defaults come.
Answer<std::vector<std::string>> fit_custom(json& object, const KindRow& row) {
  std::vector<std::string> unknown = prune(object, *row.type);
  for (std::string& each : unknown) each = "unknown field \"" + each + "\"";
  const FieldSchema* metadata = row.type->field("metadata");
  const auto found = object.find("metadata");
  if (metadata != nullptr && found != object.end() && found->is_object()) {
    const json as_sent = *found;
    if (!fit_value(*found, *metadata->type, Mismatches::kRefused)) {
      const TypeProblems problems =
          problems_of_value(as_sent, *metadata->type, Mismatches::kRefused);
      if (!problems.mismatch.empty()) {
        return bad_request(cannot_be_handled(row.kind, row.gv.version, row) + problems.mismatch);
      }
    }
  }
  set_defaults(object, *row.type);
  return unknown;
}

Mismatches mismatches_of(const KindRow& row) {
  return row.custom ? Mismatches::kKept : Mismatches::kRefused;
}

}  // namespace

Answer<json> decode_body(std::string_view content_type,
                         std::string_view body,
                         std::string_view accepted) {
  auto read = read_body(content_type, body, accepted, {});
  if (!read) return ApiFailure(read.error());
  return std::move(read->value);
}

Answer<DecodedObject> decode_object(const ApiRequest& request, const KindRow& row) {
  const std::string accepted = std::string("application/json, application/yaml") +
                               (row.custom ? "" : ", " + std::string(kProtobufType));
  if (row.custom && request.content_type == kProtobufType) {
    return unsupported_media_type(request.content_type, accepted);
  }
  auto body = read_body(request.content_type, request.body, accepted, row.kind);
  if (!body) return ApiFailure(body.error());
  if (auto right = check_root(*body, request.body, row); !right) return ApiFailure(right.error());
  DecodedObject out{std::move(body->value), std::move(body->strict)};
  if (row.type == nullptr) return out;
  if (row.custom) {
    auto unknown = fit_custom(out.object, row);
    if (!unknown) return ApiFailure(unknown.error());
    if (body->duplicates) {  // found in the text alone
      for (std::string& each :
           problems_of_text(request.body, *row.type, Mismatches::kKept).strict) {
        if (each.starts_with("duplicate")) out.strict.push_back(std::move(each));
      }
    }
    out.strict.insert(out.strict.end(), unknown->begin(), unknown->end());
    return out;
  }
  // YAML as it was: fitting takes what has to be told. Protobuf brings nothing unknown.
  const json as_sent = body->form == Form::kYaml ? out.object : json();
  const bool fits = fit_value(out.object, *row.type, mismatches_of(row));
  if (fits && !body->duplicates) return out;
  const Mismatches mismatches = mismatches_of(row);
  const json& left = body->form == Form::kYaml ? as_sent : out.object;
  TypeProblems problems = body->form == Form::kJson
                              ? problems_of_text(request.body, *row.type, mismatches)
                              : problems_of_value(left, *row.type, mismatches);
  if (!problems.mismatch.empty()) {
    return bad_request(cannot_be_handled(row.kind, row.gv.version, row) + problems.mismatch);
  }
  out.strict.insert(out.strict.end(), std::make_move_iterator(problems.strict.begin()),
                    std::make_move_iterator(problems.strict.end()));
  return out;
}

Answer<FieldValidation> field_validation(std::string_view param, std::string_view options) {
  if (param.empty() || param == "Warn") return FieldValidation::kWarn;
  if (param == "Strict") return FieldValidation::kStrict;
  if (param == "Ignore") return FieldValidation::kIgnore;
  KindRow row;
  row.gv = {"meta.k8s.io", "v1"};
  row.kind = options;
  FieldError error;
  error.kind = FieldError::Kind::kNotSupported;
  error.field = "fieldValidation";
  error.value = std::string(param);
  error.supported = {"", "Ignore", "Strict", "Warn"};
  return invalid(row, "", {std::move(error)});
}

Answer<std::vector<std::string>> fit_to_type(json& object, const KindRow& row) {
  if (!object.is_object()) return bad_request("the body of the request is no object");
  if (row.type == nullptr) return std::vector<std::string>();
  if (row.custom) return fit_custom(object, row);
  json fitted = object;
  if (!fit_value(fitted, *row.type, mismatches_of(row))) {
    TypeProblems problems = problems_of_value(object, *row.type, mismatches_of(row));
    if (!problems.mismatch.empty()) {
      return bad_request(cannot_be_handled(row.kind, row.gv.version, row) + problems.mismatch);
    }
    object = std::move(fitted);
    return std::move(problems.strict);
  }
  object = std::move(fitted);
  return std::vector<std::string>();
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/protobuf/kubernetes_protobuf.h"

#include "cloudcore/standalone/protobuf/message_decoder.h"
#include "cloudcore/standalone/protobuf/wire_reader.h"

namespace skerry::standalone {
namespace {

constexpr std::string_view kPrefix("k8s\0", 4);

struct Unknown {
  std::string api_version;
  std::string kind;
  std::string_view raw;
};

bool read_type(std::string_view bytes, Unknown& out) {
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->type != WireField::Type::kBytes) continue;
    if (field->number == 1) out.api_version = field->bytes;
    if (field->number == 2) out.kind = field->bytes;
  }
  return !reader.fails();
}

std::optional<Unknown> read_unknown(std::string_view bytes) {
  Unknown out;
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->type != WireField::Type::kBytes) continue;
    if (field->number == 1 && !read_type(field->bytes, out)) return std::nullopt;
    if (field->number == 2) out.raw = field->bytes;
  }
  if (reader.fails()) return std::nullopt;
  return out;
}

GroupVersion group_version(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return {"", text};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

}  // namespace

Result<nlohmann::json> decode_protobuf(std::string_view body, const BuiltInKinds& kinds) {
  if (!body.starts_with(kPrefix)) {
    return fail(Code::kMalformed,
                "provided data does not appear to be a protobuf message, expected prefix [107 56 "
                "115 0]");
  }
  const auto unknown = read_unknown(body.substr(kPrefix.size()));
  if (!unknown) return fail(Code::kMalformed, "the protobuf message is damaged: send it again");
  if (unknown->kind.empty()) return fail(Code::kMalformed, "Object 'Kind' is missing");
  const TypeSchema* type = kinds.type_of(group_version(unknown->api_version), unknown->kind);
  if (type == nullptr) {
    return fail(Code::kNotFound, "no kind \"" + unknown->kind + "\" is registered for version \"" +
                                     unknown->api_version + "\"");
  }
  auto object = decode_message(unknown->raw, *type, kinds);
  if (!object) return object;
  (*object)["apiVersion"] = unknown->api_version;
  (*object)["kind"] = unknown->kind;
  return object;
}

}  // namespace skerry::standalone

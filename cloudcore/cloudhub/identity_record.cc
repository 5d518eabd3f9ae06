#include "cloudcore/cloudhub/identity_record.h"

#include <optional>

#include "common/base/assert.h"
#include "common/base/base64.h"
#include "common/k8s/json_fields.h"

namespace skerry::cloudhub {
namespace {

using k8s::fields::at;
using k8s::fields::Json;
using k8s::fields::object;
using k8s::fields::text;

constexpr std::string_view kRecordLabel = "skerry.io/record";

std::optional<RecordKind> kind_from(std::string_view word) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(RecordKind::kCount); ++i) {
    if (to_string(static_cast<RecordKind>(i)) == word) return static_cast<RecordKind>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(RecordKind kind) {
  constexpr std::array<std::string_view, static_cast<std::size_t>(RecordKind::kCount)> kWords = {
      "ca", "join-token", "node-identity", "deny-list"};
  SKERRY_ASSERT(kind < RecordKind::kCount, "no such kind of record");
  return kWords[static_cast<std::size_t>(kind)];
}

Result<std::string> encode_secret(const Record& record) {
  const std::string word(to_string(record.kind));
  Json secret = {
      {"apiVersion", "v1"},
      {"kind", "Secret"},
      {"type", "skerry.io/" + word},
      {"metadata",
       {{"name", record.name},
        {"namespace", kIdentityNamespace},
        {"labels", {{kRecordLabel, word}, {"app.kubernetes.io/managed-by", "skerry-cloudcore"}}}}},
  };
  if (!record.resource_version.empty()) {
    secret["metadata"]["resourceVersion"] = record.resource_version;
  }
  std::size_t bytes = 0;
  for (const auto& [key, value] : record.data) {
    bytes += key.size() + value.size();
    secret["data"][key] = encode_base64(value);
  }
  if (bytes > kRecordBytesMax)
    return fail(Code::kTooLarge, "record " + record.name + " is too large");
  return secret.dump();
}

Result<Record> decode_secret(std::string_view json) {
  const Json secret = Json::parse(json, nullptr, false);
  if (!secret.is_object()) return fail(Code::kMalformed, "not a Secret");
  const Json& metadata = at(secret, "metadata");
  Record record;
  record.name = text(metadata, "name");
  record.resource_version = text(metadata, "resourceVersion");
  const auto kind = kind_from(text(at(metadata, "labels"), kRecordLabel));
  if (!kind || record.name.empty() || record.resource_version.empty()) {
    return fail(Code::kMalformed, "Secret " + record.name + " is none of cloudcore's (label " +
                                      std::string(kRecordLabel) + ")");
  }
  record.kind = *kind;
  for (const auto& [key, value] : object(secret, "data").items()) {
    Result<std::string> bytes = value.is_string()
                                    ? decode_base64(value.get_ref<const std::string&>())
                                    : Result<std::string>(fail(Code::kMalformed, "not text"));
    if (!bytes) return fail("Secret " + record.name + ", data " + key, bytes.error());
    record.data[key] = std::move(*bytes);
  }
  return record;
}

}  // namespace skerry::cloudhub

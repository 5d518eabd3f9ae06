#include "common/k8s/pod_refs.h"

#include <nlohmann/json.hpp>

namespace skerry::k8s {
namespace {

using Json = nlohmann::json;

// A field of another type than expected counts as absent: the API server validated it, or nobody
// did.
const Json& at(const Json& object, const char* key) {
  static const Json kAbsent;
  if (!object.is_object()) return kAbsent;
  const auto found = object.find(key);
  return found == object.end() ? kAbsent : *found;
}

std::string string_at(const Json& object, const char* key) {
  const Json& value = at(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

bool true_at(const Json& object, const char* key) {
  const Json& value = at(object, key);
  return value.is_boolean() && value.get<bool>();
}

class Collector {
 public:
  explicit Collector(std::string ns) : ns_(std::move(ns)) {}

  /// `source` names the object in `name_field`, with an optional flag beside it.
  void add(Kind kind, const Json& source, const char* name_field) {
    add(kind, string_at(source, name_field),
        true_at(source, "optional") ? RefNeed::kOptional : RefNeed::kRequired);
  }
  void add(Kind kind, std::string name, RefNeed need) {
    if (name.empty()) return;
    const auto [row, fresh] = refs_.try_emplace(ObjectKey{kind, ns_, std::move(name)}, need);
    if (!fresh && need == RefNeed::kRequired) row->second = need;
  }
  PodRefs take() { return std::move(refs_); }

 private:
  std::string ns_;
  PodRefs refs_;
};

void add_container(const Json& container, Collector& out) {
  for (const Json& variable : at(container, "env")) {
    const Json& from = at(variable, "valueFrom");
    out.add(Kind::kConfigMap, at(from, "configMapKeyRef"), "name");
    out.add(Kind::kSecret, at(from, "secretKeyRef"), "name");
  }
  for (const Json& from : at(container, "envFrom")) {
    out.add(Kind::kConfigMap, at(from, "configMapRef"), "name");
    out.add(Kind::kSecret, at(from, "secretRef"), "name");
  }
}

void add_volume(const Json& volume, Collector& out) {
  out.add(Kind::kConfigMap, at(volume, "configMap"), "name");
  out.add(Kind::kSecret, at(volume, "secret"), "secretName");
  for (const Json& source : at(at(volume, "projected"), "sources")) {
    out.add(Kind::kConfigMap, at(source, "configMap"), "name");
    out.add(Kind::kSecret, at(source, "secret"), "name");
  }
}

Result<Json> parse_pod(const Object& pod) {
  Json parsed = Json::parse(*pod.json, nullptr, false);
  if (parsed.is_discarded()) return fail(Code::kMalformed, pod.key.text() + ": invalid JSON");
  return parsed;
}

}  // namespace

PodRefs referenced_objects(const Json& pod) {
  Collector out(string_at(at(pod, "metadata"), "namespace"));
  const Json& spec = at(pod, "spec");
  for (const char* list : {"initContainers", "containers", "ephemeralContainers"}) {
    for (const Json& container : at(spec, list)) add_container(container, out);
  }
  for (const Json& volume : at(spec, "volumes")) add_volume(volume, out);
  for (const Json& secret : at(spec, "imagePullSecrets")) {
    out.add(Kind::kSecret, string_at(secret, "name"), RefNeed::kOptional);
  }
  return out.take();
}

std::vector<TokenSource> token_sources(const Json& pod) {
  std::vector<TokenSource> out;
  for (const Json& volume : at(at(pod, "spec"), "volumes")) {
    for (const Json& source : at(at(volume, "projected"), "sources")) {
      const Json& token = at(source, "serviceAccountToken");
      if (!token.is_object()) continue;
      TokenSource found;
      found.volume = string_at(volume, "name");
      found.path = string_at(token, "path");
      found.audience = string_at(token, "audience");
      const Json& seconds = at(token, "expirationSeconds");
      if (seconds.is_number_integer()) found.expiration_seconds = seconds.get<std::int64_t>();
      out.push_back(std::move(found));
    }
  }
  return out;
}

Result<PodRefs> referenced_objects(const Object& pod) {
  auto parsed = parse_pod(pod);
  if (!parsed) return fail(parsed.error());
  return referenced_objects(*parsed);
}

Result<std::vector<TokenSource>> token_sources(const Object& pod) {
  auto parsed = parse_pod(pod);
  if (!parsed) return fail(parsed.error());
  return token_sources(*parsed);
}

}  // namespace skerry::k8s

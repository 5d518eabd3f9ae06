#include "edgecore/edged/volume_files.h"

#include <algorithm>

#include "edgecore/edged/cgroup_rules.h"
#include "edgecore/edged/resource_amounts.h"

namespace skerry::edged {
namespace {

constexpr int kTokenOwnMode = 0600;

struct Context {
  const PodSpec& pod;
  const VolumeSpec& volume;
  const VolumeInputs& inputs;
};

/// ConfigMapVolume and SecretVolume have the same fields; `source` is either.
template <class KeyedVolume>
Result<void> add_keys(const Context& context, const KeyedVolume& source, Payload& payload) {
  constexpr bool kSecret = std::is_same_v<KeyedVolume, SecretVolume>;
  const auto kind = kSecret ? k8s::Kind::kSecret : k8s::Kind::kConfigMap;
  const std::string word = kSecret ? "secret" : "configmap";
  const ObjectDataPtr object = context.inputs.objects(kind, source.name);
  if (!object && !source.optional) {
    return fail(Code::kNotFound, word + " \"" + source.name + "\" not found");
  }
  if (!object) return {};
  const int mode = context.volume.default_mode;
  if (source.items.empty()) {
    for (const auto& [key, bytes] : object->data) payload[key] = {bytes, mode, {}};
    for (const auto& [key, bytes] : object->binary) payload[key] = {bytes, mode, {}};
    return {};
  }
  for (const KeyToPath& item : source.items) {
    auto found = object->data.find(item.key);
    if (found == object->data.end()) {
      found = object->binary.find(item.key);
      if (found == object->binary.end()) {
        if (source.optional) continue;
        return fail(Code::kNotFound,
                    kSecret ? "references non-existent secret key: " + item.key
                            : "configmap references non-existent config key: " + item.key);
      }
    }
    payload[item.path] = {found->second, item.mode.value_or(mode), {}};
  }
  return {};
}

Result<void> add_downward(const Context& context, const DownwardVolume& source, Payload& payload) {
  for (const DownwardItem& item : source.items) {
    Result<std::string> text = fail(Code::kInternal, "");
    if (const auto* field = std::get_if<FieldRef>(&item.from)) {
      text = field_value(field->path, context.pod, context.inputs.facts);
    } else {
      text = resource_value(std::get<ResourceFieldRef>(item.from), context.pod, nullptr,
                            context.inputs.facts);
    }
    if (!text) return fail(text.error());
    payload[item.path] = {std::move(*text), item.mode.value_or(context.volume.default_mode), {}};
  }
  return {};
}

Result<void> add_token(const Context& context, const TokenVolume& source, Payload& payload) {
  std::optional<std::string> token = context.inputs.token(context.volume.name, source.path);
  if (!token) {
    return fail(Code::kNotFound, "no service account token for volume \"" + context.volume.name +
                                     "\" yet: it comes from the cloud");
  }
  if (token->empty()) return {};
  const std::optional<std::int64_t> owner = token_owner(context.pod);
  const bool restricted = owner.has_value() || context.pod.fs_group.has_value();
  payload[source.path] = {std::move(*token),
                          restricted ? kTokenOwnMode : context.volume.default_mode, owner};
  return {};
}

struct AddSource {
  const Context& context;
  Payload& payload;

  Result<void> operator()(const ConfigMapVolume& source) const {
    return add_keys(context, source, payload);
  }
  Result<void> operator()(const SecretVolume& source) const {
    return add_keys(context, source, payload);
  }
  Result<void> operator()(const DownwardVolume& source) const {
    return add_downward(context, source, payload);
  }
  Result<void> operator()(const TokenVolume& source) const {
    return add_token(context, source, payload);
  }
  Result<void> operator()(const ProjectedVolume& projected) const {
    for (const ProjectedSource& source : projected.sources) {
      if (Result<void> added = std::visit(*this, source); !added) return added;
    }
    return {};
  }
  Result<void> operator()(const EmptyDirVolume&) const {
    return fail(Code::kUnsupported, "an emptyDir has no files of its own");
  }
  Result<void> operator()(const HostPathVolume&) const {
    return fail(Code::kUnsupported, "a hostPath has no files of its own");
  }
};

}  // namespace

Result<Payload> volume_payload(const PodSpec& pod,
                               const VolumeSpec& volume,
                               const VolumeInputs& inputs) {
  Payload payload;
  const Context context{pod, volume, inputs};
  Result<void> added = std::visit(AddSource{context, payload}, volume.source);
  if (!added) return fail(added.error());
  return payload;
}

std::string plugin_dir(const VolumeSpec& volume) {
  struct Name {
    const char* operator()(const EmptyDirVolume&) const { return "kubernetes.io~empty-dir"; }
    const char* operator()(const HostPathVolume&) const { return ""; }
    const char* operator()(const ConfigMapVolume&) const { return "kubernetes.io~configmap"; }
    const char* operator()(const SecretVolume&) const { return "kubernetes.io~secret"; }
    const char* operator()(const DownwardVolume&) const { return "kubernetes.io~downward-api"; }
    const char* operator()(const ProjectedVolume&) const { return "kubernetes.io~projected"; }
  };
  return std::visit(Name{}, volume.source);
}

bool in_memory(const VolumeSpec& volume) {
  if (const auto* dir = std::get_if<EmptyDirVolume>(&volume.source)) return dir->memory;
  return !std::holds_alternative<HostPathVolume>(volume.source) &&
         !std::holds_alternative<ConfigMapVolume>(volume.source);
}

std::int64_t memory_dir_bytes(const PodSpec& pod,
                              const EmptyDirVolume& volume,
                              const PodFacts& facts) {
  std::int64_t size = facts.allocatable_memory_bytes;
  const auto lower_to = [&size](std::int64_t limit) {
    if (limit > 0 && (size == 0 || limit <= size)) size = limit;
  };
  lower_to(pod_resources(pod).memory_limit_bytes.value_or(0));
  if (!volume.size_limit.empty()) lower_to(quantity_value(volume.size_limit).value_or(0));
  return size;
}

std::optional<std::int64_t> token_owner(const PodSpec& pod) {
  std::optional<std::int64_t> owner;
  const auto agrees = [&owner](const ContainerSpec& container) {
    if (!container.security.run_as_user) return false;
    if (owner && *owner != *container.security.run_as_user) return false;
    owner = container.security.run_as_user;
    return true;
  };
  const bool same = std::all_of(pod.init_containers.begin(), pod.init_containers.end(), agrees) &&
                    std::all_of(pod.containers.begin(), pod.containers.end(), agrees);
  return same ? owner : std::nullopt;
}

}  // namespace skerry::edged

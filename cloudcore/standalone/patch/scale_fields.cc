#include "cloudcore/standalone/patch/scale_fields.h"

#include "cloudcore/standalone/patch/managed_entries.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

constexpr const char* kScaleVersion = "autoscaling/v1";

}  // namespace

FieldSet field_at(std::string_view simple_path) {
  FieldSet out;
  make_member(out);
  while (!simple_path.empty()) {
    const std::size_t dot = simple_path.rfind('.');
    const std::size_t begin = dot == std::string_view::npos ? 0 : dot + 1;
    FieldSet above;
    put_below(above, field_element(simple_path.substr(begin)), std::move(out));
    out = std::move(above);
    simple_path = simple_path.substr(0, dot == std::string_view::npos ? 0 : dot);
  }
  return out;
}

json scale_entries(const json& object_entries, const FieldSet& replicas) {
  ManagedEntries entries;
  if (!decode_entries(object_entries, entries)) return nullptr;
  for (ManagedEntry& entry : entries) {
    const bool owns = !intersection(entry.fields, replicas).is_null();
    entry.fields = owns ? field_at(".spec.replicas") : FieldSet();
    entry.api_version = kScaleVersion;
  }
  drop_empty(entries);
  return encode_entries(std::move(entries));
}

json object_entries(const json& entries_before,
                    const json& scale_entries,
                    const FieldSet& replicas,
                    const std::string& api_version) {
  ManagedEntries entries;
  ManagedEntries of_scale;
  decode_entries(entries_before, entries);
  decode_entries(scale_entries, of_scale);
  for (ManagedEntry& entry : entries) subtract(entry.fields, replicas);
  for (ManagedEntry& owner : of_scale) {
    const FieldWriter writer{owner.manager, api_version, owner.subresource, owner.time};
    ManagedEntry* known = find_entry(entries, writer, owner.applied);
    if (known == nullptr) {
      owner.api_version = api_version;
      owner.fields = replicas;
      entries.push_back(owner);
    } else {
      unite(known->fields, replicas);
      known->time = owner.time;
    }
  }
  drop_empty(entries);
  return encode_entries(std::move(entries));
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/patch/managed_entries.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kAncient = "ancient-changes";

std::string in_quotes(const std::string& text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

bool decode_entry(const json& from, ManagedEntry& out) {
  const std::string operation = fields::text(from, "operation");
  if (operation != "Apply" && operation != "Update") return false;
  if (fields::text(from, "fieldsType") != "FieldsV1") return false;
  out.manager = fields::text(from, "manager");
  out.applied = operation == "Apply";
  out.api_version = fields::text(from, "apiVersion");
  out.subresource = fields::text(from, "subresource");
  out.time = fields::text(from, "time");
  const json& set = fields::at(from, "fieldsV1");
  if (!set.is_null() && !is_field_set(set)) return false;
  if (set.is_object() && !set.empty()) out.fields = set;
  return !out.api_version.empty();
}

/// As strings the times of one format compare as times do.
bool is_before(const ManagedEntry& a, const ManagedEntry& b) {
  return std::tie(b.applied, a.time, a.manager, a.api_version, a.subresource) <
         std::tie(a.applied, b.time, b.manager, b.api_version, b.subresource);
}

}  // namespace

std::string ManagedEntry::shown() const {
  std::string out = in_quotes(manager);
  if (!subresource.empty()) out += " with subresource " + in_quotes(subresource);
  return applied ? out : out + " using " + api_version;
}

bool decode_entries(const json& managed_fields, ManagedEntries& out) {
  out.clear();
  if (!managed_fields.is_array()) return managed_fields.is_null();
  for (const json& each : managed_fields) {
    ManagedEntry entry;
    if (!decode_entry(each, entry)) {
      out.clear();
      return false;
    }
    FieldWriter writer{entry.manager, entry.api_version, entry.subresource, entry.time};
    ManagedEntry* known = find_entry(out, writer, entry.applied);
    if (known != nullptr) {
      unite(known->fields, entry.fields);
    } else {
      out.push_back(std::move(entry));
    }
  }
  return true;
}

json encode_entries(ManagedEntries entries) {
  if (entries.empty()) return nullptr;
  std::sort(entries.begin(), entries.end(), is_before);
  json out = json::array();
  for (ManagedEntry& entry : entries) {
    json one = {{"manager", std::move(entry.manager)},
                {"operation", entry.applied ? "Apply" : "Update"},
                {"apiVersion", std::move(entry.api_version)},
                {"fieldsType", "FieldsV1"}};
    one["fieldsV1"] = entry.fields.is_null() ? json::object() : std::move(entry.fields);
    if (!entry.time.empty()) one["time"] = std::move(entry.time);
    if (!entry.subresource.empty()) one["subresource"] = std::move(entry.subresource);
    out.push_back(std::move(one));
  }
  return out;
}

ManagedEntry* find_entry(ManagedEntries& entries, const FieldWriter& writer, bool applied) {
  for (ManagedEntry& entry : entries) {
    const bool version = applied || entry.api_version == writer.api_version;
    if (entry.applied == applied && version && entry.manager == writer.manager &&
        entry.subresource == writer.subresource) {
      return &entry;
    }
  }
  return nullptr;
}

void drop_empty(ManagedEntries& entries) {
  std::erase_if(entries, [](const ManagedEntry& entry) { return entry.fields.is_null(); });
}

void cap_updates(ManagedEntries& entries) {
  std::size_t updates = 0;
  for (const ManagedEntry& entry : entries) updates += entry.applied ? 0 : 1;
  if (updates <= kUpdateManagersMax) return;
  std::sort(entries.begin(), entries.end(), is_before);  // appliers first, then by age
  std::map<std::string, std::size_t> first_of_version;
  for (std::size_t i = 0; i < entries.size() && updates > kUpdateManagersMax; ++i) {
    ManagedEntry& entry = entries[i];
    if (entry.applied) continue;
    const auto [first, is_new] = first_of_version.try_emplace(entry.api_version, i);
    if (is_new) continue;
    ManagedEntry& bucket = entries[first->second];
    bucket.manager = kAncient;
    bucket.subresource.clear();
    bucket.time = entry.time;
    unite(bucket.fields, entry.fields);
    entry.fields = nullptr;
    --updates;
  }
  drop_empty(entries);
}

}  // namespace skerry::standalone

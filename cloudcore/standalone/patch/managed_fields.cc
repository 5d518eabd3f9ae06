#include "cloudcore/standalone/patch/managed_fields.h"

#include <algorithm>
#include <map>

#include "cloudcore/standalone/patch/managed_entries.h"
#include "cloudcore/standalone/patch/ownership.h"
#include "cloudcore/standalone/patch/structured_merge.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

/// What the API alone sets, or what says which object it is: nobody's.
const FieldSet& nobodys() {
  static const FieldSet set = json::parse(
      R"({"f:apiVersion":{},"f:kind":{},"f:metadata":{".":{},"f:name":{},"f:namespace":{},
          "f:creationTimestamp":{},"f:selfLink":{},"f:uid":{},"f:clusterName":{},"f:generation":{},
          "f:managedFields":{},"f:resourceVersion":{}}})");
  return set;
}

const json& entries_of(const json& object) {
  return fields::at(fields::object(object, "metadata"), "managedFields");
}

void put_entries(json& object, ManagedEntries entries) {
  json encoded = encode_entries(std::move(entries));
  json& metadata = object["metadata"];
  if (encoded.is_null()) {
    metadata.erase("managedFields");
  } else {
    metadata["managedFields"] = std::move(encoded);
  }
}

/// A client clears them with an empty list, or with one entry that has nothing in it.
bool is_reset(const json& given) {
  if (!given.is_array()) return false;
  return given.empty() || (given.size() == 1 && (given[0].is_null() || given[0].empty()));
}

ManagedEntries entries_to_start_from(const json& object, const json& live, bool subresource) {
  ManagedEntries out;
  const json& given = entries_of(object);
  if (!subresource && is_reset(given)) return out;
  if (!subresource && decode_entries(given, out) && !out.empty()) return out;
  decode_entries(entries_of(live), out);
  return out;
}

struct Touched {
  FieldSet taken;    // added or modified
  FieldSet removed;  // gone from the object
};

Touched touched_by(const json& before, const json& after, const TypeSchema* type) {
  Differences found = differences(before, after, type);
  Touched out{std::move(found.added), std::move(found.removed)};
  unite(out.taken, found.modified);
  subtract(out.taken, nobodys());
  return out;
}

void take_from(ManagedEntry& entry, const Touched& touched) {
  subtract(entry.fields, touched.taken);
  subtract(entry.fields, touched.removed);
}

// ---- apply
// ---------------------------------------------------------------------------------------

FieldSet named(FieldSet set, const TypeSchema* type) {
  return with_named_fields(std::move(set), type);
}

/// The merged object without what the applier set before, does not set now, and nobody else owns.
json pruned(const json& merged,
            const FieldSet& last,
            const ManagedEntries& entries,
            const TypeSchema* type) {
  if (last.is_null()) return merged;
  FieldSet former = named(last, type);
  const json without = without_fields(merged, former, type);
  FieldSet owned;
  for (const ManagedEntry& entry : entries) unite(owned, entry.fields);
  const FieldSet all = named(applied_fields(merged, type), type);
  FieldSet gone = all;
  subtract(gone, named(applied_fields(without, type), type));
  subtract(gone, named(std::move(owned), type));
  const json with_owned = without_fields(merged, gone, type);
  // Only what the applier itself had may leave; not what lies below it and belongs to nobody.
  gone = all;
  subtract(gone, named(applied_fields(with_owned, type), type));
  return without_fields(merged, intersection(gone, former), type);
}

struct Attempt {
  json object;
  ManagedEntries entries;
  std::vector<std::pair<ManagedEntry, FieldSet>> conflicts;
};

Attempt attempt(const json& live,
                const json& config,
                const TypeSchema* type,
                const FieldWriter& writer,
                ManagedEntries entries) {
  Attempt out;
  ManagedEntry own{writer.manager, true, writer.api_version, writer.subresource, "", nullptr};
  FieldSet last;
  if (ManagedEntry* known = find_entry(entries, writer, true)) {
    last = std::move(known->fields);
    own.time = known->time;
    entries.erase(entries.begin() + (known - entries.data()));
  }
  own.fields = applied_fields(config, type);
  subtract(own.fields, nobodys());
  entries.push_back(own);
  out.object = pruned(structured_merge(live, config, type), last, entries, type);
  const Touched touched = touched_by(live, out.object, type);
  for (ManagedEntry& entry : entries) {
    if (&entry == &entries.back()) continue;
    FieldSet conflict = intersection(entry.fields, touched.taken);
    if (!conflict.is_null()) out.conflicts.emplace_back(entry, std::move(conflict));
    take_from(entry, touched);
  }
  drop_empty(entries);
  out.entries = std::move(entries);
  return out;
}

std::vector<ApplyConflict> listed(const std::vector<std::pair<ManagedEntry, FieldSet>>& conflicts) {
  std::vector<ApplyConflict> out;
  for (const auto& [entry, set] : conflicts) {
    for (std::string& path : field_paths(set)) out.push_back({entry.shown(), std::move(path)});
  }
  return out;
}

const json& last_applied_of(const json& object) {
  const json& annotations = fields::object(fields::object(object, "metadata"), "annotations");
  return fields::at(annotations, kLastAppliedAnnotation);
}

/// What kubectl's client-side apply set and nobody has changed since.
FieldSet set_by_client_side_apply(const json& live,
                                  const TypeSchema* type,
                                  const std::string& api_version) {
  const json& text = last_applied_of(live);
  if (!text.is_string()) return nullptr;
  const json applied = json::parse(text.get_ref<const std::string&>(), nullptr, false);
  if (!applied.is_object() || fields::text(applied, "apiVersion") != api_version) return nullptr;
  FieldSet out = applied_fields(applied, type);
  const Differences changed = differences(applied, live, type);
  subtract(out, changed.modified);
  subtract(out, changed.added);
  subtract(out, changed.removed);
  return out;
}

/// As kubectl writes the annotation: the configuration without it, in one line.
void put_last_applied(json& object, json config) {
  json& metadata = config["metadata"];
  const auto annotations = metadata.find("annotations");
  const bool annotated = annotations != metadata.end() && annotations->is_object();
  if (annotated) annotations->erase(kLastAppliedAnnotation);
  object["metadata"]["annotations"][kLastAppliedAnnotation] =
      config.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

void allow(std::vector<std::pair<ManagedEntry, FieldSet>>& conflicts, const FieldSet& allowed) {
  for (auto& [entry, set] : conflicts) subtract(set, allowed);
  std::erase_if(conflicts, [](const auto& each) { return each.second.is_null(); });
}

}  // namespace

void track_update(json& object,
                  const json& live,
                  const TypeSchema* type,
                  const FieldWriter& writer) {
  ManagedEntries entries = entries_to_start_from(object, live, !writer.subresource.empty());
  const bool is_new = fields::text(fields::object(live, "metadata"), "uid").empty();
  if (entries.empty() && !is_new) return put_entries(object, {});  // cleared: until it is applied
  const Touched touched = touched_by(live, object, type);
  for (ManagedEntry& entry : entries) take_from(entry, touched);
  if (!touched.taken.is_null()) {
    ManagedEntry* own = find_entry(entries, writer, false);
    if (own == nullptr) {
      own = &entries.emplace_back();
      own->manager = writer.manager;
      own->api_version = writer.api_version;
      own->subresource = writer.subresource;
    }
    unite(own->fields, touched.taken);
    own->time = writer.now;
  }
  drop_empty(entries);
  cap_updates(entries);
  put_entries(object, std::move(entries));
}

ApplyResult apply_configuration(const json& live,
                                const json& config,
                                const TypeSchema* type,
                                const FieldWriter& writer,
                                bool force) {
  ManagedEntries entries;
  json base = live.is_object() ? live : json::object();
  decode_entries(entries_of(base), entries);
  if (base.contains("metadata")) base["metadata"].erase("managedFields");
  if (entries.empty() && live.is_object()) {
    json before = base;
    const FieldWriter unknown{"before-first-apply", writer.api_version, "", writer.now};
    if (writer.subresource.empty()) before.erase("status");  // the object itself does not take it
    track_update(before, type != nullptr ? zero_object(*type) : json::object(), type, unknown);
    decode_entries(entries_of(before), entries);
  }
  Attempt tried = attempt(base, config, type, writer, std::move(entries));
  ApplyResult out;
  if (!force && !tried.conflicts.empty() && writer.manager == kKubectlManager) {
    allow(tried.conflicts, set_by_client_side_apply(base, type, writer.api_version));
  }
  if (!force && !tried.conflicts.empty()) {
    out.conflicts = listed(tried.conflicts);
    return out;
  }
  if (tried.object != base) {
    if (ManagedEntry* own = find_entry(tried.entries, writer, true)) own->time = writer.now;
  }
  out.object = std::move(tried.object);
  const bool annotated = last_applied_of(out.object).is_string();
  if (writer.manager == kKubectlManager && annotated) put_last_applied(out.object, config);
  put_entries(out.object, std::move(tried.entries));
  return out;
}

std::string conflict_message(const std::vector<ApplyConflict>& conflicts) {
  if (conflicts.size() == 1) {
    return "Apply failed with 1 conflict: conflict with " + conflicts[0].manager + ": " +
           conflicts[0].path;
  }
  std::map<std::string, std::string> by_manager;
  for (const ApplyConflict& each : conflicts) by_manager[each.manager] += "\n- " + each.path;
  std::string all;
  for (const auto& [manager, paths] : by_manager) {
    all += (all.empty() ? "" : "\n") + ("conflicts with " + manager) + ":" + paths;
  }
  return "Apply failed with " + std::to_string(conflicts.size()) + " conflicts: " + all;
}

}  // namespace skerry::standalone

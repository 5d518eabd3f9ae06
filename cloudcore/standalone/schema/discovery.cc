#include "cloudcore/standalone/schema/discovery.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <tuple>

namespace skerry::standalone {

namespace {

using nlohmann::json;

struct ParsedVersion {
  int stage = 0;  // 3: v1, 2: v1beta1, 1: v1alpha1, 0: none of these
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
};

/// At most 18 digits, no leading zero: what fits without a further check.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits > 18 || text.front() == '0') return std::nullopt;
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + digits, number);
  text.remove_prefix(digits);
  return number;
}

ParsedVersion parse_version(std::string_view text) {
  if (!text.starts_with('v')) return {};
  text.remove_prefix(1);
  const auto major = take_number(text);
  if (!major) return {};
  if (text.empty()) return {3, *major, 0};
  const int stage = text.starts_with("beta") ? 2 : text.starts_with("alpha") ? 1 : 0;
  if (stage == 0) return {};
  text.remove_prefix(stage == 2 ? 4 : 5);
  const auto minor = take_number(text);
  if (!minor || !text.empty()) return {};
  return {stage, *major, *minor};
}

json group_of(std::span<const GroupVersion> all, std::string_view group) {
  json versions = json::array();
  for (const GroupVersion& gv : all)
    if (gv.group == group)
      versions.push_back({{"groupVersion", gv.text()}, {"version", gv.version}});
  json out = {{"name", std::string(group)}, {"preferredVersion", versions.at(0)}};
  out["versions"] = std::move(versions);
  return out;
}

std::vector<std::string> groups_of(std::span<const GroupVersion> all) {
  std::vector<std::string> groups;
  for (const GroupVersion& gv : all)
    if (!gv.group.empty() && (groups.empty() || groups.back() != gv.group))
      groups.push_back(gv.group);
  return groups;
}

void put_names(json& out, const KindRow& row) {
  if (!row.short_names.empty()) out["shortNames"] = row.short_names;
  if (!row.categories.empty()) out["categories"] = row.categories;
}

json api_resource(const KindRow& row) {
  json out = {{"name", row.plural},
              {"singularName", row.singular},
              {"namespaced", row.namespaced},
              {"kind", row.kind},
              {"verbs", row.verbs}};
  put_names(out, row);
  return out;
}

json api_subresource(const KindRow& row, const std::string& name) {
  const Subresource sub = subresource_of(row, name);
  json out = {{"name", row.plural + "/" + name},
              {"singularName", ""},
              {"namespaced", row.namespaced},
              {"kind", sub.kind},
              {"verbs", sub.verbs}};
  if (sub.gv != row.gv) {
    out["group"] = sub.gv.group;
    out["version"] = sub.gv.version;
  }
  return out;
}

/// Built-in kinds leave their own group and version out; those of CustomResourceDefinitions do not.
json response_kind(const KindRow& row, const GroupVersion& gv, const std::string& kind) {
  const bool said = row.custom || gv != row.gv;
  return {{"group", said ? gv.group : ""}, {"version", said ? gv.version : ""}, {"kind", kind}};
}

json aggregated_resource(const KindRow& row) {
  json out = {{"resource", row.plural},
              {"responseKind", response_kind(row, row.gv, row.kind)},
              {"scope", row.namespaced ? "Namespaced" : "Cluster"},
              {"singularResource", row.singular},
              {"verbs", row.verbs}};
  put_names(out, row);
  for (const std::string& name : row.subresources) {
    const Subresource sub = subresource_of(row, name);
    json entry = {{"subresource", name},
                  {"responseKind", response_kind(row, sub.gv, sub.kind)},
                  {"verbs", sub.verbs}};
    out["subresources"].push_back(std::move(entry));
  }
  return out;
}

json aggregated_group(std::span<const KindRow> rows,
                      std::span<const GroupVersion> all,
                      std::string_view group) {
  json versions = json::array();
  for (const GroupVersion& gv : all) {
    if (gv.group != group) continue;
    json resources = json::array();
    for (const KindRow& row : rows)
      if (row.gv == gv) resources.push_back(aggregated_resource(row));
    json version = {{"version", gv.version}, {"freshness", "Current"}};
    version["resources"] = std::move(resources);
    versions.push_back(std::move(version));
  }
  json metadata = json::object();
  if (!group.empty()) metadata["name"] = std::string(group);
  json out = {{"metadata", std::move(metadata)}};
  out["versions"] = std::move(versions);
  return out;
}

std::string aggregated_list(json items) {
  json out = {{"kind", "APIGroupDiscoveryList"},
              {"apiVersion", "apidiscovery.k8s.io/v2"},
              {"metadata", json::object()}};
  out["items"] = std::move(items);
  return out.dump();
}

}  // namespace

bool has_priority_over(std::string_view version, std::string_view other) {
  const ParsedVersion a = parse_version(version), b = parse_version(other);
  const auto rank = [](const ParsedVersion& v) { return std::tuple(v.stage, v.major, v.minor); };
  if (a.stage == 0 && b.stage == 0) return version < other;
  return rank(a) > rank(b);
}

std::vector<GroupVersion> group_versions(std::span<const KindRow> rows) {
  std::vector<std::string> groups = {""};
  std::vector<GroupVersion> out;
  for (const KindRow& row : rows) {
    if (std::ranges::find(groups, row.gv.group) == groups.end()) groups.push_back(row.gv.group);
    if (std::ranges::find(out, row.gv) == out.end()) out.push_back(row.gv);
  }
  const auto place = [&](const GroupVersion& gv) { return std::ranges::find(groups, gv.group); };
  std::ranges::stable_sort(out, [&](const GroupVersion& a, const GroupVersion& b) {
    if (a.group != b.group) return place(a) < place(b);
    return has_priority_over(a.version, b.version);
  });
  return out;
}

std::string api_versions_document(std::string_view server_address) {
  json address = {{"clientCIDR", "0.0.0.0/0"}, {"serverAddress", std::string(server_address)}};
  json out = {{"kind", "APIVersions"}, {"versions", json::array({"v1"})}};
  out["serverAddressByClientCIDRs"].push_back(std::move(address));
  return out.dump();
}

std::string api_group_list_document(std::span<const KindRow> rows) {
  const std::vector<GroupVersion> all = group_versions(rows);
  json out = {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", json::array()}};
  for (const std::string& group : groups_of(all)) out["groups"].push_back(group_of(all, group));
  return out.dump();
}

std::optional<std::string> api_group_document(std::span<const KindRow> rows,
                                              std::string_view group) {
  const std::vector<GroupVersion> all = group_versions(rows);
  if (group.empty() || std::ranges::find(all, group, &GroupVersion::group) == all.end())
    return std::nullopt;
  json out = group_of(all, group);
  out["kind"] = "APIGroup";
  out["apiVersion"] = "v1";
  return out.dump();
}

std::optional<std::string> api_resource_list_document(std::span<const KindRow> rows,
                                                      const GroupVersion& gv) {
  json resources = json::array();
  for (const KindRow& row : rows) {
    if (row.gv != gv) continue;
    resources.push_back(api_resource(row));
    for (const std::string& name : row.subresources)
      resources.push_back(api_subresource(row, name));
  }
  if (resources.empty()) return std::nullopt;
  json out = {{"kind", "APIResourceList"}, {"groupVersion", gv.text()}};
  if (!gv.group.empty()) out["apiVersion"] = "v1";
  out["resources"] = std::move(resources);
  return out.dump();
}

std::string aggregated_legacy_document(std::span<const KindRow> rows) {
  const std::vector<GroupVersion> all = group_versions(rows);
  json items = json::array();
  items.push_back(aggregated_group(rows, all, ""));
  return aggregated_list(std::move(items));
}

std::string aggregated_groups_document(std::span<const KindRow> rows) {
  const std::vector<GroupVersion> all = group_versions(rows);
  json items = json::array();
  for (const std::string& group : groups_of(all))
    items.push_back(aggregated_group(rows, all, group));
  return aggregated_list(std::move(items));
}

}  // namespace skerry::standalone

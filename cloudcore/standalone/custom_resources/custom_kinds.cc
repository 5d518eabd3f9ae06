#include "cloudcore/standalone/custom_resources/custom_kinds.h"

#include <deque>
#include <map>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/custom_resources/definition_status.h"
#include "cloudcore/standalone/schema/custom_version.h"
#include "cloudcore/standalone/schema/discovery.h"
#include "cloudcore/standalone/schema/structural_schema.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

/// What the rows of one definition point to.
struct Held {
  std::map<std::string, std::shared_ptr<const OwnedSchema>> schemas;  // by version
  std::deque<CustomVersion> versions;                                 // the addresses stay
};

std::vector<CustomVersion::Column> columns_of(const json& version) {
  std::vector<CustomVersion::Column> out;
  for (const json& each : fields::list(version, "additionalPrinterColumns")) {
    out.push_back({fields::text(each, "name"), fields::text(each, "type"),
                   fields::text(each, "format"), fields::text(each, "description"),
                   fields::small_number(each, "priority", 0), fields::text(each, "jsonPath")});
  }
  return out;
}

std::vector<std::string> selectable_of(const json& version) {
  std::vector<std::string> out;
  for (const json& each : fields::list(version, "selectableFields")) {
    const std::string path = fields::text(each, "jsonPath");
    if (path.starts_with('.')) out.push_back(path.substr(1));
  }
  return out;
}

std::optional<CustomVersion::Scale> scale_of(const json& version) {
  const json& scale = fields::at(fields::object(version, "subresources"), "scale");
  if (!scale.is_object()) return std::nullopt;
  return CustomVersion::Scale{fields::text(scale, "specReplicasPath"),
                              fields::text(scale, "statusReplicasPath"),
                              fields::text(scale, "labelSelectorPath")};
}

/// The newest served version that is not deprecated is what a warning sends people to.
std::string deprecation_of(const json& definition, const json& version) {
  if (!fields::flag(version, "deprecated")) return {};
  const std::string own = fields::text(version, "deprecationWarning");
  if (!own.empty()) return own;
  const json& spec = fields::object(definition, "spec");
  const std::string group = fields::text(spec, "group");
  const std::string kind = fields::text(fields::object(spec, "names"), "kind");
  std::string better;
  for (const json& each : fields::list(spec, "versions")) {
    const std::string name = fields::text(each, "name");
    if (!fields::flag(each, "served") || fields::flag(each, "deprecated")) continue;
    if (!has_priority_over(name, fields::text(version, "name"))) continue;
    if (better.empty() || has_priority_over(name, better)) better = name;
  }
  const std::string tail = better.empty() ? "" : "; use " + group + "/" + better + " " + kind;
  return group + "/" + fields::text(version, "name") + " " + kind + " is deprecated" + tail;
}

KindRow row_of(const json& definition, const json& version) {
  const json& spec = fields::object(definition, "spec");
  const json& names = fields::object(fields::object(definition, "status"), "acceptedNames");
  KindRow row;
  row.gv = {fields::text(spec, "group"), fields::text(version, "name")};
  row.kind = fields::text(names, "kind");
  row.plural = fields::text(names, "plural");
  row.singular = fields::text(names, "singular");
  row.namespaced = fields::text(spec, "scope") == "Namespaced";
  row.short_names = fields::texts(names, "shortNames");
  row.categories = fields::texts(names, "categories");
  row.verbs = {"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"};
  for (const char* each : {"status", "scale"}) {
    const json& subresource = fields::at(fields::object(version, "subresources"), each);
    if (subresource.is_object()) row.subresources.emplace_back(each);
  }
  row.storage_prefix = row.plural + "." + row.gv.group;
  row.custom = true;
  return row;
}

}  // namespace

Result<CustomKinds> custom_kinds(const json& definition, std::int64_t revision) {
  CustomKinds out;
  if (!has_condition(definition, "Established")) return out;
  auto held = std::make_shared<Held>();
  const json& spec = fields::object(definition, "spec");
  const json& versions = fields::list(spec, "versions");
  std::string stored;
  for (const json& version : versions) {
    const json& schema = fields::at(fields::object(version, "schema"), "openAPIV3Schema");
    auto built = structural_schema(schema);
    if (!built) return fail("version " + fields::text(version, "name"), built.error());
    held->schemas[fields::text(version, "name")] = *built;
    if (fields::flag(version, "storage")) stored = fields::text(version, "name");
  }
  // Without its webhook an object is only what it is in the version that it is stored in.
  const bool webhook = fields::text(fields::object(spec, "conversion"), "strategy") == "Webhook";
  for (const json& version : versions) {
    const std::string name = fields::text(version, "name");
    if (!fields::flag(version, "served") || (webhook && name != stored)) continue;
    CustomVersion& custom = held->versions.emplace_back();
    static_cast<TypeSchema&>(custom) = *held->schemas[name]->root;
    custom.format = kCustomVersionMark;
    custom.columns = columns_of(version);
    custom.scale = scale_of(version);
    custom.selectable = selectable_of(version);
    custom.deprecation = deprecation_of(definition, version);
    custom.stored = {fields::text(spec, "group"), stored};
    custom.stored_type = held->schemas[stored]->root;
    custom.since = revision;
    custom.terminating = fields::object(definition, "metadata").contains("deletionTimestamp");
    KindRow row = row_of(definition, version);
    row.type = &custom;
    out.rows.push_back(std::move(row));
  }
  out.types = std::move(held);
  return out;
}

}  // namespace skerry::standalone

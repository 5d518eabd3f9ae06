#include "cloudcore/standalone/schema/openapi.h"

#include <algorithm>
#include <set>

#include "cloudcore/standalone/schema/openapi_paths.h"
#include "cloudcore/standalone/schema/openapi_schema.h"
#include "common/base/assert.h"
#include "common/base/hash.h"

namespace skerry::standalone {

namespace {

using nlohmann::json;

constexpr std::string_view kInfo = R"("info":{"title":"Kubernetes","version":"1.34"})";
constexpr std::string_view kSecurity =
    R"({"BearerToken":{"type":"apiKey","description":"Bearer Token authentication",)"
    R"("name":"authorization","in":"header"}})";

std::string meta_type(std::string_view name) {
  return std::string("io.k8s.apimachinery.pkg.apis.meta.v1.").append(name);
}

json kind_list(const KindRow& row, const std::string& kind) {
  json one = {{"group", row.gv.group}, {"version", row.gv.version}, {"kind", kind}};
  return json::array({std::move(one)});
}

json list_schema(const KindRow& row, const std::string& item_name, OpenApi version) {
  json out = {{"type", "object"}, {"required", json::array({"items"})}};
  json& properties = out["properties"];
  properties["apiVersion"] = {{"type", "string"}};
  properties["kind"] = {{"type", "string"}};
  properties["metadata"] = schema_reference(meta_type("ListMeta"), version);
  properties["items"] = {{"type", "array"}};
  properties["items"]["items"] = schema_reference(item_name, version);
  out["x-kubernetes-group-version-kind"] = kind_list(row, row.kind + "List");
  return out;
}

/// One document, written piece by piece: its tree would take ten times its text.
class Document {
 public:
  explicit Document(OpenApi version) : version_(version) {}

  void add(const KindRow& row) {
    // Kubernetes shows neither discovery nor watches of custom kinds.
    if (!row.custom && discovered_.insert(row.gv).second) add_path(discovery_path(row.gv));
    for (const PathItem& item : paths_of(row)) add_path(item);
    SKERRY_ASSERT(row.type != nullptr, "a kind has a type");
    collect_names(*row.type, names_);
    const bool watched = std::ranges::find(row.verbs, "watch") != row.verbs.end();
    if (watched && !row.custom) need(meta_type("WatchEvent"));
    const std::string name = component_name(row);
    if (row.custom) {
      need(meta_type("ListMeta"));
      json schema = schema_object(*row.type, version_);
      schema["x-kubernetes-group-version-kind"] = kind_list(row, row.kind);
      add_schema(name, schema);
      add_schema(name + "List", list_schema(row, name, version_));
    } else {
      need(name + "List");
    }
  }

  std::string text() {
    for (const std::string& name : names_) {
      const TypeSchema* type = built_in_kinds()->type(name);
      add_schema(name, schema_object(*type, version_));
    }
    std::string out = version_ == OpenApi::kV2 ? R"({"swagger":"2.0",)" : R"({"openapi":"3.0.0",)";
    out.append(kInfo).append(R"(,"paths":{)").append(paths_);
    if (version_ == OpenApi::kV2) {
      out.append(R"(},"definitions":{)").append(schemas_);
      out.append(R"(},"securityDefinitions":)").append(kSecurity);
      out.append(R"(,"security":[{"BearerToken":[]}]})");
    } else {
      out.append(R"(},"components":{"schemas":{)").append(schemas_);
      out.append(R"(},"securitySchemes":)").append(kSecurity).append("}}");
    }
    return out;
  }

 private:
  void add_path(const PathItem& item) {
    for (const Operation& operation : item.operations) {
      need(operation.answer);
      need(operation.body);
    }
    append(paths_, item.path, path_object(item, version_));
  }
  /// A custom kind's own name is none of the built-in ones.
  void need(const std::string& name) {
    if (const TypeSchema* type = built_in_kinds()->type(name)) collect_names(*type, names_);
  }
  void add_schema(const std::string& name, const json& schema) { append(schemas_, name, schema); }

  static void append(std::string& out, const std::string& key, const json& value) {
    if (!out.empty()) out += ',';
    out.append(json(key).dump()).append(":").append(value.dump());
  }

  const OpenApi version_;
  std::set<std::string> names_;
  std::set<GroupVersion> discovered_;
  std::string paths_;
  std::string schemas_;
};

std::string place_of(const GroupVersion& gv) {
  return gv.group.empty() ? "api/" + gv.version : "apis/" + gv.group + "/" + gv.version;
}

}  // namespace

std::optional<std::string> openapi_v3_document(std::span<const KindRow> rows,
                                               const GroupVersion& gv) {
  if (std::ranges::find(rows, gv, &KindRow::gv) == rows.end()) return std::nullopt;
  Document document(OpenApi::kV3);
  for (const KindRow& row : rows)
    if (row.gv == gv) document.add(row);
  return document.text();
}

std::string openapi_hash(std::string_view document) { return digest(document).hex(); }

std::string openapi_v3_index(std::span<const OpenApiPlace> places) {
  json paths = json::object();
  for (const OpenApiPlace& each : places) {
    const std::string place = place_of(each.gv);
    paths[place] = {{"serverRelativeURL", "/openapi/v3/" + place + "?hash=" + each.hash}};
  }
  json out = json::object();
  out["paths"] = std::move(paths);
  return out.dump();
}

std::string openapi_v2_document(std::span<const KindRow> rows) {
  Document document(OpenApi::kV2);
  for (const KindRow& row : rows) document.add(row);
  return document.text();
}

}  // namespace skerry::standalone

// Writes every document that the standalone API makes of its kinds into a directory, under the
// names of their paths with _ for /: tests compare them with a real server's. The kinds are the built-in
// ones and those of the CustomResourceDefinitions (JSON) that follow.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "cloudcore/standalone/schema/discovery.h"
#include "cloudcore/standalone/schema/openapi.h"
#include "cloudcore/standalone/schema/structural_schema.h"

using namespace skerry::standalone;
using nlohmann::json;

namespace {

struct Schemas {
  std::vector<KindRow> rows = built_in_kinds()->rows;
  std::vector<std::shared_ptr<const OwnedSchema>> owned;
};

void add_definition(Schemas& schemas, const json& definition) {
  const json& spec = definition.at("spec");
  for (const json& version : spec.at("versions")) {
    auto schema = structural_schema(version.at("schema").at("openAPIV3Schema"));
    if (!schema) throw std::runtime_error(schema.error().what);
    KindRow row;
    row.gv = {spec.at("group"), version.at("name")};
    row.kind = spec.at("names").at("kind");
    row.plural = spec.at("names").at("plural");
    row.singular = spec.at("names").at("singular");
    row.short_names = spec.at("names").value("shortNames", std::vector<std::string>());
    row.categories = spec.at("names").value("categories", std::vector<std::string>());
    row.namespaced = spec.at("scope") == "Namespaced";
    row.verbs = {"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"};
    for (const char* name : {"status", "scale"})
      if (version.value("subresources", json::object()).contains(name))
        row.subresources.emplace_back(name);
    row.custom = true;
    row.type = (*schema)->root;
    schemas.owned.push_back(*schema);
    schemas.rows.push_back(std::move(row));
  }
}

void write(const std::filesystem::path& directory, std::string name, const std::string& text) {
  std::ranges::replace(name, '/', '_');
  std::ofstream file(directory / (name + ".json"), std::ios::binary);
  file << text;
  file.close();
  if (!file) throw std::runtime_error("cannot write " + name);
}

void write_all(const std::filesystem::path& directory, const std::vector<KindRow>& rows) {
  write(directory, "aggregated/api", aggregated_legacy_document(rows));
  write(directory, "aggregated/apis", aggregated_groups_document(rows));
  write(directory, "apis", api_group_list_document(rows));
  write(directory, "openapi/v2", openapi_v2_document(rows));
  std::vector<OpenApiPlace> places;
  for (const GroupVersion& gv : group_versions(rows)) {
    const std::string path = gv.group.empty() ? "api/v1" : "apis/" + gv.text();
    write(directory, path, *api_resource_list_document(rows, gv));
    if (!gv.group.empty())
      write(directory, "apis/" + gv.group, *api_group_document(rows, gv.group));
    const std::string document = *openapi_v3_document(rows, gv);
    write(directory, "openapi/v3/" + path, document);
    places.push_back({gv, openapi_hash(document)});
  }
  write(directory, "openapi/v3", openapi_v3_index(places));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: schema_documents DIRECTORY [DEFINITION.json ...]\n";
    return 2;
  }
  try {
    Schemas schemas;
    for (int i = 2; i < argc; ++i) {
      std::ifstream file(argv[i]);
      add_definition(schemas, json::parse(file));
    }
    write_all(argv[1], schemas.rows);
  } catch (const std::exception& error) {
    std::cerr << "schema_documents: " << error.what() << "\n";
    return 1;
  }
  return 0;
}

#include "cloudcore/standalone/custom_resources/custom_resources.h"

#include <nlohmann/json.hpp>

#include "cloudcore/standalone/api/metadata.h"
#include "cloudcore/standalone/custom_resources/custom_kinds.h"
#include "cloudcore/standalone/custom_resources/definition_rules.h"
#include "common/base/log.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {

using nlohmann::json;

CustomResources::CustomResources(Api& api, ObjectStore& store) : api_(api) {
  ListQuery all;
  all.prefix = kDefinitionsPrefix;
  const Result<ObjectPage> page = store.list(all);
  for (const StoredObjectPtr& each : page->items) serve(*each);
  store.listen([this](const std::string& prefix, const ObjectEvent& event) {
    if (prefix != kDefinitionsPrefix) return;
    if (event.after) return serve(*event.after);
    api_.kinds().set_custom(event.before->name, {}, nullptr);
  });
  api_.add_admission([this](AdmissionRequest& request) { return admit(request); });
}

void CustomResources::serve(const StoredObject& definition) {
  const json read = json::parse(*definition.json, nullptr, false);
  auto kinds = custom_kinds(read, definition.revision);
  if (!kinds) {
    log::error("a CustomResourceDefinition is not served",
               {{"name", definition.name}, {"error", kinds.error().what}});
    kinds = CustomKinds();
  }
  api_.kinds().set_custom(definition.name, std::move(kinds->rows), std::move(kinds->types));
}

Answer<void> CustomResources::admit(AdmissionRequest& request) const {
  const KindRow& row = *request.request.row;
  const bool ours = row.storage_prefix == kDefinitionsPrefix && request.object != nullptr;
  if (!ours || !request.request.info.subresource.empty()) return {};
  json& definition = *request.object;
  set_definition_defaults(definition);
  note_stored_version(definition);
  FieldErrors errors = validate_metadata(definition, row);
  const FieldErrors own = request.old == nullptr
                              ? validate_definition(definition)
                              : validate_definition_update(definition, *request.old);
  // A name that is none of a definition is said once.
  const bool named = !errors.empty() && errors.front().field == "metadata.name";
  for (const FieldError& each : own) {
    if (!named || each.field != "metadata.name") errors.push_back(each);
  }
  if (!errors.empty()) {
    return invalid(row, k8s::fields::text(definition["metadata"], "name"), errors);
  }
  return {};
}

}  // namespace skerry::standalone

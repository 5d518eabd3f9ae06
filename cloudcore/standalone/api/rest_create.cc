// create.
#include "cloudcore/standalone/api/decode.h"
#include "cloudcore/standalone/api/field_tracking.h"
#include "cloudcore/standalone/api/metadata.h"
#include "cloudcore/standalone/api/rendering.h"
#include "cloudcore/standalone/api/write_steps.h"
#include "cloudcore/standalone/kinds/conversion.h"
#include "cloudcore/standalone/schema/custom_version.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

Rest::Rest(ObjectStore& store, seam::World world) : store_(store), world_(world) {}

Answer<void> Rest::admit(AdmissionRequest asked) const {
  for (const AdmissionPlugin& plugin : admission_) {
    if (auto admitted = plugin(asked); !admitted) return admitted;
  }
  return {};
}

Task<RestAnswer> Rest::create(ResourceRequestPtr request) {
  if (auto right = check_options(*request->request, "CreateOptions"); !right) {
    co_return ApiFailure(right.error());
  }
  auto read = read_object(*request);
  if (!read) co_return ApiFailure(read.error());
  json* const body = &read->object;
  if (auto right = check_place(*body, *request); !right) co_return ApiFailure(right.error());
  if (revision_of(*body) != 0) {
    co_return bad_request("resourceVersion should not be set on objects to be created");
  }
  auto creation = std::make_shared<Creation>();
  creation->object = std::move(*body);
  creation->warnings = std::move(read->warnings);
  co_return co_await create_object(std::move(request), std::move(creation));
}

Answer<void> Rest::check_namespace(const ResourceRequest& request, const std::string& name) const {
  const KindRow& row = *request.row;
  if (!row.namespaced) return {};
  const std::string& ns = request.info.ns;
  const StoredObjectPtr there = store_.get({"namespaces", "", ns});
  const KindRow namespaces{{"", "v1"}, "Namespace", "namespaces", "namespace",  false,   {},
                           {},         {},          {},           "namespaces", nullptr, false};
  if (!there) return not_found(namespaces, ns);
  if (there->fields.at("status.phase") == "Terminating") {
    return forbidden(
        "unable to create new content in namespace " + ns + " because it is being terminated", &row,
        name);
  }
  return {};
}

Task<RestAnswer> Rest::create_object(ResourceRequestPtr request,
                                     std::shared_ptr<Creation> creation) {
  const KindRow& row = *request->row;
  json object = std::move(creation->object);
  if (auto may = check_namespace(*request, fields::text(object["metadata"], "name")); !may) {
    co_return ApiFailure(may.error());
  }
  if (custom_version(row) != nullptr && custom_version(row)->terminating) {
    co_return ApiFailure(
        ApiError{405, "MethodNotAllowed",
                 "create not allowed while custom resource definition is terminating", nullptr});
  }
  to_stored_version(row, object);
  const KindBehaviour& behaviour = behaviour_of(row.storage_prefix);
  fill_metadata(object, world_);
  if (has_status(row) && !behaviour.status_on_create) object.erase("status");
  if (behaviour.set_defaults != nullptr) behaviour.set_defaults(object);
  // What the API adds from here on belongs to nobody.
  if (!creation->tracked) track_create(object, *request, world_);
  if (behaviour.prepare_create != nullptr) behaviour.prepare_create(object);
  if (behaviour.generation) object["metadata"]["generation"] = 1;
  const AdmissionRequest asked{AdmissionRequest::Operation::kCreate, *request, &object, nullptr,
                               dry_run(*request->request)};
  if (auto admitted = admit(asked); !admitted) co_return ApiFailure(admitted.error());
  FieldErrors errors = validate_metadata(object, row);
  if (behaviour.validate != nullptr) add(errors, behaviour.validate(object));
  if (behaviour.validate_create != nullptr) add(errors, behaviour.validate_create(object));
  add(errors, custom_errors(row, object, nullptr));
  const std::string name = fields::text(object["metadata"], "name");
  if (!errors.empty()) co_return invalid(row, name, errors);
  note_warnings(row, object, creation->warnings);
  ObjectPlace place{row.storage_prefix, namespace_of(*request), name};
  if (dry_run(*request->request)) {
    if (store_.get(place)) co_return already_exists(row, name);
    co_return unstored_response(row, 201, std::move(object), creation->warnings);
  }
  auto held = std::make_shared<const json>(std::move(object));
  const auto written = co_await store_.write(std::move(place), held, 0);
  if (!written) {
    if (written.error().code == Code::kConflict) co_return already_exists(row, name);
    co_return write_failed(written.error(), row, name);
  }
  co_return object_response(201, in_version_of(row, (*written)->json), creation->warnings);
}

}  // namespace skerry::standalone

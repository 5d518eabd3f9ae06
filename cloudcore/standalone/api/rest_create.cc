// create.
#include "cloudcore/standalone/api/decode.h"
#include "cloudcore/standalone/api/metadata.h"
#include "cloudcore/standalone/api/rendering.h"
#include "cloudcore/standalone/api/write_steps.h"
#include "cloudcore/standalone/kinds/conversion.h"
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
  const KindRow& row = *request->row;
  auto body = decode_body(request->request->content_type, request->request->body, kBodyTypes);
  if (!body) co_return ApiFailure(body.error());
  if (auto right = check_type(*body, row); !right) co_return ApiFailure(right.error());
  const auto warnings = fit(*body, *request);
  if (!warnings) co_return ApiFailure(warnings.error());
  if (auto right = check_place(*body, *request); !right) co_return ApiFailure(right.error());
  if (revision_of(*body) != 0) {
    co_return bad_request("resourceVersion should not be set on objects to be created");
  }
  const std::string ns = namespace_of(*request);
  if (row.namespaced) {
    const ObjectPlace place{"namespaces", "", ns};
    const StoredObjectPtr there = store_.get(place);
    const KindRow namespaces{{"", "v1"}, "Namespace", "namespaces", "namespace",  false,   {},
                             {},         {},          {},           "namespaces", nullptr, false};
    if (!there) co_return not_found(namespaces, ns);
    if (there->fields.at("status.phase") == "Terminating") {
      co_return forbidden(
          "unable to create new content in namespace " + ns + " because it is being terminated",
          &row, fields::text((*body)["metadata"], "name"));
    }
  }

  json object = std::move(*body);
  to_stored_version(row, object);
  const KindBehaviour& behaviour = behaviour_of(row.storage_prefix);
  fill_metadata(object, world_);
  if (has_status(row) && !behaviour.status_on_create) object.erase("status");
  if (behaviour.set_defaults != nullptr) behaviour.set_defaults(object);
  if (behaviour.prepare_create != nullptr) behaviour.prepare_create(object);
  if (behaviour.generation) object["metadata"]["generation"] = 1;
  const AdmissionRequest asked{AdmissionRequest::Operation::kCreate, *request, &object, nullptr,
                               dry_run(*request->request)};
  if (auto admitted = admit(asked); !admitted) co_return ApiFailure(admitted.error());
  FieldErrors errors = validate_metadata(object, row);
  if (behaviour.validate != nullptr) add(errors, behaviour.validate(object));
  if (behaviour.validate_create != nullptr) add(errors, behaviour.validate_create(object));
  const std::string name = fields::text(object["metadata"], "name");
  if (!errors.empty()) co_return invalid(row, name, errors);
  ObjectPlace place{row.storage_prefix, ns, name};
  if (dry_run(*request->request)) {
    if (store_.get(place)) co_return already_exists(row, name);
    co_return unstored_response(row, 201, std::move(object));
  }
  auto held = std::make_shared<const json>(std::move(object));
  const auto written = co_await store_.write(std::move(place), held, 0);
  if (!written) {
    if (written.error().code == Code::kConflict) co_return already_exists(row, name);
    co_return write_failed(written.error(), row, name);
  }
  co_return object_response(201, in_version_of(row, (*written)->json), *warnings);
}

}  // namespace skerry::standalone

// update, and what a patch does once its object is known.
#include "cloudcore/standalone/api/decode.h"
#include "cloudcore/standalone/api/field_tracking.h"
#include "cloudcore/standalone/api/metadata.h"
#include "cloudcore/standalone/api/patch_wishes.h"
#include "cloudcore/standalone/api/rendering.h"
#include "cloudcore/standalone/api/write_steps.h"
#include "cloudcore/standalone/custom_objects/custom_object.h"
#include "cloudcore/standalone/kinds/conversion.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

/// A write without a revision of its own is tried until it is the next one, as in Kubernetes; each
/// round somebody else's write got through.
constexpr int kWriteTriesMax = 1000;

struct Prepared {
  json object;
  Revision expected = 0;
  bool unconditional = true;  // the client named no resourceVersion
};

/// What an update stands on besides the two objects.
struct Ground {
  const ResourceRequest& request;
  Revision revision;  // of what is there
  bool tracked;       // the wish has its managedFields
  seam::World world;
  const AdmissionPlugin& admit;
};

/// Through `status` comes the status; of built-in kinds also what metadata clients may set.
void keep_all_but_status(json& wish, const json& current, const KindRow& row) {
  json entries = fields::at(fields::object(wish, "metadata"), "managedFields");  // of an apply
  for (auto member = wish.begin(); member != wish.end();) {
    const bool keeps = member.key() == "status" || (member.key() == "metadata" && !row.custom);
    member = keeps || current.contains(member.key()) ? std::next(member) : wish.erase(member);
  }
  for (const auto& [key, value] : current.items()) {
    if (key == "status" || (key == "metadata" && !row.custom)) continue;
    wish[key] = value;
  }
  if (row.custom && !entries.is_null()) wish["metadata"]["managedFields"] = std::move(entries);
  if (row.storage_prefix != "deployments.apps") return;
  json& metadata = wish["metadata"];
  metadata.erase("labels");
  if (current["metadata"].contains("labels")) metadata["labels"] = current["metadata"]["labels"];
}

Answer<void> prepare_status(json& wish, const json& current, const Ground& ground) {
  const ResourceRequest& request = ground.request;
  keep_all_but_status(wish, current, *request.row);
  const KindBehaviour& behaviour = behaviour_of(request.row->storage_prefix);
  const std::string& part = request.info.subresource;
  if (behaviour.prepare_part != nullptr) behaviour.prepare_part(wish, current, part);
  if (!ground.tracked) track_update(wish, current, request, ground.world);
  AdmissionRequest admission{AdmissionRequest::Operation::kUpdate, request, &wish, &current,
                             dry_run(*request.request)};
  if (auto admitted = ground.admit(admission); !admitted) return admitted;
  FieldErrors errors = validate_metadata(wish, *request.row);
  add(errors, custom_errors(*request.row, wish, &current, true));
  if (errors.empty()) return {};
  return invalid(*request.row, request.info.name, errors);
}

Answer<void> prepare_object(json& wish, const json& current, const Ground& ground) {
  const ResourceRequest& request = ground.request;
  const KindRow& row = *request.row;
  if (has_status(row)) {
    wish.erase("status");
    if (current.contains("status")) wish["status"] = current["status"];
  }
  const KindBehaviour& behaviour = behaviour_of(row.storage_prefix);
  if (behaviour.set_defaults != nullptr) behaviour.set_defaults(wish);
  // What the API changes from here on belongs to nobody.
  if (!ground.tracked) track_update(wish, current, request, ground.world);
  if (behaviour.prepare_update != nullptr) behaviour.prepare_update(wish, current);
  const bool spec_changed = row.custom ? counts_as_change(row, wish, current)
                                       : fields::at(wish, "spec") != fields::at(current, "spec");
  if (behaviour.generation && spec_changed) {
    wish["metadata"]["generation"] =
        fields::number(current["metadata"], "generation").value_or(0) + 1;
  }
  AdmissionRequest admission{AdmissionRequest::Operation::kUpdate, request, &wish, &current,
                             dry_run(*request.request)};
  if (auto admitted = ground.admit(admission); !admitted) return admitted;
  FieldErrors errors = validate_metadata(wish, row);
  if (behaviour.validate != nullptr) add(errors, behaviour.validate(wish));
  if (behaviour.validate_update != nullptr) add(errors, behaviour.validate_update(wish, current));
  add(errors, custom_errors(row, wish, &current));
  if (errors.empty()) return {};
  return invalid(row, request.info.name, errors);
}

/// The new object from the client's wish, what is there, and who may change what.
Answer<Prepared> prepare_update(json wish, const json& current, const Ground& ground) {
  const KindRow& row = *ground.request.row;
  if (auto right = check_uid(wish, current, row); !right) return ApiFailure(right.error());
  Prepared out;
  const Revision asked = revision_of(wish);
  out.unconditional = asked == 0;
  out.expected = out.unconditional ? ground.revision : asked;
  if (out.expected != ground.revision) return conflict(row, ground.request.info.name);
  keep_metadata(wish, current);
  const bool in_part = !ground.request.info.subresource.empty();  // "status", or another view of it
  auto done =
      in_part ? prepare_status(wish, current, ground) : prepare_object(wish, current, ground);
  if (!done) return ApiFailure(done.error());
  wish["metadata"].erase("resourceVersion");
  out.object = std::move(wish);
  return out;
}

/// What the client wants, in the stored version; its own version is what it sees.
Answer<json> wish_from(const std::function<Answer<json>(const json&)>& wish_of,
                       const json& current,
                       const KindRow& row) {
  if (!is_converted(row)) return wish_of(current);
  json shown = current;
  to_served_version(row, shown);
  auto wish = wish_of(shown);
  if (wish) to_stored_version(row, *wish);
  return wish;
}

/// Marked for deletion, and the last finalizer has gone with this update.
bool ends_with_this(const json& object) {
  const json& metadata = object["metadata"];
  return metadata.contains("deletionTimestamp") && fields::list(metadata, "finalizers").empty() &&
         fields::number(metadata, "deletionGracePeriodSeconds").value_or(0) == 0;
}

}  // namespace

Task<RestAnswer> Rest::store_update(ResourceRequestPtr request, std::shared_ptr<Update> update) {
  const KindRow& row = *request->row;
  const std::string name = request->info.name;
  const std::string ns = namespace_of(*request);
  for (int tries = 1;; ++tries) {
    ObjectPlace place{row.storage_prefix, ns, name};
    const StoredObjectPtr there = store_.get(place);
    if (!there) co_return not_found(row, name);
    auto current = parse_stored(*there);
    if (!current) co_return ApiFailure(current.error());
    auto wish = wish_from(update->wish, *current, row);
    if (!wish) co_return ApiFailure(wish.error());
    const AdmissionPlugin ask_all = [this](AdmissionRequest& asked) { return admit(asked); };
    const Ground ground{*request, there->revision, update->tracked, world_, ask_all};
    auto prepared = prepare_update(std::move(*wish), *current, ground);
    if (!prepared) co_return ApiFailure(prepared.error());
    std::vector<std::string> warnings = update->warnings;
    note_warnings(row, prepared->object, warnings);
    if (same_content(prepared->object, *current)) {
      co_return object_response(200, in_version_of(row, there->json), warnings);
    }
    if (dry_run(*request->request)) {
      prepared->object["metadata"]["resourceVersion"] = std::to_string(there->revision);
      co_return unstored_response(row, 200, std::move(prepared->object), warnings);
    }
    const bool ends = ends_with_this(prepared->object);
    std::shared_ptr<const json> held;
    if (!ends) held = std::make_shared<const json>(std::move(prepared->object));
    const auto written = co_await store_.write(std::move(place), held, prepared->expected);
    if (written) {
      co_return object_response(200, in_version_of(row, (*written)->json), warnings);
    }
    const bool again = written.error().code == Code::kConflict && prepared->unconditional;
    if (!again || tries == kWriteTriesMax) co_return write_failed(written.error(), row, name);
  }
}

Task<RestAnswer> Rest::update(ResourceRequestPtr request) {
  if (auto right = check_options(*request->request, "UpdateOptions"); !right) {
    co_return ApiFailure(right.error());
  }
  auto read = read_object(*request);
  if (!read) co_return ApiFailure(read.error());
  json* const body = &read->object;
  if (auto right = check_named(*body, *request); !right) co_return ApiFailure(right.error());
  if (auto right = check_place(*body, *request); !right) co_return ApiFailure(right.error());
  const KindBehaviour& behaviour = behaviour_of(request->row->storage_prefix);
  const ObjectPlace place{request->row->storage_prefix, namespace_of(*request), request->info.name};
  if (behaviour.create_on_update && !store_.get(place)) co_return co_await create(request);
  const bool conditional = !behaviour.unconditional_update || request->row->custom;
  if (conditional && revision_of(*body) == 0) {
    FieldErrors errors;
    errors.push_back({FieldError::Kind::kInvalid,
                      "metadata.resourceVersion",
                      "must be specified for an update",
                      0,
                      {}});
    KindRow shown = *request->row;
    if (shown.custom) shown.kind = shown.plural;  // as apiextensions-apiserver words it
    co_return invalid(shown, request->info.name, errors);
  }
  auto update = std::make_shared<Update>();
  update->warnings = std::move(read->warnings);
  update->wish = [wish = std::move(*body)](const json&) -> Answer<json> { return wish; };
  co_return co_await store_update(std::move(request), std::move(update));
}

}  // namespace skerry::standalone

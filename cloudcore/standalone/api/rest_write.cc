// create, update, patch.
#include <algorithm>
#include <charconv>
#include <functional>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/api/decode.h"
#include "cloudcore/standalone/api/metadata.h"
#include "cloudcore/standalone/api/rest.h"
#include "cloudcore/standalone/patch/strategic_merge.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr int kWriteTriesMax = 5;
constexpr std::string_view kBodyTypes = "application/json";
constexpr std::string_view kJsonPatch = "application/json-patch+json";
constexpr std::string_view kMergePatch = "application/merge-patch+json";
constexpr std::string_view kStrategicPatch = "application/strategic-merge-patch+json";

bool has_status(const KindRow& row) {
  return std::find(row.subresources.begin(), row.subresources.end(), "status") !=
         row.subresources.end();
}

Revision revision_of(const json& object) {
  const std::string text = fields::text(fields::object(object, "metadata"), "resourceVersion");
  Revision out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

Answer<json> parse_stored(const StoredObject& object) {
  json out = json::parse(*object.json, nullptr, false);
  if (out.is_discarded()) return internal("a stored object cannot be read: " + object.name);
  return out;
}

ApiFailure write_failed(const Error& error, const KindRow& row, const std::string& name) {
  if (error.code == Code::kConflict) return conflict(row, name);
  if (error.code == Code::kThrottled) {
    return ApiFailure(ApiError{429, "TooManyRequests", error.what, nullptr});
  }
  return storage_failed(error);
}

/// apiVersion and kind of the body against those of the path; a body may leave them out.
Answer<void> check_type(json& object, const KindRow& row) {
  if (!object.is_object()) return bad_request("the body of the request is no object");
  const std::string kind = fields::text(object, "kind", row.kind);
  const std::string version = fields::text(object, "apiVersion", row.gv.text());
  if (kind != row.kind || version != row.gv.text()) {
    return bad_request("the API version in the data (" + version + ") or the kind (" + kind +
                       ") does not match the expected (" + row.gv.text() + " " + row.kind + ")");
  }
  object["kind"] = row.kind;
  object["apiVersion"] = row.gv.text();
  return {};
}

Answer<void> check_place(json& object, const ResourceRequest& request) {
  json& metadata = object["metadata"];
  if (metadata.is_null()) metadata = json::object();
  if (!metadata.is_object()) return bad_request("metadata is no object");
  const std::string ns = fields::text(metadata, "namespace");
  if (request.row->namespaced) {
    if (!ns.empty() && ns != request.info.ns) {
      return bad_request(
          "the namespace of the provided object does not match the namespace sent on "
          "the request");
    }
    metadata["namespace"] = request.info.ns;
  } else {
    metadata.erase("namespace");
  }
  const std::string name = fields::text(metadata, "name");
  if (!request.info.name.empty() && name != request.info.name) {
    if (!name.empty()) {
      return bad_request("the name of the object (" + name +
                         ") does not match the name on the URL (" + request.info.name + ")");
    }
    metadata["name"] = request.info.name;
  }
  return {};
}

/// Unknown fields by the client's choice: an error, warnings, or nothing.
Answer<std::vector<std::string>> fit(json& object, const ResourceRequest& request) {
  const auto validation = field_validation(request.request->param("fieldValidation"));
  if (!validation) return ApiFailure(validation.error());
  auto unknown = fit_to_type(object, *request.row);
  if (!unknown || unknown->empty() || *validation == FieldValidation::kIgnore) {
    if (unknown) unknown->clear();
    return unknown;
  }
  if (*validation == FieldValidation::kWarn) return unknown;
  std::string all;
  for (const std::string& each : *unknown) all += (all.empty() ? "" : ", ") + each;
  return bad_request(request.row->kind + " in version \"" + request.row->gv.version +
                     "\" cannot be handled as a " + request.row->kind +
                     ": strict decoding error: " + all);
}

void add(FieldErrors& to, FieldErrors from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

bool dry_run(const ApiRequest& request) { return request.param("dryRun") == "All"; }

ApiResponse object_response(int status,
                            std::shared_ptr<const std::string> body,
                            const std::vector<std::string>& warnings) {
  ApiResponse out;
  out.status = status;
  out.body.push_back(std::move(body));
  for (const std::string& warning : warnings) add_warning(out, warning);
  return out;
}

/// What would have been stored, for a dry run.
ApiResponse unstored_response(int status, const json& object) {
  return json_response(status, object.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace

Rest::Rest(ObjectStore& store, seam::World world) : store_(store), world_(world) {}

Answer<void> Rest::admit(AdmissionRequest asked) const {
  for (const AdmissionPlugin& plugin : admission_) {
    if (auto admitted = plugin(asked); !admitted) return admitted;
  }
  return {};
}

// ---- create -------------------------------------------------------------------------------------

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
  const std::string ns = row.namespaced ? request->info.ns : std::string();
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
  const KindBehaviour& behaviour = behaviour_of(row.storage_prefix);
  fill_metadata(object, world_);
  if (has_status(row)) object.erase("status");
  if (behaviour.set_defaults != nullptr) behaviour.set_defaults(object);
  if (behaviour.prepare_create != nullptr) behaviour.prepare_create(object);
  if (behaviour.generation) object["metadata"]["generation"] = 1;
  const AdmissionRequest asked{AdmissionRequest::Operation::kCreate, *request, &object, nullptr,
                               dry_run(*request->request)};
  if (auto admitted = admit(asked); !admitted) co_return ApiFailure(admitted.error());
  FieldErrors errors = validate_metadata(object, row);
  if (behaviour.validate != nullptr) add(errors, behaviour.validate(object));
  const std::string name = fields::text(object["metadata"], "name");
  if (!errors.empty()) co_return invalid(row, name, errors);
  ObjectPlace place{row.storage_prefix, ns, name};
  if (dry_run(*request->request)) {
    if (store_.get(place)) co_return already_exists(row, name);
    co_return unstored_response(201, object);
  }
  auto held = std::make_shared<const json>(std::move(object));
  const auto written = co_await store_.write(std::move(place), held, 0);
  if (!written) {
    if (written.error().code == Code::kConflict) co_return already_exists(row, name);
    co_return write_failed(written.error(), row, name);
  }
  co_return object_response(201, (*written)->json, *warnings);
}

// ---- update and patch ---------------------------------------------------------------------------

/// How one request changes an object; tried again when another writer came between.
struct Rest::Update {
  /// The object that the client wants, from the one that is there.
  std::function<Answer<json>(const json& current)> wish;
  std::vector<std::string> warnings;
};

namespace {

struct Prepared {
  json object;
  Revision expected = 0;
  bool unconditional = true;  // the client named no resourceVersion
};

Answer<void> check_uid(const json& object, const json& current, const KindRow& row) {
  const std::string asked = fields::text(object["metadata"], "uid");
  const std::string there = fields::text(current["metadata"], "uid");
  if (asked.empty() || asked == there) return {};
  return conflict(
      row, fields::text(current["metadata"], "name"),
      "Precondition failed: UID in precondition: " + asked + ", UID in object meta: " + there);
}

/// The new object from the client's wish, what is there, and who may change what.
Answer<Prepared> prepare_update(json wish,
                                const json& current,
                                Revision current_revision,
                                const ResourceRequest& request,
                                const AdmissionPlugin& admit) {
  const KindRow& row = *request.row;
  if (auto right = check_uid(wish, current, row); !right) return ApiFailure(right.error());
  Prepared out;
  const Revision asked = revision_of(wish);
  out.unconditional = asked == 0;
  out.expected = out.unconditional ? current_revision : asked;
  if (out.expected != current_revision) {
    return conflict(row, fields::text(current["metadata"], "name"));
  }
  keep_metadata(wish, current);
  AdmissionRequest admission{AdmissionRequest::Operation::kUpdate, request, &wish, &current,
                             dry_run(*request.request)};
  const bool status_only = request.info.subresource == "status";
  if (status_only) {
    out.object = current;
    if (wish.contains("status")) {
      out.object["status"] = wish["status"];
    } else {
      out.object.erase("status");
    }
    out.object["metadata"].erase("resourceVersion");
    admission.object = &out.object;
    if (auto admitted = admit(admission); !admitted) return ApiFailure(admitted.error());
    return out;
  }
  if (has_status(row)) {
    wish.erase("status");
    if (current.contains("status")) wish["status"] = current["status"];
  }
  const KindBehaviour& behaviour = behaviour_of(row.storage_prefix);
  if (behaviour.set_defaults != nullptr) behaviour.set_defaults(wish);
  if (behaviour.prepare_update != nullptr) behaviour.prepare_update(wish, current);
  const bool spec_changed = fields::at(wish, "spec") != fields::at(current, "spec");
  if (behaviour.generation && spec_changed) {
    wish["metadata"]["generation"] =
        fields::number(current["metadata"], "generation").value_or(0) + 1;
  }
  if (auto admitted = admit(admission); !admitted) return ApiFailure(admitted.error());
  FieldErrors errors = validate_metadata(wish, row);
  if (behaviour.validate != nullptr) add(errors, behaviour.validate(wish));
  if (behaviour.validate_update != nullptr) add(errors, behaviour.validate_update(wish, current));
  if (!errors.empty()) return invalid(row, fields::text(wish["metadata"], "name"), errors);
  wish["metadata"].erase("resourceVersion");
  out.object = std::move(wish);
  return out;
}

bool same_content(const json& object, json current) {
  current["metadata"].erase("resourceVersion");
  return object == current;
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
  const std::string ns = row.namespaced ? request->info.ns : std::string();
  for (int tries = 1;; ++tries) {
    ObjectPlace place{row.storage_prefix, ns, name};
    const StoredObjectPtr there = store_.get(place);
    if (!there) co_return not_found(row, name);
    auto current = parse_stored(*there);
    if (!current) co_return ApiFailure(current.error());
    auto wish = update->wish(*current);
    if (!wish) co_return ApiFailure(wish.error());
    const AdmissionPlugin ask_all = [this](AdmissionRequest& asked) { return admit(asked); };
    auto prepared = prepare_update(std::move(*wish), *current, there->revision, *request, ask_all);
    if (!prepared) co_return ApiFailure(prepared.error());
    if (same_content(prepared->object, *current)) {
      co_return object_response(200, there->json, update->warnings);
    }
    if (dry_run(*request->request)) {
      prepared->object["metadata"]["resourceVersion"] = std::to_string(there->revision);
      co_return unstored_response(200, prepared->object);
    }
    const bool ends = ends_with_this(prepared->object);
    std::shared_ptr<const json> held;
    if (!ends) held = std::make_shared<const json>(std::move(prepared->object));
    const auto written = co_await store_.write(std::move(place), held, prepared->expected);
    if (written) co_return object_response(200, (*written)->json, update->warnings);
    const bool again = written.error().code == Code::kConflict && prepared->unconditional;
    if (!again || tries == kWriteTriesMax) co_return write_failed(written.error(), row, name);
  }
}

Task<RestAnswer> Rest::update(ResourceRequestPtr request) {
  auto body = decode_body(request->request->content_type, request->request->body, kBodyTypes);
  if (!body) co_return ApiFailure(body.error());
  if (auto right = check_type(*body, *request->row); !right) co_return ApiFailure(right.error());
  auto warnings = fit(*body, *request);
  if (!warnings) co_return ApiFailure(warnings.error());
  if (auto right = check_place(*body, *request); !right) co_return ApiFailure(right.error());
  const KindBehaviour& behaviour = behaviour_of(request->row->storage_prefix);
  const ObjectPlace place{request->row->storage_prefix,
                          request->row->namespaced ? request->info.ns : std::string(),
                          request->info.name};
  if (behaviour.create_on_update && !store_.get(place)) co_return co_await create(request);
  if (!behaviour.unconditional_update && revision_of(*body) == 0) {
    FieldErrors errors;
    errors.push_back({FieldError::Kind::kInvalid,
                      "metadata.resourceVersion",
                      "must be specified for an update",
                      0,
                      {}});
    co_return invalid(*request->row, request->info.name, errors);
  }
  auto update = std::make_shared<Update>();
  update->warnings = std::move(*warnings);
  update->wish = [wish = std::move(*body)](const json&) -> Answer<json> { return wish; };
  co_return co_await store_update(std::move(request), std::move(update));
}

namespace {

Answer<json> json_patch(const json& current, const json& patch) {
  try {
    return current.patch(patch);
  } catch (const json::exception& error) {  // nlohmann says what does not fit only this way
    return ApiFailure(ApiError{422, "Invalid",
                               "the server rejected our request due to an error in our request: " +
                                   std::string(error.what()),
                               json::object()});
  }
}

Answer<json> merge_patch(const json& current, const json& patch) {
  if (!patch.is_object()) return bad_request("a merge patch is an object");
  json out = current;
  out.merge_patch(patch);
  return out;
}

Answer<json> strategic_patch(const json& current, const json& patch, const KindRow& row) {
  auto merged = strategic_merge(current, patch, *row.type);
  if (!merged) return bad_request(merged.error().what);
  return std::move(*merged);
}

/// Custom resources have no merge keys: they take no strategic merge patch.
std::string patch_types(const KindRow& row) {
  const std::string all = std::string(kJsonPatch) + "," + std::string(kMergePatch);
  return row.custom ? all : all + "," + std::string(kStrategicPatch);
}

Answer<json> apply_patch(const ResourceRequest& request, const json& current, const json& patch) {
  const std::string& type = request.request->content_type;
  if (type == kJsonPatch) return json_patch(current, patch);
  if (type == kMergePatch) return merge_patch(current, patch);
  return strategic_patch(current, patch, *request.row);
}

}  // namespace

Task<RestAnswer> Rest::patch(ResourceRequestPtr request) {
  const std::string type = request->request->content_type;
  const std::string accepted = patch_types(*request->row);
  if (type.empty() || accepted.find(type) == std::string::npos) {
    co_return unsupported_media_type(type, accepted);
  }
  auto body = decode_body("application/json", request->request->body, accepted);
  if (!body) co_return ApiFailure(body.error());
  auto update = std::make_shared<Update>();
  const auto held = std::make_shared<const json>(std::move(*body));
  Update* const into = update.get();  // lives as long as the function it holds
  update->wish = [held, request, into](const json& current) -> Answer<json> {
    auto wish = apply_patch(*request, current, *held);
    if (!wish) return wish;
    if (auto right = check_type(*wish, *request->row); !right) return ApiFailure(right.error());
    auto warnings = fit(*wish, *request);
    if (!warnings) return ApiFailure(warnings.error());
    into->warnings = std::move(*warnings);
    if (auto right = check_place(*wish, *request); !right) return ApiFailure(right.error());
    // The patch was made against what is there, unless it names a resourceVersion itself.
    const json& named = fields::at(fields::object(*held, "metadata"), "resourceVersion");
    if (named.is_null()) (*wish)["metadata"].erase("resourceVersion");
    return wish;
  };
  co_return co_await store_update(std::move(request), std::move(update));
}

}  // namespace skerry::standalone

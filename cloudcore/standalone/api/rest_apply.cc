// patch in the form of server-side apply: a configuration creates the object or is merged into it.
#include "cloudcore/standalone/api/decode.h"
#include "cloudcore/standalone/api/field_tracking.h"
#include "cloudcore/standalone/api/patch_wishes.h"
#include "cloudcore/standalone/api/write_steps.h"
#include "cloudcore/standalone/decoding/yaml_text.h"
#include "cloudcore/standalone/patch/structured_merge.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr int kApplyTriesMax = 5;

Answer<json> read_configuration(const std::string& body) {
  if (body.empty()) return json::object();
  auto config = decode_body("application/json", body, "application/yaml");  // what kubectl sends
  if (!config) {
    auto yaml = read_yaml(body);
    if (!yaml) return bad_request("error decoding YAML: " + yaml.error().what);
    config = std::move(yaml->value);
  }
  if (config->is_null()) return json::object();
  if (!config->is_object()) {
    return bad_request(
        "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot "
        "unmarshal " +
        std::string(config->type_name()) + " into Go value of type map[string]interface {}");
  }
  return config;
}

std::string kind_text(const std::string& api_version, const std::string& kind) {
  const bool core = api_version.find('/') == std::string::npos;
  return (core ? "/" : "") + api_version + ", Kind=" + kind;
}

ApiFailure no_configuration(const json& config, const std::vector<std::string>& problems) {
  std::string all = problems.size() == 1 ? problems.front() : "errors:";
  for (const std::string& each : problems) {
    if (problems.size() > 1) all += "\n  " + each;
  }
  const json& metadata = fields::object(config, "metadata");
  return ApiFailure(ApiError{
      500, "",
      "failed to create typed patch object (" + fields::text(metadata, "namespace") + "/" +
          fields::text(metadata, "name") + "; " +
          kind_text(fields::text(config, "apiVersion"), fields::text(config, "kind")) + "): " + all,
      nullptr});
}

ApiFailure apply_conflict(const std::vector<ApplyConflict>& conflicts) {
  json causes = json::array();
  for (const ApplyConflict& each : conflicts) {
    causes.push_back({{"reason", "FieldManagerConflict"},
                      {"message", "conflict with " + each.manager},
                      {"field", each.path}});
  }
  return ApiFailure(
      ApiError{409, "Conflict", conflict_message(conflicts), json{{"causes", std::move(causes)}}});
}

}  // namespace

Answer<json> configuration_of(const ResourceRequest& request) {
  auto config = read_configuration(request.request->body);
  if (!config) return config;
  const KindRow& row = *request.row;
  const std::string version = fields::text(*config, "apiVersion");
  const std::string kind = fields::text(*config, "kind");
  if (version != row.gv.text() || kind != row.kind) {
    return bad_request("invalid object type: " + kind_text(version, kind));
  }
  const json& given = fields::at(*config, "metadata");
  if (!given.is_null() && !given.is_object()) return bad_request("metadata is no object");
  if (!fields::at(given, "managedFields").is_null()) {
    return bad_request("metadata.managedFields must be nil");
  }
  const auto problems = configuration_problems(*config, row.type);
  if (!problems.empty()) return no_configuration(*config, problems);
  if (!has_status(row)) return config;
  if (request.info.subresource.empty()) {
    config->erase("status");
    return config;
  }
  config->erase("spec");
  return config;
}

Answer<json> apply_wish(const ResourceRequest& request,
                        const json& current,
                        const json& config,
                        const FieldWriter& writer) {
  auto result = apply_configuration(current, config, request.row->type, writer,
                                    request.request->flag("force"));
  if (!result.conflicts.empty()) return apply_conflict(result.conflicts);
  json wish = std::move(result.object);
  if (auto right = check_named(wish, request); !right) return ApiFailure(right.error());
  auto fitted = fit(wish, request);  // drops nulls: a configuration may have them
  if (!fitted) return ApiFailure(fitted.error());
  if (auto right = check_place(wish, request); !right) return ApiFailure(right.error());
  const json& asked = fields::at(fields::object(config, "metadata"), "resourceVersion");
  if (asked.is_null() || current.is_null()) wish["metadata"].erase("resourceVersion");
  const std::string uid = fields::text(fields::object(config, "metadata"), "uid");
  const std::string there = fields::text(fields::object(current, "metadata"), "uid");
  if (!uid.empty() && uid != there) {
    const FieldError error{
        FieldError::Kind::kInvalid, "metadata.uid", "field is immutable", uid, {}};
    return invalid(*request.row, request.info.name, {error, error});
  }
  return wish;
}

Task<RestAnswer> Rest::apply(ResourceRequestPtr request) {
  auto read = configuration_of(*request);
  if (!read) co_return ApiFailure(read.error());
  const auto config = std::make_shared<const json>(std::move(*read));
  for (int tries = 1;; ++tries) {
    const ObjectPlace place{request->row->storage_prefix, namespace_of(*request),
                            request->info.name};
    if (store_.get(place) || !request->info.subresource.empty()) break;
    auto object = apply_wish(*request, nullptr, *config, writer_of(*request, world_));
    if (!object) co_return ApiFailure(object.error());
    auto creation = std::make_shared<Creation>();
    creation->object = std::move(*object);
    creation->tracked = true;
    auto created = co_await create_object(request, std::move(creation));
    const bool raced = !created && created.error().reason == "AlreadyExists";
    if (!raced || tries == kApplyTriesMax) co_return created;
  }
  auto update = std::make_shared<Update>();
  update->tracked = true;
  update->wish = [config, request, world = world_](const json& current) -> Answer<json> {
    return apply_wish(*request, current, *config, writer_of(*request, world));
  };
  co_return co_await store_update(std::move(request), std::move(update));
}

}  // namespace skerry::standalone

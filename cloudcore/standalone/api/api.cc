#include "cloudcore/standalone/api/api.h"

#include <algorithm>

#include "cloudcore/standalone/api/patch_answers.h"
#include "cloudcore/standalone/printing/representation.h"
#include "cloudcore/standalone/schema/custom_version.h"
#include "cloudcore/standalone/schema/discovery.h"

namespace skerry::standalone {
namespace {

using async::Task;

/// What this API is compatible with; kubectl compares its own version with it.
constexpr const char* kVersion =
    R"({"major":"1","minor":"34","gitVersion":"v1.34.4+skerry","gitCommit":"","gitTreeState":"clean",)"
    R"("buildDate":"","goVersion":"","compiler":"","platform":"linux/amd64"})";

bool allows(const KindRow& row, const std::string& verb) {
  return std::find(row.verbs.begin(), row.verbs.end(), verb) != row.verbs.end();
}

bool has_subresource(const KindRow& row, const std::string& name) {
  return std::find(row.subresources.begin(), row.subresources.end(), name) !=
         row.subresources.end();
}

/// Subresources whose bytes are not the API's: in whatever form they come.
bool is_stream(const std::string& subresource) {
  static constexpr std::string_view kStreams[] = {"attach", "exec", "log", "portforward", "proxy"};
  return std::ranges::find(kStreams, subresource) != std::end(kStreams);
}

/// What kubectl tells its user of kinds that are on their way out; empty: nothing.
std::string deprecation(const KindRow& row) {
  if (row.storage_prefix == "endpoints") {
    return "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";
  }
  const auto* version = custom_version(row);
  return version == nullptr ? std::string() : version->deprecation;
}

ApiResponse text_response(std::string text) {
  ApiResponse out = json_response(200, std::move(text));
  out.content_type = "text/plain; charset=utf-8";
  return out;
}

/// An apply of what is not there, and an update that creates it, is a create for who may do what.
Answer<void> may_create(const Api::Authorizer& authorizer,
                        const ObjectStore& store,
                        const ResourceRequest& request) {
  const RequestInfo& asked = request.info;
  if (!authorizer || !asked.subresource.empty()) return {};
  const bool applies = asked.verb == "patch" && request.request->content_type == kApplyPatch;
  const bool puts =
      asked.verb == "update" && behaviour_of(request.row->storage_prefix).create_on_update;
  if ((!applies && !puts) || store.get(place_of(request))) return {};
  RequestInfo creation = asked;
  creation.verb = "create";
  return authorizer(*request.request, creation);
}

}  // namespace

Api::Api(ObjectStore& store, seam::World world, std::string address)
    : store_(store),
      rest_(store, world),
      subresources_(store, world),
      address_(std::move(address)) {}

Task<ApiResponse> Api::handle(std::shared_ptr<const ApiRequest> request) {
  RequestInfo info = request_info(*request);
  if (authorizer_) {
    if (auto allowed = authorizer_(*request, info); !allowed) {
      co_return error_response(allowed.error());
    }
  }
  if (!info.is_resource) {
    RestAnswer answer = document(*request);
    co_return answer ? std::move(*answer) : refusal(*request, answer.error());
  }
  if (!is_stream(info.subresource) && !is_acceptable(request->accept)) {
    co_return error_response(not_acceptable(std::string(kRepresentations)).value());
  }
  const std::shared_ptr<const KindRow> row = kinds_.find(info.gv, info.resource);
  const std::string warning = row ? deprecation(*row) : std::string();
  RestAnswer answer = co_await resource(request, std::move(info));
  if (answer && !warning.empty()) add_warning(*answer, warning);
  if (answer) co_return std::move(*answer);
  co_return refusal(*request, answer.error());
}

ApiResponse Api::refusal(const ApiRequest& request, const ApiError& error) const {
  if (error.code != 404) return error_response(error);
  // Below a group that nobody serves there is no API that could answer: a page is missing, and
  // kubectl says so in its own words.
  constexpr std::string_view kGroups = "/apis/";
  const bool in_group = request.path.starts_with(kGroups);
  const std::string group =
      in_group ? request.path.substr(kGroups.size(),
                                     request.path.find('/', kGroups.size()) - kGroups.size())
               : std::string();
  const auto& rows = kinds_.rows();
  const bool served = in_group
                          ? std::any_of(rows.begin(), rows.end(),
                                        [&](const KindRow& row) { return row.gv.group == group; })
                          : request.path.starts_with("/api/");
  if (served) return error_response(error);
  ApiResponse out = text_response("404 page not found\n");
  out.status = 404;
  return out;
}

// ---- what is no resource ------------------------------------------------------------------------

RestAnswer Api::document(const ApiRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") return method_not_allowed();
  const std::string& path = request.path;
  if (path == "/version" || path == "/version/") return json_response(200, kVersion);
  if (path.starts_with("/healthz") || path.starts_with("/livez") || path.starts_with("/readyz")) {
    return text_response("ok");
  }
  if (path.starts_with("/openapi/")) return openapi_.answer(request, kinds_);
  return discovery(request);
}

RestAnswer Api::discovery(const ApiRequest& request) const {
  const std::vector<KindRow>& rows = kinds_.rows();
  const std::string path =
      request.path.ends_with('/') ? request.path.substr(0, request.path.size() - 1) : request.path;
  const bool aggregated = request.accept.find("as=APIGroupDiscoveryList") != std::string::npos;
  if (aggregated && (path == "/api" || path == "/apis")) {
    ApiResponse out = json_response(
        200, path == "/api" ? aggregated_legacy_document(rows) : aggregated_groups_document(rows));
    out.content_type = std::string(kAggregatedDiscoveryType);
    return out;
  }
  if (path == "/api") return json_response(200, api_versions_document(address_));
  if (path == "/apis") return json_response(200, api_group_list_document(rows));
  std::optional<std::string> found;
  if (path.starts_with("/api/")) {
    found = api_resource_list_document(rows, GroupVersion{"", path.substr(5)});
  } else if (path.starts_with("/apis/")) {
    const std::string rest = path.substr(6);
    const std::size_t slash = rest.find('/');
    found = slash == std::string::npos
                ? api_group_document(rows, rest)
                : api_resource_list_document(
                      rows, GroupVersion{rest.substr(0, slash), rest.substr(slash + 1)});
  }
  if (!found) return not_found_path();
  return json_response(200, std::move(*found));
}

void Api::add_handler(std::string storage_prefix, std::string subresource, Handler handler) {
  handlers_[{std::move(storage_prefix), std::move(subresource)}] = std::move(handler);
}

// ---- resources ----------------------------------------------------------------------------------

Task<RestAnswer> Api::resource(std::shared_ptr<const ApiRequest> request, RequestInfo info) {
  auto found = std::make_shared<ResourceRequest>();
  found->row = kinds_.find(info.gv, info.resource);
  if (!found->row) co_return not_found_path();
  found->info = std::move(info);
  found->request = std::move(request);
  const std::string& verb = found->info.verb;
  const std::string& subresource = found->info.subresource;
  if (!subresource.empty() && !has_subresource(*found->row, subresource)) {
    if (found->row->custom) co_return not_found(*found->row, found->info.name);
    co_return not_found_path();
  }
  const auto own = handlers_.find({found->row->storage_prefix, subresource});
  if (own != handlers_.end()) co_return co_await own->second(found);
  const bool plain = subresource.empty() || subresource == "status" || subresource == "approval";
  if (!plain) co_return co_await subresources_.handle(found);
  if (subresource.empty() && !allows(*found->row, verb)) co_return method_not_allowed();
  const bool needs_namespace = found->row->namespaced && found->info.ns.empty();
  if (needs_namespace && verb != "list" && verb != "watch") co_return not_found_path();

  if (auto may = may_create(authorizer_, store_, *found); !may) co_return ApiFailure(may.error());
  if (verb == "get") co_return rest_.get(*found);
  if (verb == "list") co_return rest_.list(*found);
  if (verb == "watch") co_return rest_.watch(*found);
  if (verb == "create") co_return co_await rest_.create(found);
  if (verb == "update") co_return co_await rest_.update(found);
  if (verb == "patch") co_return co_await rest_.patch(found);
  if (verb == "delete") co_return co_await rest_.remove(found);
  if (verb == "deletecollection") co_return co_await rest_.remove_collection(found);
  co_return method_not_allowed();
}

}  // namespace skerry::standalone

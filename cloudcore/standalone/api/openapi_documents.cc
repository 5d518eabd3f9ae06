#include "cloudcore/standalone/api/openapi_documents.h"

#include "cloudcore/standalone/printing/representation.h"
#include "cloudcore/standalone/protobuf/openapi_protobuf.h"
#include "cloudcore/standalone/schema/discovery.h"
#include "cloudcore/standalone/schema/openapi.h"

namespace skerry::standalone {
namespace {

constexpr std::string_view kV3 = "/openapi/v3";

/// "/openapi/v3/api/v1", "/openapi/v3/apis/apps/v1" -> the group and version.
GroupVersion group_version_of(std::string_view path) {
  path.remove_prefix(kV3.size());
  if (path.starts_with("/api/")) return {"", std::string(path.substr(5))};
  if (!path.starts_with("/apis/")) return {};
  path.remove_prefix(6);
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return {};
  return {std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

}  // namespace

const std::map<GroupVersion, std::string>& OpenApiDocuments::hashes(const KindRegistry& kinds) {
  if (generation_ == kinds.generation()) return hashes_;
  hashes_.clear();
  for (const GroupVersion& gv : group_versions(kinds.rows())) {
    if (const auto document = openapi_v3_document(kinds.rows(), gv)) {
      hashes_[gv] = openapi_hash(*document);
    }
  }
  generation_ = kinds.generation();
  return hashes_;
}

RestAnswer OpenApiDocuments::answer(const ApiRequest& request, const KindRegistry& kinds) {
  if (request.path == "/openapi/v2") {
    std::string document = openapi_v2_document(kinds.rows());
    if (is_acceptable(request.accept)) return json_response(200, std::move(document));
    if (request.accept.find(kOpenApiV2Protobuf) == std::string::npos) {
      return not_acceptable("application/json, " + std::string(kOpenApiV2Protobuf));
    }
    ApiResponse out = json_response(200, openapi_v2_protobuf(document));
    out.content_type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    return out;
  }
  if (request.path == kV3) {
    std::vector<OpenApiPlace> places;
    for (const auto& [gv, hash] : hashes(kinds)) places.push_back({gv, hash});
    return json_response(200, openapi_v3_index(places));
  }
  if (!request.path.starts_with(kV3)) return not_found_path();
  const GroupVersion gv = group_version_of(request.path);
  auto document = openapi_v3_document(kinds.rows(), gv);
  if (!document) return not_found_path();
  const std::string& hash = hashes(kinds).at(gv);
  const std::string_view asked = request.param("hash");
  ApiResponse out;
  if (!asked.empty() && asked != hash) {
    out.status = 301;
    out.headers.emplace_back("Location", request.path + "?hash=" + hash);
    return out;
  }
  out.add(std::move(*document));
  out.headers.emplace_back("Etag", "\"" + hash + "\"");
  if (!asked.empty()) out.headers.emplace_back("Cache-Control", "public, immutable");
  return out;
}

}  // namespace skerry::standalone

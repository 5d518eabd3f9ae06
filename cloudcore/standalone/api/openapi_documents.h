// The OpenAPI documents of the kinds that are served now. What a document's hash is, is remembered;
// the documents themselves, up to 1 MB each, are made when somebody asks.
//
// Owner: Api. Thread: its loop.
#pragma once

#include <map>
#include <string>

#include "cloudcore/standalone/api/kind_registry.h"
#include "cloudcore/standalone/api/request.h"
#include "cloudcore/standalone/api/rest.h"

namespace skerry::standalone {

class OpenApiDocuments {
 public:
  /// Answers /openapi/v2, /openapi/v3 and what is below it. Errors: 404.
  RestAnswer answer(const ApiRequest& request, const KindRegistry& kinds);

 private:
  const std::map<GroupVersion, std::string>& hashes(const KindRegistry& kinds);

  std::map<GroupVersion, std::string> hashes_;
  std::uint64_t generation_ = 0;  // of the registry, when the hashes were made
};

}  // namespace skerry::standalone

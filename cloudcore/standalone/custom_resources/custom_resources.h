// Makes CustomResourceDefinitions work: their rules stand in the API's admission, and the kinds of
// the established ones are served from the moment at which the store has them.
//
// Owner: Standalone, made after the objects were loaded and before the first request. Thread: the
// API's loop. Errors: a definition that cannot be served (its schema is not structural) is logged.
#pragma once

#include "cloudcore/standalone/api/api.h"
#include "cloudcore/standalone/api/object_store.h"

namespace skerry::standalone {

inline constexpr std::string_view kDefinitionsPrefix =
    "customresourcedefinitions.apiextensions.k8s.io";

class CustomResources {
 public:
  CustomResources(Api& api, ObjectStore& store);

 private:
  Answer<void> admit(AdmissionRequest& request) const;
  void serve(const StoredObject& definition);

  Api& api_;
};

}  // namespace skerry::standalone

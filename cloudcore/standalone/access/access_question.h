// What an authorizer is asked: may this user do that? Pure.
// Source: k8s.io/apiserver/pkg/authorization/authorizer (Attributes).
#pragma once

#include <string>

#include "cloudcore/standalone/api/api_error.h"
#include "cloudcore/standalone/api/request.h"

namespace skerry::standalone {

struct AccessQuestion {
  std::string verb;
  bool is_resource = true;
  std::string group;
  std::string version;
  std::string resource;
  std::string subresource;
  std::string ns;  // empty: the cluster
  std::string name;
  std::string path;            // of what is no resource
  std::string field_selector;  // as the client wrote it
};

struct AccessDecision {
  bool allowed = false;
  std::string reason;  // for people; may be empty
};

/// Of a list or watch that selects one name, that name is the question's.
AccessQuestion question_of(const ApiRequest& request, const RequestInfo& info);

/// The 403 of a user who may not.
ApiFailure may_not(const User& user, const AccessQuestion& question, const std::string& reason);

}  // namespace skerry::standalone

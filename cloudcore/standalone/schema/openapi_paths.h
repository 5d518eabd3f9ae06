// What may be done at which path: the operations of a kind, as both versions of OpenAPI show them.
//
// Pure; any thread. Source: the paths of kube-apiserver 1.34, its operation ids and actions.
// Internal to cloudcore/standalone/schema.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cloudcore/standalone/schema/kind_table.h"
#include "cloudcore/standalone/schema/openapi_schema.h"

namespace skerry::standalone {

struct Operation {
  std::string method;  // "get"
  std::string id;      // "listAppsV1NamespacedDeployment"
  std::string action;  // x-kubernetes-action: "list"; empty: none
  GroupVersion gv;
  std::string kind;
  std::vector<std::string> parameters;  // names, in the query
  std::string body;                     // the type of the request's body; empty: none
  bool body_required = true;
  std::vector<std::string> body_formats = {"*/*"};
  std::vector<int> codes = {200};
  std::string answer;  // the type of the answer; empty: a string
};

struct PathItem {
  std::string path;
  std::string tag;                           // "apps_v1"
  std::vector<std::string> path_parameters;  // "name", "namespace"
  std::vector<std::string> parameters;       // in the query, of every operation
  std::vector<Operation> operations;
};

std::vector<PathItem> paths_of(const KindRow& row);

/// The path that lists a group version's resources.
PathItem discovery_path(const GroupVersion& gv);

nlohmann::json path_object(const PathItem& item, OpenApi version);

/// "io.k8s.api.apps.v1.Deployment"; of a custom row "com.example.stable.v1.CronTab".
std::string component_name(const KindRow& row);

}  // namespace skerry::standalone

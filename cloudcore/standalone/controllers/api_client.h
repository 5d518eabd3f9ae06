// The API for controllers of this process: the same requests as over HTTP, without HTTP. Reads come
// straight from the store.
//
// Owner: whoever runs controllers. Thread: the API's loop. Errors: Kubernetes' own (api_error.h).
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cloudcore/standalone/api/api.h"

namespace skerry::standalone {

/// Which resource: "deployments" of apps/v1.
struct ResourceType {
  GroupVersion gv;
  std::string plural;
  /// "deployments.apps"
  std::string prefix() const { return gv.group.empty() ? plural : plural + "." + gv.group; }
};

namespace resources {
inline const ResourceType kNamespaces{{"", "v1"}, "namespaces"};
inline const ResourceType kNodes{{"", "v1"}, "nodes"};
inline const ResourceType kPods{{"", "v1"}, "pods"};
inline const ResourceType kConfigMaps{{"", "v1"}, "configmaps"};
inline const ResourceType kServiceAccounts{{"", "v1"}, "serviceaccounts"};
inline const ResourceType kEvents{{"", "v1"}, "events"};
inline const ResourceType kPersistentVolumeClaims{{"", "v1"}, "persistentvolumeclaims"};
inline const ResourceType kControllerRevisions{{"apps", "v1"}, "controllerrevisions"};
inline const ResourceType kDaemonSets{{"apps", "v1"}, "daemonsets"};
inline const ResourceType kDeployments{{"apps", "v1"}, "deployments"};
inline const ResourceType kReplicaSets{{"apps", "v1"}, "replicasets"};
inline const ResourceType kStatefulSets{{"apps", "v1"}, "statefulsets"};
inline const ResourceType kCronJobs{{"batch", "v1"}, "cronjobs"};
inline const ResourceType kJobs{{"batch", "v1"}, "jobs"};
inline const ResourceType kPodAutoscalers{{"autoscaling", "v2"}, "horizontalpodautoscalers"};
inline const ResourceType kServices{{"", "v1"}, "services"};
inline const ResourceType kEndpoints{{"", "v1"}, "endpoints"};
inline const ResourceType kPersistentVolumes{{"", "v1"}, "persistentvolumes"};
inline const ResourceType kLeases{{"coordination.k8s.io", "v1"}, "leases"};
inline const ResourceType kEndpointSlices{{"discovery.k8s.io", "v1"}, "endpointslices"};
inline const ResourceType kPodDisruptionBudgets{{"policy", "v1"}, "poddisruptionbudgets"};
inline const ResourceType kStorageClasses{{"storage.k8s.io", "v1"}, "storageclasses"};
}  // namespace resources

struct Removal {
  std::string uid;                         // precondition
  std::string propagation = "Background";  // of its dependents
  std::optional<std::int64_t> grace_seconds;
};

class ApiClient {
 public:
  ApiClient(Api& api, ObjectStore& store, std::string user);

  // Reads: the newest state.
  std::optional<nlohmann::json> get(const ResourceType& type,
                                    const std::string& ns,
                                    const std::string& name) const;
  std::vector<StoredObjectPtr> list(const ResourceType& type,
                                    const std::string& ns,
                                    ObjectFilter matches = nullptr) const;
  /// What `owner` (a uid) controls.
  std::vector<nlohmann::json> controlled(const ResourceType& type,
                                         const std::string& ns,
                                         const std::string& owner) const;
  /// "<ns>/<name>" of the object of `type` that controls `object`; with none, or when the object
  /// has no controller: empty.
  std::string controller_key(const ResourceType& type, const StoredObject& object) const;
  /// "scale" and the like: what a subresource says.
  async::Task<Answer<nlohmann::json>> read_below(ResourceType type,
                                                 std::string ns,
                                                 std::string name,
                                                 std::string subresource);

  // Writes. Structs and bodies are named variables at the caller: g++ 12 and co_await.
  async::Task<Answer<nlohmann::json>> create(ResourceType type,
                                             std::string ns,
                                             nlohmann::json object);
  async::Task<Answer<nlohmann::json>> create_below(ResourceType type,
                                                   nlohmann::json object,
                                                   std::string subresource);
  /// The object's own resourceVersion is its condition. `subresource`: "status" or empty.
  async::Task<Answer<nlohmann::json>> update(ResourceType type,
                                             nlohmann::json object,
                                             std::string subresource = {});
  /// A merge patch.
  async::Task<Answer<nlohmann::json>> patch(ResourceType type,
                                            std::string ns,
                                            std::string name,
                                            nlohmann::json change,
                                            std::string subresource = {});
  async::Task<Answer<nlohmann::json>> remove(ResourceType type,
                                             std::string ns,
                                             std::string name,
                                             Removal removal);

  ObjectStore& store() { return store_; }
  const KindRegistry& kinds() const { return api_.kinds(); }

 private:
  async::Task<Answer<nlohmann::json>> call(std::shared_ptr<ApiRequest> request);
  std::shared_ptr<ApiRequest> request(std::string method,
                                      const ResourceType& type,
                                      const std::string& ns,
                                      const std::string& name) const;

  Api& api_;
  ObjectStore& store_;
  User user_;
};

/// A stored object parsed. Our own bytes: it cannot fail.
nlohmann::json parsed(const StoredObject& object);

}  // namespace skerry::standalone

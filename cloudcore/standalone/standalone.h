// The standalone Kubernetes API as one part of cloudcore: its CA and administrator, its storage,
// its objects, its server, on a thread of their own. cloudcore talks to it like to any other
// cluster, by the kubeconfig that is written here.
//
// Owner: App. Thread: calls from the main thread, before and after its loop runs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"

namespace skerry::standalone {

struct StandaloneOptions {
  std::string data_dir;                   // all state is in <data_dir>/standalone
  std::string address;                    // an IP address to listen on; 0.0.0.0: all
  std::uint16_t port = 6443;              // 0: any free one
  std::vector<std::string> dns_names;     // of the server's certificate, beyond localhost and
  std::vector<std::string> ip_addresses;  // kubernetes.default.svc
};

/// Where the objects are.
std::string objects_file(const std::string& data_dir);

class Standalone {
 public:
  explicit Standalone(StandaloneOptions options);
  ~Standalone();

  /// Returns when the API serves, or why it cannot. Errors: one line that says what to do.
  Result<void> start();
  /// cloudcore's own, with the rights of deploy/rbac.yaml; the administrator's is
  /// <data_dir>/kubeconfig. Both have mode 0600 and reach the server over loopback.
  const std::string& kubeconfig_file() const;
  void stop();

  /// Writes all objects to a new file while the API serves. From any thread between start() and
  /// stop(); `done` is called once, on the API's. Errors: kAlreadyExists, kStorage.
  void backup(std::string file, std::function<void(Result<void>)> done);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace skerry::standalone

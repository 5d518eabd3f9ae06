// Where the Kubernetes API is and as whom to talk to it: from a kubeconfig or from inside a pod.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace skerry::kube {

/// Plain values; secrets in it are never logged.
struct ClientConfig {
  std::string server;           // https://host:port[/prefix]; http:// only to a loopback address
  std::string ca_pem;           // empty: the system's trust store
  std::string server_name;      // tls-server-name; empty: the host of `server`
  std::string certificate_pem;  // client certificate and key, both or neither
  std::string key_pem;
  std::string token;       // bearer token, or
  std::string token_file;  // its file, read again at most once a minute
};

/// Reads the current context of a kubeconfig file. Relative paths are relative to the file.
/// Errors: kNotFound, kMalformed (names the missing field), kUnsupported (exec, auth-provider,
/// basic authentication, proxy-url, insecure-skip-tls-verify), kTooLarge. Source:
/// k8s.io/client-go/tools/clientcmd/api/v1.
Result<ClientConfig> load_kubeconfig(const std::filesystem::path& file);
Result<ClientConfig> parse_kubeconfig(std::string_view yaml,
                                      const std::filesystem::path& base_directory);

inline constexpr std::string_view kServiceAccountDirectory =
    "/var/run/secrets/kubernetes.io/serviceaccount";

/// `host` and `port`: KUBERNETES_SERVICE_HOST and _PORT. Errors: kNotFound (not in a pod).
Result<ClientConfig> in_cluster_config(
    const std::string& host,
    const std::string& port,
    const std::filesystem::path& directory = kServiceAccountDirectory);

}  // namespace skerry::kube

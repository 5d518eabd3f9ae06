// kubeconfig and in-cluster configuration. The only file of this module that sees yaml-cpp.
#include "cloudcore/kube/client_config.h"

#include <yaml-cpp/yaml.h>

#include "cloudcore/kube/small_file.h"
#include "common/base/base64.h"
#include "common/base/units.h"

namespace skerry::kube {
namespace {

constexpr std::size_t kKubeconfigBytesMax = 1 * kMiB;
constexpr std::size_t kPemBytesMax = 1 * kMiB;

struct Refusal {
  const char* key;
  const char* advice;
};
constexpr Refusal kRefusedUserKeys[] = {
    {"exec",
     "credential plugins are not run: create a ServiceAccount for cloudcore and give its token "
     "as tokenFile, or use a client certificate"},
    {"auth-provider",
     "auth providers are not supported: create a ServiceAccount for cloudcore and give "
     "its token as tokenFile, or use a client certificate"},
    {"username",
     "basic authentication was removed from Kubernetes: use a token or a client certificate"},
    {"password",
     "basic authentication was removed from Kubernetes: use a token or a client certificate"},
};

tl::unexpected<Error> missing(const std::string& field) {
  return fail(Code::kMalformed, "kubeconfig: " + field + " is missing");
}

std::string scalar(const YAML::Node& map, const std::string& key) {
  const YAML::Node value = map[key];
  return value && value.IsScalar() ? value.Scalar() : std::string();
}

/// `key`-data wins over the file that `key` names, as in client-go.
Result<std::string> data_or_file(const YAML::Node& map,
                                 const std::string& key,
                                 const std::filesystem::path& base) {
  if (std::string data = scalar(map, key + "-data"); !data.empty()) {
    Result<std::string> bytes = decode_base64(data);
    if (!bytes) return fail("kubeconfig: " + key + "-data", bytes.error());
    return bytes;
  }
  const std::string file = scalar(map, key);
  if (file.empty()) return std::string();
  Result<std::string> text = read_small_file(base / file, kPemBytesMax);
  if (!text) return fail("kubeconfig: " + key, text.error());
  return text;
}

/// contexts, clusters and users: a list of {name, <singular>: {...}}.
Result<YAML::Node> named(const YAML::Node& root,
                         const std::string& list,
                         const std::string& singular,
                         const std::string& name) {
  for (const YAML::Node& entry : root[list]) {
    if (!entry.IsMap() || scalar(entry, "name") != name) continue;
    const YAML::Node value = entry[singular];
    if (!value || !value.IsMap()) return missing(list + "[" + name + "]." + singular);
    return value;
  }
  return missing(list + "[" + name + "]");
}

Result<void> read_cluster(const YAML::Node& cluster,
                          const std::filesystem::path& base,
                          ClientConfig& config) {
  config.server = scalar(cluster, "server");
  if (config.server.empty()) return missing("cluster.server");
  const std::string insecure = scalar(cluster, "insecure-skip-tls-verify");
  if (!insecure.empty() && insecure != "false") {
    return fail(Code::kUnsupported,
                "kubeconfig: insecure-skip-tls-verify is refused: give certificate-authority-data; "
                "when the server's name differs, give tls-server-name");
  }
  if (!scalar(cluster, "proxy-url").empty()) {
    return fail(Code::kUnsupported,
                "kubeconfig: proxy-url is not supported: name the API server itself");
  }
  config.server_name = scalar(cluster, "tls-server-name");
  Result<std::string> ca = data_or_file(cluster, "certificate-authority", base);
  if (!ca) return fail(ca.error());
  config.ca_pem = std::move(*ca);
  return {};
}

Result<void> read_user(const YAML::Node& user,
                       const std::filesystem::path& base,
                       ClientConfig& config) {
  for (const Refusal& refused : kRefusedUserKeys) {
    if (!user[refused.key]) continue;
    return fail(Code::kUnsupported,
                std::string("kubeconfig: user.") + refused.key + ": " + refused.advice);
  }
  Result<std::string> certificate = data_or_file(user, "client-certificate", base);
  if (!certificate) return fail(certificate.error());
  Result<std::string> key = data_or_file(user, "client-key", base);
  if (!key) return fail(key.error());
  if (!certificate->empty() && key->empty()) return missing("user.client-key");
  if (certificate->empty() && !key->empty()) return missing("user.client-certificate");
  config.certificate_pem = std::move(*certificate);
  config.key_pem = std::move(*key);
  config.token = scalar(user, "token");
  if (const std::string file = scalar(user, "tokenFile"); !file.empty()) {
    config.token_file = (base / file).string();
    const auto readable = read_small_file(config.token_file, kPemBytesMax);
    if (!readable) return fail("kubeconfig: user.tokenFile", readable.error());
  }
  return {};
}

Result<ClientConfig> read_root(const YAML::Node& root, const std::filesystem::path& base) {
  if (!root.IsMap()) return fail(Code::kMalformed, "kubeconfig: not a YAML map");
  const std::string context_name = scalar(root, "current-context");
  if (context_name.empty()) return missing("current-context");
  const Result<YAML::Node> context = named(root, "contexts", "context", context_name);
  if (!context) return fail(context.error());

  const std::string cluster_name = scalar(*context, "cluster");
  if (cluster_name.empty()) return missing("contexts[" + context_name + "].context.cluster");
  const Result<YAML::Node> cluster = named(root, "clusters", "cluster", cluster_name);
  if (!cluster) return fail(cluster.error());

  ClientConfig config;
  if (Result<void> read = read_cluster(*cluster, base, config); !read) return fail(read.error());
  const std::string user_name = scalar(*context, "user");
  if (user_name.empty()) return config;
  const Result<YAML::Node> user = named(root, "users", "user", user_name);
  if (!user) return fail(user.error());
  if (Result<void> read = read_user(*user, base, config); !read) return fail(read.error());
  return config;
}

}  // namespace

Result<ClientConfig> parse_kubeconfig(std::string_view yaml,
                                      const std::filesystem::path& base_directory) {
  if (yaml.size() > kKubeconfigBytesMax) return fail(Code::kTooLarge, "kubeconfig: too large");
  try {
    return read_root(YAML::Load(std::string(yaml)), base_directory);
  } catch (const YAML::Exception& thrown) {  // its text quotes no values
    return fail(Code::kMalformed, std::string("kubeconfig: ") + thrown.what());
  }
}

Result<ClientConfig> load_kubeconfig(const std::filesystem::path& file) {
  const Result<std::string> text = read_small_file(file, kKubeconfigBytesMax);
  if (!text) return fail("kubeconfig", text.error());
  return parse_kubeconfig(*text, file.parent_path());
}

Result<ClientConfig> in_cluster_config(const std::string& host,
                                       const std::string& port,
                                       const std::filesystem::path& directory) {
  if (host.empty() || port.empty()) {
    return fail(Code::kNotFound,
                "no Kubernetes API is known: give --kubeconfig, or run inside a pod "
                "(KUBERNETES_SERVICE_HOST is not set)");
  }
  // cpprest cannot dial an IPv6 literal; the service's name is in the server's certificate too.
  const bool ipv6 = host.find(':') != std::string::npos;
  ClientConfig config;
  config.server = "https://" + (ipv6 ? "kubernetes.default.svc" : host) + ":" + port;
  Result<std::string> ca = read_small_file(directory / "ca.crt", kPemBytesMax);
  if (!ca) return fail("service account", ca.error());
  config.ca_pem = std::move(*ca);
  config.token_file = (directory / "token").string();
  if (const auto token = read_small_file(config.token_file, kPemBytesMax); !token) {
    return fail("service account", token.error());
  }
  return config;
}

}  // namespace skerry::kube

#include "cloudcore/kube/client_config.h"

#include <unistd.h>

#include <fstream>

#include "cloudcore/kube/token_source.h"
#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::kube;

namespace {

class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "skerry-kube-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()));
    path = name;
  }
  ~Directory() { std::filesystem::remove_all(path); }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path / name).parent_path());
    std::ofstream(path / name) << text;
  }
  std::filesystem::path path;
};

std::string kubeconfig(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: main\n"
         "contexts:\n- name: other\n  context: {cluster: x}\n"
         "- name: main\n  context: {cluster: c, user: u}\n"
         "clusters:\n- name: c\n  cluster: " +
         cluster + "\nusers:\n- name: u\n  user: " + user + "\n";
}

Error error_of(const std::string& yaml) {
  const auto config = parse_kubeconfig(yaml, "/nowhere");
  REQUIRE_FALSE(config);
  return config.error();
}

}  // namespace

TEST_CASE("Kubeconfig: the current context with inline data", "[kube]") {
  const auto config = parse_kubeconfig(
      kubeconfig("{server: 'https://10.0.0.1:6443', certificate-authority-data: Q0EK, "
                 "tls-server-name: api}",
                 "{client-certificate-data: Q0VSVA==, client-key-data: S0VZ, token: abc}"),
      "/nowhere");
  REQUIRE(config);
  CHECK(config->server == "https://10.0.0.1:6443");
  CHECK(config->ca_pem == "CA\n");
  CHECK(config->certificate_pem == "CERT");
  CHECK(config->key_pem == "KEY");
  CHECK(config->token == "abc");
  CHECK(config->server_name == "api");
}

TEST_CASE("Kubeconfig: relative files lie beside it", "[kube]") {
  const Directory directory;
  directory.write("pki/ca.crt", "CA");
  directory.write("pki/me.crt", "CERT");
  directory.write("pki/me.key", "KEY");
  directory.write("pki/token", "TOKEN");
  directory.write("config", kubeconfig("{server: https://a, certificate-authority: pki/ca.crt}",
                                       "{client-certificate: pki/me.crt, client-key: pki/me.key, "
                                       "tokenFile: pki/token}"));
  const auto config = load_kubeconfig(directory.path / "config");
  REQUIRE(config);
  CHECK(config->ca_pem == "CA");
  CHECK(config->certificate_pem == "CERT");
  CHECK(config->key_pem == "KEY");
  CHECK(config->token_file == (directory.path / "pki/token").string());
}

TEST_CASE("Kubeconfig: a context without a user is anonymous", "[kube]") {
  const auto config = parse_kubeconfig(
      "current-context: m\ncontexts: [{name: m, context: {cluster: c}}]\n"
      "clusters: [{name: c, cluster: {server: 'https://a'}}]\n",
      "");
  REQUIRE(config);
  CHECK(config->token.empty());
}

TEST_CASE("Kubeconfig: what is missing or refused is named", "[kube]") {
  struct Case {
    std::string yaml;
    Code code;
    const char* named;
  };
  const std::string cluster = "{server: https://a}";
  const Case cases[] = {
      {"", Code::kMalformed, "map"},
      {"[1", Code::kMalformed, "kubeconfig"},
      {"contexts: []", Code::kMalformed, "current-context"},
      {"current-context: x", Code::kMalformed, "contexts[x]"},
      {"current-context: x\ncontexts: [{name: x, context: {}}]", Code::kMalformed,
       "contexts[x].context.cluster"},
      {"current-context: x\ncontexts: [{name: x, context: {cluster: k}}]", Code::kMalformed,
       "clusters[k]"},
      {"current-context: x\ncontexts: [{name: x, context: {cluster: k, user: u}}]\n"
       "clusters: [{name: k, cluster: {server: s}}]",
       Code::kMalformed, "users[u]"},
      {kubeconfig("{}", "{}"), Code::kMalformed, "cluster.server"},
      {kubeconfig("{server: https://a, insecure-skip-tls-verify: true}", "{}"), Code::kUnsupported,
       "insecure-skip-tls-verify"},
      {kubeconfig("{server: https://a, proxy-url: 'http://p'}", "{}"), Code::kUnsupported,
       "proxy-url"},
      {kubeconfig("{server: https://a, certificate-authority-data: '***'}", "{}"), Code::kMalformed,
       "certificate-authority-data"},
      {kubeconfig("{server: https://a, certificate-authority: no.crt}", "{}"), Code::kNotFound,
       "/nowhere/no.crt"},
      {kubeconfig(cluster, "{tokenFile: no.token}"), Code::kNotFound, "/nowhere/no.token"},
      {kubeconfig(cluster, "{exec: {command: aws}}"), Code::kUnsupported, "tokenFile"},
      {kubeconfig(cluster, "{auth-provider: {name: gcp}}"), Code::kUnsupported, "auth-provider"},
      {kubeconfig(cluster, "{username: a, password: hunter2}"), Code::kUnsupported, "username"},
      {kubeconfig(cluster, "{client-certificate-data: QQ==}"), Code::kMalformed, "client-key"},
      {kubeconfig(cluster, "{client-key-data: QQ==}"), Code::kMalformed, "client-certificate"},
  };
  for (const Case& one : cases) {
    INFO(one.yaml);
    const Error error = error_of(one.yaml);
    INFO(error.what);
    CHECK(error.code == one.code);
    CHECK(error.what.find(one.named) != std::string::npos);
    CHECK(error.what.find("hunter2") == std::string::npos);
  }
  CHECK(load_kubeconfig("/nowhere/config").error().code == Code::kNotFound);
  CHECK(error_of(std::string(2 * kMiB, ' ')).code == Code::kTooLarge);
}

TEST_CASE("InClusterConfig: the service account of the pod", "[kube]") {
  const Directory directory;
  CHECK(in_cluster_config("", "443", directory.path).error().code == Code::kNotFound);
  CHECK(in_cluster_config("10.96.0.1", "443", directory.path).error().code == Code::kNotFound);
  directory.write("ca.crt", "CA");
  directory.write("token", "t");
  const auto config = in_cluster_config("10.96.0.1", "443", directory.path);
  REQUIRE(config);
  CHECK(config->server == "https://10.96.0.1:443");
  CHECK(config->ca_pem == "CA");
  CHECK(config->token_file == (directory.path / "token").string());
  CHECK(in_cluster_config("fd00::1", "443", directory.path)->server ==
        "https://kubernetes.default.svc:443");
}

TEST_CASE("TokenSource: the file is read again once a minute, or after a refusal", "[kube]") {
  const Directory directory;
  directory.write("token", "one\n");
  ClientConfig config;
  config.token_file = (directory.path / "token").string();
  TokenSource tokens(config);
  const TimePoint start{std::chrono::hours(1)};
  CHECK(tokens.current(start) == "one");
  directory.write("token", "two");
  CHECK(tokens.current(start + 59s) == "one");
  CHECK(tokens.current(start + 60s) == "two");
  directory.write("token", "three");
  tokens.refused();
  CHECK(tokens.current(start + 61s) == "three");
  std::filesystem::remove(directory.path / "token");
  CHECK(tokens.current(start + 10min) == "three");
  CHECK(tokens.failures() == 1);
}

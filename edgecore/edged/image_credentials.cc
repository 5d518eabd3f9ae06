#include "edgecore/edged/image_credentials.h"

#include <fnmatch.h>

#include <algorithm>

#include "common/base/base64.h"
#include "common/k8s/json_fields.h"
#include "edgecore/edged/image_reference.h"

namespace skerry::edged {
namespace {

using k8s::fields::Json;
using k8s::fields::text;

/// "https://registry.local:5000/v2/" -> host "registry.local:5000", path "".
struct Server {
  std::string host;
  std::string path;
};

Server parse_server(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
  }
  const std::size_t slash = key.find('/');
  Server server{std::string(key.substr(0, slash)), ""};
  if (slash != std::string_view::npos) server.path = key.substr(slash + 1);
  // The registry API's version is no part of an image's name.
  for (const std::string_view version : {"v1", "v2"}) {
    if (server.path == version || server.path == std::string(version) + "/") server.path.clear();
    if (server.path.starts_with(std::string(version) + "/")) {
      server.path.erase(0, version.size() + 1);
    }
  }
  while (server.path.ends_with('/')) server.path.pop_back();
  if (server.host == "index.docker.io" || server.host == "registry-1.docker.io") {
    server.host = "docker.io";
  }
  return server;
}

/// "*.local:5000" against "reg.local:5000": a star stands for one label, ports are equal.
bool host_fits(std::string pattern, std::string host) {
  const auto cut_port = [](std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || text.ends_with(']')) return std::string();
    std::string port = text.substr(colon);
    text.resize(colon);
    return port;
  };
  if (cut_port(pattern) != cut_port(host)) return false;
  // As paths, so that a star does not match a dot.
  std::replace(pattern.begin(), pattern.end(), '.', '/');
  std::replace(host.begin(), host.end(), '.', '/');
  return ::fnmatch(pattern.c_str(), host.c_str(), FNM_PATHNAME | FNM_NOESCAPE) == 0;
}

bool fits(const Server& server, const ImageReference& image) {
  if (!host_fits(server.host, image.registry)) return false;
  if (server.path.empty() || image.repository == server.path) return true;
  return image.repository.starts_with(server.path);  // a prefix, as the kubelet takes it
}

Result<RegistryAuth> parse_entry(const std::string& server, const Json& entry) {
  const auto malformed = [&server](std::string_view why) {
    return fail(Code::kMalformed, "pull secret: entry for " + server + ": " + std::string(why));
  };
  if (!entry.is_object()) return malformed("not an object");
  RegistryAuth auth{server, text(entry, "username"), text(entry, "password")};
  const std::string packed = text(entry, "auth");
  if (packed.empty()) return auth;
  const Result<std::string> unpacked = decode_base64(packed);
  const std::size_t colon = unpacked ? unpacked->find(':') : std::string::npos;
  if (colon == std::string::npos) return malformed("auth is not base64 of user:password");
  auth.username = unpacked->substr(0, colon);
  auth.password = unpacked->substr(colon + 1);
  return auth;
}

}  // namespace

Result<std::vector<RegistryAuth>> parse_pull_secret(const ObjectData& secret) {
  const bool current = secret.type == "kubernetes.io/dockerconfigjson";
  if (!current && secret.type != "kubernetes.io/dockercfg") {
    return fail(Code::kUnsupported, "not a pull secret: its type is " + secret.type);
  }
  const std::string key = current ? ".dockerconfigjson" : ".dockercfg";
  const auto found = secret.data.find(key);
  if (found == secret.data.end()) return fail(Code::kMalformed, "pull secret: it lacks " + key);
  const Json parsed = Json::parse(found->second, nullptr, false);
  if (!parsed.is_object()) return fail(Code::kMalformed, "pull secret: " + key + " is not JSON");
  const Json entries = current ? parsed.value("auths", Json::object()) : parsed;
  if (!entries.is_object()) return fail(Code::kMalformed, "pull secret: auths is not a map");
  std::vector<RegistryAuth> auths;
  for (const auto& [server, entry] : entries.items()) {
    Result<RegistryAuth> auth = parse_entry(server, entry);
    if (!auth) return fail(auth.error());
    auths.push_back(std::move(*auth));
  }
  return auths;
}

std::vector<RegistryAuth> credentials_for(const std::vector<RegistryAuth>& auths,
                                          std::string_view image) {
  const Result<ImageReference> parsed = parse_image(image);
  if (!parsed) return {};
  std::vector<std::pair<std::size_t, const RegistryAuth*>> fitting;
  for (const RegistryAuth& auth : auths) {
    const Server server = parse_server(auth.server);
    if (fits(server, *parsed)) {
      fitting.emplace_back(server.path.size() * 1000 + server.host.size(), &auth);
    }
  }
  std::stable_sort(fitting.begin(), fitting.end(),
                   [](const auto& one, const auto& other) { return one.first > other.first; });
  std::vector<RegistryAuth> result;
  result.reserve(fitting.size());
  for (const auto& [weight, auth] : fitting) result.push_back(*auth);
  return result;
}

}  // namespace skerry::edged

// Registry credentials from a pod's imagePullSecrets. Pure. Never log them.
// Source: kubelet 1.34, pkg/credentialprovider (config.go, keyring.go).
//
//   std::vector<RegistryAuth> auths;
//   for each secret: append(auths, *parse_pull_secret(*data));
//   for (auth : credentials_for(auths, image)) pull with it until one works; none: pull without
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "edgecore/edged/object_data.h"

namespace skerry::edged {

struct RegistryAuth {
  std::string server;  // key in the configuration: host[:port][/path], maybe with a scheme or "*"
  std::string username;
  std::string password;
};

/// Secrets of type kubernetes.io/dockerconfigjson and kubernetes.io/dockercfg.
/// Errors: kMalformed, kUnsupported (another type). The text holds nothing secret.
Result<std::vector<RegistryAuth>> parse_pull_secret(const ObjectData& secret);

/// Those that fit the image, the most specific first.
std::vector<RegistryAuth> credentials_for(const std::vector<RegistryAuth>& auths,
                                          std::string_view image);

}  // namespace skerry::edged

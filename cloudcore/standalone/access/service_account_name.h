// A ServiceAccount's name as a user. Pure. Source:
// k8s.io/apiserver/pkg/authentication/serviceaccount.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace skerry::standalone {

inline constexpr std::string_view kServiceAccountUserPrefix = "system:serviceaccount:";

inline std::string service_account_user(const std::string& ns, const std::string& name) {
  return std::string(kServiceAccountUserPrefix) + ns + ":" + name;
}

inline std::vector<std::string> service_account_groups(const std::string& ns) {
  return {"system:serviceaccounts", "system:serviceaccounts:" + ns};
}

/// Namespace and name; nothing: another kind of user.
inline std::optional<std::pair<std::string, std::string>> service_account_of(
    std::string_view user) {
  if (!user.starts_with(kServiceAccountUserPrefix)) return std::nullopt;
  user.remove_prefix(kServiceAccountUserPrefix.size());
  const std::size_t colon = user.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == user.size())
    return std::nullopt;
  return std::pair(std::string(user.substr(0, colon)), std::string(user.substr(colon + 1)));
}

}  // namespace skerry::standalone

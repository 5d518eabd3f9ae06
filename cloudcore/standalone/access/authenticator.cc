#include "cloudcore/standalone/access/authenticator.h"

#include "cloudcore/standalone/access/service_account_name.h"

namespace skerry::standalone {
namespace {

constexpr const char* kAnonymous = "system:anonymous";
constexpr const char* kAuthenticated = "system:authenticated";
constexpr const char* kUnauthenticated = "system:unauthenticated";
constexpr const char* kCredentialId = "authentication.kubernetes.io/credential-id";
constexpr const char* kReviewGroup = "authentication.k8s.io";
constexpr std::string_view kExtraHeader = "extra-";

std::string hex_of(const Sha256& hash) {
  return to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

User of_certificate(const tls::CertificateInfo& certificate) {
  User out{certificate.common_name, "", certificate.organisations, {}};
  out.groups.emplace_back(kAuthenticated);
  out.extra.push_back({kCredentialId, {"X509SHA256=" + hex_of(certificate.sha256)}});
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// Extra's keys are percent-encoded in a header's name.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

/// What one header asks to act as.
AccessQuestion wish(std::string resource, std::string name) {
  AccessQuestion out;
  out.verb = "impersonate";
  out.version = "v1";
  out.resource = std::move(resource);
  out.name = std::move(name);
  return out;
}

AccessQuestion user_wish(const std::string& name) {
  const auto account = service_account_of(name);
  if (!account) return wish("users", name);
  AccessQuestion out = wish("serviceaccounts", account->second);
  out.ns = account->first;
  return out;
}

void add_extra(User& user, const std::string& key, const std::string& value) {
  for (auto& [name, values] : user.extra) {
    if (name == key) return values.push_back(value);
  }
  user.extra.push_back({key, {value}});
}

/// The groups that the API itself gives.
void complete_groups(User& user) {
  if (const auto account = service_account_of(user.name); account && user.groups.empty()) {
    user.groups = service_account_groups(account->first);
  }
  if (user.name == kAnonymous) {
    if (!user.in_group(kUnauthenticated)) user.groups.emplace_back(kUnauthenticated);
  } else if (!user.in_group(kAuthenticated) && !user.in_group(kUnauthenticated)) {
    user.groups.emplace_back(kAuthenticated);
  }
}

}  // namespace

Answer<User> Authenticator::authenticate(const Credentials& credentials) const {
  auto who = proven(credentials);
  if (!who || credentials.impersonate.empty()) return who;
  return impersonated(*who, credentials);
}

Answer<User> Authenticator::proven(const Credentials& credentials) const {
  if (credentials.certificate && !credentials.certificate_expired) {
    return of_certificate(*credentials.certificate);
  }
  if (!credentials.bearer_token.empty()) {
    auto found = tokens_.check(credentials.bearer_token, {});
    if (!found) return unauthorized();
    return std::move(found->user);
  }
  if (credentials.certificate_expired) return unauthorized();
  return User{kAnonymous, "", {kUnauthenticated}, {}};
}

Answer<User> Authenticator::impersonated(const User& by, const Credentials& credentials) const {
  User out;
  for (const auto& [header, value] : credentials.impersonate) {
    AccessQuestion question;
    if (header == "user") {
      out.name = value;
      question = user_wish(value);
    } else if (header == "group") {
      out.groups.push_back(value);
      question = wish("groups", value);
    } else if (header == "uid") {
      out.uid = value;
      question = wish("uids", value);
      question.group = kReviewGroup;
    } else if (header.starts_with(kExtraHeader)) {
      const std::string key = percent_decoded(std::string_view(header).substr(kExtraHeader.size()));
      add_extra(out, key, value);
      question = wish("userextras", value);
      question.subresource = key;
      question.group = kReviewGroup;
    } else {
      continue;
    }
    if (auto allowed = authorizer_.check(by, question); !allowed) {
      return ApiFailure(allowed.error());
    }
  }
  if (out.name.empty()) return internal("a group, uid or extra to impersonate without a user");
  complete_groups(out);
  return out;
}

}  // namespace skerry::standalone

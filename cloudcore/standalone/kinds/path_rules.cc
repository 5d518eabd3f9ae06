#include "cloudcore/standalone/kinds/path_rules.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "cloudcore/standalone/kinds/name_rules.h"

namespace skerry::standalone {

std::vector<std::string> path_segment(std::string_view text) {
  std::vector<std::string> out;
  if (text == "." || text == "..") return {"may not be '" + std::string(text) + "'"};
  for (const char c : {'/', '%'}) {
    if (text.find(c) != std::string_view::npos) {
      out.push_back(std::string("may not contain '") + c + "'");
    }
  }
  return out;
}

void check_path_segment(FieldChecks& checks, const std::string& path, const std::string& text) {
  if (text.empty()) return checks.required(path);
  checks.rule(path, text, path_segment(text));
}

void check_domain_path(FieldChecks& checks, const std::string& path, const std::string& text) {
  if (text.empty()) return checks.required(path);
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == text.size()) {
    return checks.invalid(path, text, "must be a domain-prefixed path (such as \"acme.io/foo\")");
  }
  const std::string domain = text.substr(0, slash);
  checks.rule(path, domain, name_rules::dns_subdomain(domain));
  const std::string rest = text.substr(slash + 1);
  const bool ok = std::all_of(rest.begin(), rest.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("/-._~%!$&'()*+,;=:").find(static_cast<char>(c)) !=
               std::string_view::npos;
  });
  if (!ok) {
    checks.invalid(path, rest,
                   "Invalid path (e.g. 'foo/bar', regex used for validation is "
                   "'[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
  }
}

std::vector<std::string> wildcard_subdomain(std::string_view text) {
  const bool good = text.starts_with("*.") && name_rules::dns_subdomain(text.substr(2)).empty();
  if (good) return {};
  return {
      "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, "
      "which must consist of lower case alphanumeric characters, '-' or '.' and end with an "
      "alphanumeric character (e.g. '*.example.com', regex used for validation is "
      "'\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"};
}

bool Cidr::contains(const Cidr& other) const {
  if (address.size() != other.address.size() || other.bits <= bits) return false;
  for (unsigned i = 0; i < bits; ++i) {
    const unsigned mask = 0x80u >> (i % 8);
    const unsigned differ = static_cast<unsigned char>(address[i / 8]) ^
                            static_cast<unsigned char>(other.address[i / 8]);
    if ((differ & mask) != 0) return false;
  }
  return true;
}

std::optional<Cidr> parse_cidr(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  unsigned char bytes[sizeof(in6_addr)];
  const std::string host = text.substr(0, slash);
  std::size_t size = 0;
  if (inet_pton(AF_INET, host.c_str(), bytes) == 1) size = sizeof(in_addr);
  if (size == 0 && inet_pton(AF_INET6, host.c_str(), bytes) == 1) size = sizeof(in6_addr);
  Cidr out;
  const char* const begin = text.data() + slash + 1;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(begin, end, out.bits);
  const bool number = error == std::errc() && last == end && begin != end;
  if (size == 0 || !number || out.bits > size * 8) return std::nullopt;
  out.address.assign(reinterpret_cast<const char*>(bytes), size);
  return out;
}

}  // namespace skerry::standalone

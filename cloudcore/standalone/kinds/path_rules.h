// Names that are parts of URLs, domains with a path, addresses: what the kinds outside the core
// group check. Pure. Internal to kinds. Source: k8s.io/apimachinery/pkg/util/validation and
// pkg/api/validation/path: as facts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloudcore/standalone/kinds/field_checks.h"

namespace skerry::standalone {

/// A name that is one segment of a URL: what is wrong with it.
std::vector<std::string> path_segment(std::string_view text);
/// The same for a field that must be there.
void check_path_segment(FieldChecks& checks, const std::string& path, const std::string& text);

/// "example.com/some-name"
void check_domain_path(FieldChecks& checks, const std::string& path, const std::string& text);

/// "*.example.com"
std::vector<std::string> wildcard_subdomain(std::string_view text);

/// An IPv4 or IPv6 network.
struct Cidr {
  std::string address;  // 4 or 16 bytes
  unsigned bits = 0;
  bool contains(const Cidr& other) const;  // as a part that is not the whole
};
std::optional<Cidr> parse_cidr(const std::string& text);

}  // namespace skerry::standalone

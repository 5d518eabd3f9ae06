// What names, keys and values must look like, and what the API says when they do not: no line for
// a good one. Pure; any thread. Source: k8s.io/apimachinery/pkg/util/validation/validation.go: the
// rules and their words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace skerry::standalone::name_rules {

using Problems = std::vector<std::string>;

Problems dns_label(std::string_view text);       // RFC 1123: containers, namespaces, volumes
Problems dns_subdomain(std::string_view text);   // RFC 1123: most objects' names
Problems dns_1035_label(std::string_view text);  // Services
Problems qualified_name(std::string_view text);  // "[prefix/]name": keys of labels, resources
Problems label_value(std::string_view text);
Problems config_key(std::string_view text);  // keys of ConfigMaps and Secrets
Problems env_name(std::string_view text);    // any printable ASCII but '='
Problems port_name(std::string_view text);   // IANA_SVC_NAME
Problems port_number(std::int64_t port);     // 1-65535
Problems ip_address(std::string_view text);  // v4 or v6
Problems cidr(std::string_view text);        // "10.0.0.0/8"
/// An address that others can reach: not loopback, link-local or unspecified.
Problems reachable_address(std::string_view text);
Problems percent(std::string_view text);  // "25%"

}  // namespace skerry::standalone::name_rules

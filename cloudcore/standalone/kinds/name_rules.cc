#include "cloudcore/standalone/kinds/name_rules.h"

#include <arpa/inet.h>

#include <algorithm>

namespace skerry::standalone::name_rules {
namespace {

constexpr std::size_t kLabelBytesMax = 63;
constexpr std::size_t kSubdomainBytesMax = 253;
constexpr std::size_t kPortNameBytesMax = 15;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_alnum(char c) { return is_lower(c) || is_digit(c); }
bool is_alnum(char c) { return is_lower_alnum(c) || (c >= 'A' && c <= 'Z'); }

using CharTest = bool (*)(char);

/// Begins and ends with `edge`; between are `edge` and `inner`.
bool shaped(std::string_view text, CharTest edge, std::string_view inner) {
  if (text.empty() || !edge(text.front()) || !edge(text.back())) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return edge(c) || inner.find(c) != std::string_view::npos; });
}

std::string too_long(std::size_t max) {
  return "must be no more than " + std::to_string(max) + " characters";
}

bool is_subdomain(std::string_view text) {
  for (;;) {
    const std::size_t dot = text.find('.');
    if (!shaped(text.substr(0, dot), is_lower_alnum, "-")) return false;
    if (dot == std::string_view::npos) return true;
    text = text.substr(dot + 1);
  }
}

constexpr const char* kLabelAdvice =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr const char* kSubdomainAdvice =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr const char* k1035Advice =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
constexpr const char* kNamePartAdvice =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr const char* kSlashAdvice =
    "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used "
    "for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain "
    "prefix and '/' (e.g. 'example.com/MyName')";
constexpr const char* kValueAdvice =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or "
    "'12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
constexpr const char* kConfigKeyAdvice =
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name', "
    " or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

}  // namespace

Problems dns_label(std::string_view text) {
  Problems out;
  if (text.size() > kLabelBytesMax) out.push_back(too_long(kLabelBytesMax));
  if (!shaped(text, is_lower_alnum, "-")) out.emplace_back(kLabelAdvice);
  return out;
}

Problems dns_subdomain(std::string_view text) {
  Problems out;
  if (text.size() > kSubdomainBytesMax) out.push_back(too_long(kSubdomainBytesMax));
  if (!is_subdomain(text)) out.emplace_back(kSubdomainAdvice);
  return out;
}

Problems dns_1035_label(std::string_view text) {
  Problems out;
  if (text.size() > kLabelBytesMax) out.push_back(too_long(kLabelBytesMax));
  if (!shaped(text, is_lower_alnum, "-") || !is_lower(text.front())) out.emplace_back(k1035Advice);
  return out;
}

Problems qualified_name(std::string_view text) {
  Problems out;
  std::string_view name = text;
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    if (text.find('/', slash + 1) != std::string_view::npos) return {kSlashAdvice};
    const std::string_view prefix = text.substr(0, slash);
    name = text.substr(slash + 1);
    if (prefix.empty()) {
      out.emplace_back("prefix part must be non-empty");
    } else {
      for (const std::string& problem : dns_subdomain(prefix)) {
        out.push_back("prefix part " + problem);
      }
    }
  }
  if (name.empty()) {
    out.emplace_back("name part must be non-empty");
  } else if (name.size() > kLabelBytesMax) {
    out.push_back("name part " + too_long(kLabelBytesMax));
  }
  if (!shaped(name, is_alnum, "-_.")) out.emplace_back(kNamePartAdvice);
  return out;
}

Problems label_value(std::string_view text) {
  Problems out;
  if (text.size() > kLabelBytesMax) out.push_back(too_long(kLabelBytesMax));
  if (!text.empty() && !shaped(text, is_alnum, "-_.")) out.emplace_back(kValueAdvice);
  return out;
}

Problems config_key(std::string_view text) {
  Problems out;
  if (text.size() > kSubdomainBytesMax) out.push_back(too_long(kSubdomainBytesMax));
  const bool letters = std::all_of(text.begin(), text.end(), [](char c) {
    return is_alnum(c) || c == '-' || c == '.' || c == '_';
  });
  if (text.empty() || !letters) out.emplace_back(kConfigKeyAdvice);
  if (text == "." || text == "..") {
    out.push_back("must not be '" + std::string(text) + "'");
  } else if (text.starts_with("..")) {
    out.emplace_back("must not start with '..'");
  }
  return out;
}

Problems env_name(std::string_view text) {
  const bool printable = std::all_of(text.begin(), text.end(),
                                     [](char c) { return c >= 0x20 && c < 0x7f && c != '='; });
  if (!text.empty() && printable) return {};
  return {
      "a valid environment variable name must consist only of printable ASCII characters other "
      "than '='"};
}

Problems port_name(std::string_view text) {
  Problems out;
  if (text.size() > kPortNameBytesMax) {
    out.push_back(too_long(kPortNameBytesMax));
  }
  const bool letters =
      std::all_of(text.begin(), text.end(), [](char c) { return is_lower_alnum(c) || c == '-'; });
  if (text.empty() || !letters) {
    out.emplace_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (std::none_of(text.begin(), text.end(), is_lower)) {
    out.emplace_back("must contain at least one letter (a-z)");
  }
  if (text.find("--") != std::string_view::npos) {
    out.emplace_back("must not contain consecutive hyphens");
  }
  if (!text.empty() && (text.front() == '-' || text.back() == '-')) {
    out.emplace_back("must not begin or end with a hyphen");
  }
  return out;
}

Problems port_number(std::int64_t port) {
  if (port >= 1 && port <= 65535) return {};
  return {"must be between 1 and 65535, inclusive"};
}

Problems ip_address(std::string_view text) {
  const std::string ended(text);
  unsigned char bytes[sizeof(in6_addr)];
  if (inet_pton(AF_INET, ended.c_str(), bytes) == 1) return {};
  if (inet_pton(AF_INET6, ended.c_str(), bytes) == 1) return {};
  return {"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"};
}

Problems cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view bits = slash == std::string_view::npos ? "" : text.substr(slash + 1);
  const bool number =
      !bits.empty() && bits.size() <= 3 && std::all_of(bits.begin(), bits.end(), is_digit);
  const bool v6 = text.find(':') != std::string_view::npos;
  if (number && std::stoi(std::string(bits)) <= (v6 ? 128 : 32) &&
      ip_address(text.substr(0, slash)).empty()) {
    return {};
  }
  return {"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"};
}

Problems reachable_address(std::string_view text) {
  const auto starts = [text](std::string_view with) { return text.starts_with(with); };
  if (text == "0.0.0.0" || text == "::") return {"may not be unspecified (0.0.0.0 or ::)"};
  if (starts("127.") || text == "::1") {
    return {"may not be in the loopback range (127.0.0.0/8, ::1/128)"};
  }
  if (starts("169.254.") || starts("fe8") || starts("fe9") || starts("fea") || starts("feb")) {
    return {"may not be in the link-local range (169.254.0.0/16, fe80::/10)"};
  }
  if (starts("224.0.0.") || starts("ff02:") || starts("ff12:")) {
    return {"may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"};
  }
  return {};
}

Problems percent(std::string_view text) {
  const bool ok =
      text.size() > 1 && text.back() == '%' && std::all_of(text.begin(), text.end() - 1, is_digit);
  if (ok) return {};
  return {
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or "
      "'93%', regex used for validation is '[0-9]+%')"};
}

}  // namespace skerry::standalone::name_rules

#include "edgecore/edged/probe_http.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace skerry::edged {
namespace {

/// The release whose behaviour is copied; servers tell probes from users by this header.
constexpr std::string_view kUserAgent = "kube-probe/1.34";

bool same_ignoring_case(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  });
}

bool breaks_a_line(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool is_header_name(std::string_view name) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || kOthers.find(c) != std::string_view::npos;
  });
}

/// The path as it goes into the request line: what may not stand there is percent-encoded, a
/// fragment is not sent.
std::string request_target(std::string_view path) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  path = path.substr(0, path.find('#'));
  std::string target = path.starts_with('/') ? "" : "/";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '"' && c != '<' && c != '>') {
      target += c;
    } else {
      target += '%';
      target += kHex[byte >> 4];
      target += kHex[byte & 15];
    }
  }
  return target;
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

const std::string* header_of(const HttpGetAction& action, std::string_view name) {
  for (const auto& [key, value] : action.headers) {
    if (same_ignoring_case(key, name)) return &value;
  }
  return nullptr;
}

}  // namespace

Result<std::uint16_t> resolve_port(const std::string& port, const ContainerSpec& container) {
  int number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size()) {
    number = 0;
    const auto named = std::find_if(container.ports.begin(), container.ports.end(),
                                    [&port](const ContainerPort& one) { return one.name == port; });
    if (port.empty() || named == container.ports.end()) {
      return fail(Code::kMalformed, "couldn't find port: \"" + port + "\" in container ports");
    }
    number = named->container_port;
  }
  if (number < 1 || number > 65535) return fail(Code::kMalformed, "invalid port number: " + port);
  return static_cast<std::uint16_t>(number);
}

std::string probe_url(const HttpGetAction& action, const std::string& host, std::uint16_t port) {
  return (action.https ? "https://" : "http://") + host_and_port(host, port) +
         request_target(action.path);
}

Result<std::string> probe_request(const HttpGetAction& action,
                                  const std::string& host,
                                  std::uint16_t port) {
  if (breaks_a_line(action.path)) return fail(Code::kMalformed, "invalid probe path: a line break");
  const std::string* own_host = header_of(action, "Host");
  std::string request = "GET " + request_target(action.path) + " HTTP/1.1\r\n";
  request += "Host: " + (own_host ? *own_host : host_and_port(host, port)) + "\r\n";
  if (!header_of(action, "User-Agent"))
    request += "User-Agent: " + std::string(kUserAgent) + "\r\n";
  if (!header_of(action, "Accept")) request += "Accept: */*\r\n";
  for (const auto& [name, value] : action.headers) {
    if (!is_header_name(name))
      return fail(Code::kMalformed, "invalid header field name \"" + name + "\"");
    if (breaks_a_line(value))
      return fail(Code::kMalformed, "invalid header field value for " + name);
    if (same_ignoring_case(name, "Host") || same_ignoring_case(name, "Connection")) continue;
    if (same_ignoring_case(name, "Accept") && value.empty()) continue;  // asked for none
    request += name + ": " + value + "\r\n";
  }
  if (own_host && breaks_a_line(*own_host)) {
    return fail(Code::kMalformed, "invalid header field value for Host");
  }
  return request + "Connection: close\r\n\r\n";
}

Result<std::optional<int>> reply_status(std::string_view received) {
  const std::size_t crlf_end = received.find("\r\n\r\n");
  const std::size_t lf_end = received.find("\n\n");
  const bool whole = crlf_end != std::string_view::npos || lf_end != std::string_view::npos;
  const std::size_t line_end = received.find('\n');
  constexpr std::string_view kProtocol = "HTTP/1.";
  const std::string_view seen = received.substr(0, std::min(received.size(), kProtocol.size()));
  const auto malformed = [] { return fail(Code::kMalformed, "malformed HTTP response"); };
  if (seen != kProtocol.substr(0, seen.size())) return malformed();
  if (line_end != std::string_view::npos) {
    // HTTP/1.x CODE reason
    const std::string_view line = received.substr(0, line_end);
    int code = 0;
    if (line.size() < 12 || line[8] != ' ') return malformed();
    const auto [end, error] = std::from_chars(line.data() + 9, line.data() + 12, code);
    if (error != std::errc() || end != line.data() + 12 || code < 100) return malformed();
    if (whole && code >= 200) return code;
    // An interim answer (100 Continue): the real one follows it.
    if (whole) return reply_status(received.substr(crlf_end < lf_end ? crlf_end + 4 : lf_end + 2));
  }
  if (received.size() >= kProbeReplyBytesMax) {
    return fail(Code::kTooLarge, "response header is larger than 10 KiB");
  }
  return std::nullopt;
}

}  // namespace skerry::edged

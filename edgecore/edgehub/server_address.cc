#include "edgecore/edgehub/server_address.h"

#include <charconv>

namespace skerry::edgehub {

std::string ServerAddress::text() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<ServerAddress> parse_server_address(std::string_view text) {
  const auto wrong = [text] {
    return fail(Code::kMalformed, "\"" + std::string(text.substr(0, 100)) +
                                      "\" is not an address such as cloud.example:10000 or "
                                      "[2001:db8::1]:10000");
  };
  ServerAddress address;
  std::string_view rest = text;
  if (!rest.empty() && rest.front() == '[') {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return wrong();
    address.host = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
  } else {
    const std::size_t colon = rest.find(':');
    if (colon != rest.rfind(':')) return wrong();  // IPv6 needs its brackets
    address.host = rest.substr(0, colon);
    rest.remove_prefix(address.host.size());
  }
  const bool is_clean = address.host.find_first_of(" \t\r\n/@?#%") == std::string::npos;
  if (address.host.empty() || address.host.size() > 253 || !is_clean) return wrong();
  if (rest.empty()) return address;
  if (rest.front() != ':') return wrong();
  rest.remove_prefix(1);
  const char* end = rest.data() + rest.size();
  const auto [stop, error] = std::from_chars(rest.data(), end, address.port);
  if (error != std::errc() || stop != end || address.port == 0) return wrong();
  return address;
}

}  // namespace skerry::edgehub

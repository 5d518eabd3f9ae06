// "host:port" as users write it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/base/units.h"

namespace skerry::edgehub {

struct ServerAddress {
  std::string host;  // name or IP address, without brackets
  std::uint16_t port = kDefaultHubPort;
  std::string text() const;
};

/// "cloud.example", "10.1.2.3:10000", "[2001:db8::1]:10000". Errors: kMalformed, with an example.
Result<ServerAddress> parse_server_address(std::string_view text);

}  // namespace skerry::edgehub

// addresses as text.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace skerry::net {

std::string address_text(const sockaddr_storage& address);  // with its port
std::string ip_text(const sockaddr_storage& address);       // without
/// "hub.example:10000", "[fd00::1]:10000".
std::string host_and_port(std::string_view host, std::uint16_t port);

}  // namespace skerry::net

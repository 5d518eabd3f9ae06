// What pki.h asks of the system: the CA's files, the host's names and addresses.
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "cloudcore/cloudhub/pki.h"

namespace skerry::cloudhub {
namespace {

constexpr std::size_t kFileBytesMax = 64 * kKiB;

Result<std::string> read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             &std::fclose);
  if (!file) {
    return fail(errno == ENOENT ? Code::kNotFound : Code::kStorage,
                "the node CA's file " + path + ": " + std::strerror(errno));
  }
  std::string text(kFileBytesMax + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (text.size() > kFileBytesMax) return fail(Code::kTooLarge, path + " is over 64 KiB");
  return text;
}

bool is_ip(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

void sort_unique(std::vector<std::string>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

std::string address_text(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address->sa_family == AF_INET) {
    bytes = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
  } else if (address->sa_family == AF_INET6) {
    const auto* six = reinterpret_cast<const sockaddr_in6*>(address);
    if (IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr)) return {};
    bytes = &six->sin6_addr;
  } else {
    return {};
  }
  return inet_ntop(address->sa_family, bytes, text.data(), text.size()) ? text.data() : "";
}

}  // namespace

Result<tls::Authority> read_authority_files(const std::string& certificate_file,
                                            const std::string& key_file) {
  Result<std::string> certificate = read_file(certificate_file);
  if (!certificate) return fail(certificate.error());
  Result<std::string> key = read_file(key_file);
  if (!key) return fail(key.error());
  return tls::Authority{std::move(*certificate), std::move(*key)};
}

ServerNames server_names(const std::vector<std::string>& wanted) {
  ServerNames names;
  for (std::string name : wanted) {
    if (name.empty() || name.find('%') != std::string::npos) continue;
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    (is_ip(name) ? names.ip_addresses : names.dns_names).push_back(std::move(name));
  }
  sort_unique(names.dns_names);
  sort_unique(names.ip_addresses);
  return names;
}

std::vector<std::string> local_server_names() {
  std::vector<std::string> names;
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) == 0) names.emplace_back(host.data());
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return names;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, &freeifaddrs);
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || (at->ifa_flags & IFF_UP) == 0) continue;
    std::string address = address_text(at->ifa_addr);
    if (!address.empty()) names.push_back(std::move(address));
  }
  return names;
}

}  // namespace skerry::cloudhub

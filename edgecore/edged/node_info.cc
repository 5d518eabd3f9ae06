#include "edgecore/edged/node_info.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <limits>
#include <optional>
#include <sstream>

#include "edgecore/edged/resource_amounts.h"
#include "edgecore/edged/small_file.h"

namespace skerry::edged {
namespace {

namespace fs = std::filesystem;

std::string below(const std::string& root, const std::string& path) {
  return (root == "/" ? "" : root) + path;
}

std::string text_of(const std::string& root, const std::string& path) {
  const Result<std::string> text = read_small_file(below(root, path));
  return text ? trimmed(*text) : "";
}

std::optional<std::int64_t> number_at(std::string_view text) {
  const std::size_t first = text.find_first_of("0123456789");
  if (first == std::string_view::npos) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data() + first, text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  return number;
}

/// "MemTotal:  16384 kB" -> bytes
std::optional<std::int64_t> meminfo_bytes(std::string_view meminfo, std::string_view field) {
  const std::size_t at = meminfo.find(std::string(field) + ":");
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view line = meminfo.substr(at, meminfo.find('\n', at) - at);
  const auto kilobytes = number_at(line.substr(field.size()));
  if (!kilobytes) return std::nullopt;
  return *kilobytes * 1024;
}

/// "0-3,5" -> 5
int count_cpus(const std::string& ranges) {
  int count = 0;
  std::istringstream stream(ranges);
  for (std::string range; std::getline(stream, range, ',');) {
    const auto first = number_at(range);
    const std::size_t dash = range.find('-');
    const auto last = dash == std::string::npos ? first : number_at(range.substr(dash));
    if (first && last && *last >= *first) count += static_cast<int>(*last - *first + 1);
  }
  return count;
}

int read_cpus(const std::string& root) {
  const int online = count_cpus(text_of(root, "/sys/devices/system/cpu/online"));
  if (online > 0) return online;
  std::istringstream lines(text_of(root, "/proc/cpuinfo"));
  int processors = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("processor")) ++processors;
  }
  return std::max(processors, 1);
}

std::map<std::string, std::int64_t> read_hugepages(const std::string& root) {
  constexpr std::string_view kPrefix = "hugepages-";
  std::map<std::string, std::int64_t> sizes;
  std::error_code ignored;
  const std::string directory = below(root, "/sys/kernel/mm/hugepages");
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename().string();  // hugepages-2048kB
    const auto kilobytes = number_at(name);
    if (!name.starts_with(kPrefix) || !kilobytes) continue;
    const Result<std::string> pages = read_small_file(entry.path().string() + "/nr_hugepages");
    const std::int64_t count = pages ? number_at(*pages).value_or(0) : 0;
    sizes[format_bytes(*kilobytes * 1024)] = count * *kilobytes * 1024;
  }
  return sizes;
}

/// PRETTY_NAME of os-release, unquoted.
std::string read_os_image(const std::string& root) {
  std::string text = text_of(root, "/etc/os-release");
  if (text.empty()) text = text_of(root, "/usr/lib/os-release");
  std::istringstream lines(text);
  constexpr std::string_view kKey = "PRETTY_NAME=";
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kKey)) continue;
    std::string name = line.substr(kKey.size());
    if (name.size() >= 2 && (name.front() == '"' || name.front() == '\'')) {
      name = name.substr(1, name.size() - 2);
    }
    return name;
  }
  return "Linux";
}

std::string first_of(const std::string& root, std::initializer_list<const char*> paths) {
  for (const char* path : paths) {
    if (std::string text = text_of(root, path); !text.empty()) return text;
  }
  return "";
}

std::string own_hostname() {
  char name[HOST_NAME_MAX + 1] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

std::int64_t clamped(std::uint64_t value) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  return value > static_cast<std::uint64_t>(kMost) ? kMost : static_cast<std::int64_t>(value);
}

std::int64_t count_processes(const std::string& root) {
  std::int64_t count = 0;
  // The fourth field of loadavg is runnable/existing scheduling entities: one read, no directory
  // walk.
  const std::string load = text_of(root, "/proc/loadavg");
  if (const std::size_t slash = load.find('/'); slash != std::string::npos) {
    count = number_at(load.substr(slash)).value_or(0);
  }
  return count;
}

bool is_global(const InterfaceAddress& address) {
  if (address.interface == "lo" || address.address.empty()) return false;
  if (address.ipv6) {
    std::string lower = address.address;
    std::transform(lower.begin(), lower.end(), lower.begin(), ::tolower);
    return !lower.starts_with("fe80") && lower != "::1" && lower.find('%') == std::string::npos;
  }
  return !address.address.starts_with("127.") && !address.address.starts_with("169.254.");
}

/// Bridges and pairs that container networks make.
bool belongs_to_containers(std::string_view interface) {
  constexpr std::string_view kPrefixes[] = {"cni", "docker", "veth", "br-", "flannel", "cali"};
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return interface.starts_with(prefix); });
}

}  // namespace

std::string go_architecture(std::string_view machine) {
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  if (machine.starts_with("arm")) return "arm";
  if (machine == "i386" || machine == "i686") return "386";
  return std::string(machine);
}

Result<MachineInfo> read_machine_info(const std::string& root) {
  const Result<std::string> meminfo = read_small_file(below(root, "/proc/meminfo"));
  if (!meminfo) return fail("cannot learn how much memory there is", meminfo.error());
  MachineInfo info;
  info.memory_bytes = meminfo_bytes(*meminfo, "MemTotal").value_or(0);
  if (info.memory_bytes <= 0) return fail(Code::kNotFound, "/proc/meminfo has no MemTotal");
  info.cpus = read_cpus(root);
  info.hugepages_bytes = read_hugepages(root);
  info.machine_id = first_of(root, {"/etc/machine-id", "/var/lib/dbus/machine-id"});
  info.system_uuid =
      first_of(root, {"/sys/class/dmi/id/product_uuid", "/proc/device-tree/system-id",
                      "/proc/device-tree/vm,uuid", "/etc/machine-id", "/var/lib/dbus/machine-id"});
  info.boot_id = text_of(root, "/proc/sys/kernel/random/boot_id");
  info.kernel_version = text_of(root, "/proc/sys/kernel/osrelease");
  info.os_image = read_os_image(root);
  struct utsname names {};
  if (::uname(&names) == 0) info.architecture = go_architecture(names.machine);
  // A 32-bit build on a 64-bit kernel: images must fit the user space.
  if (sizeof(void*) == 4 && info.architecture == "arm64") info.architecture = "arm";
  info.hostname = own_hostname();
  return info;
}

Result<MachineUse> read_machine_use(const std::string& root, const std::string& data_dir) {
  const Result<std::string> meminfo = read_small_file(below(root, "/proc/meminfo"));
  if (!meminfo) return fail("cannot learn how much memory is free", meminfo.error());
  MachineUse use;
  use.memory_available_bytes = meminfo_bytes(*meminfo, "MemAvailable").value_or(0);
  struct statvfs disk {};
  if (::statvfs(data_dir.c_str(), &disk) != 0) return errno_failure("cannot measure", data_dir);
  const auto unit = static_cast<std::uint64_t>(disk.f_frsize);
  use.disk_bytes = clamped(unit * disk.f_blocks);
  use.disk_available_bytes = clamped(unit * disk.f_bavail);
  use.inodes = clamped(disk.f_files);
  use.inodes_free = clamped(disk.f_ffree);
  use.pids = count_processes(root);
  use.pids_max = number_at(text_of(root, "/proc/sys/kernel/pid_max")).value_or(0);
  return use;
}

std::vector<InterfaceAddress> interface_addresses() {
  std::vector<InterfaceAddress> addresses;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return addresses;
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_UP) == 0) continue;
    const int family = one->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    char text[INET6_ADDRSTRLEN] = {};
    const void* raw = family == AF_INET
                          ? static_cast<const void*>(
                                &reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr)
                          : static_cast<const void*>(
                                &reinterpret_cast<const sockaddr_in6*>(one->ifa_addr)->sin6_addr);
    if (::inet_ntop(family, raw, text, sizeof text) == nullptr) continue;
    addresses.push_back({one->ifa_name, text, family == AF_INET6});
  }
  ::freeifaddrs(list);
  return addresses;
}

std::string default_route_interface(const std::string& root) {
  // Iface Destination Gateway Flags RefCnt Use Metric Mask ...
  std::istringstream lines(text_of(root, "/proc/net/route"));
  std::string best;
  std::int64_t best_metric = std::numeric_limits<std::int64_t>::max();
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string name, destination, gateway, flags, references, use, mask;
    std::int64_t metric = 0;
    if (!(fields >> name >> destination >> gateway >> flags >> references >> use >> metric >>
          mask)) {
      continue;
    }
    if (destination != "00000000" || mask != "00000000" || metric >= best_metric) continue;
    best = name;
    best_metric = metric;
  }
  return best;
}

std::string choose_internal_ip(const std::string& given,
                               const std::string& used_towards_cloud,
                               const std::string& default_interface,
                               const std::vector<InterfaceAddress>& addresses) {
  if (!given.empty()) return given;
  // A cloud on this very machine is reached from loopback; that is no address for others.
  const InterfaceAddress used{"", used_towards_cloud,
                              used_towards_cloud.find(':') != std::string::npos};
  if (is_global(used)) return used_towards_cloud;
  const auto first = [&](auto wanted) -> std::string {
    const auto found = std::find_if(addresses.begin(), addresses.end(),
                                    [&](const auto& one) { return is_global(one) && wanted(one); });
    return found == addresses.end() ? "" : found->address;
  };
  for (const bool ipv6 : {false, true}) {
    const std::string address = first([&](const InterfaceAddress& one) {
      return one.ipv6 == ipv6 && one.interface == default_interface;
    });
    if (!address.empty()) return address;
  }
  for (const bool ipv6 : {false, true}) {
    const std::string address = first([&](const InterfaceAddress& one) {
      return one.ipv6 == ipv6 && !belongs_to_containers(one.interface);
    });
    if (!address.empty()) return address;
  }
  return "";
}

}  // namespace skerry::edged

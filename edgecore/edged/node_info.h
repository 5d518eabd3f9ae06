// What this machine is: read from /proc, /sys and /etc below an injectable root. Thin;
// node_status.h makes the Node from it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace skerry::edged {

/// Read once at start.
struct MachineInfo {
  int cpus = 0;
  std::int64_t memory_bytes = 0;
  std::map<std::string, std::int64_t> hugepages_bytes;  // "2Mi" -> reserved bytes
  std::string machine_id;
  std::string system_uuid;
  std::string boot_id;
  std::string kernel_version;
  std::string os_image;
  std::string architecture;  // "amd64", "arm64", "arm": Go's words
  std::string hostname;
};

/// Read at each status; a few reads of /proc and one statvfs.
struct MachineUse {
  std::int64_t memory_available_bytes = 0;
  std::int64_t disk_bytes = 0;  // of the file system that holds the data dir
  std::int64_t disk_available_bytes = 0;
  std::int64_t inodes = 0;
  std::int64_t inodes_free = 0;
  std::int64_t pids = 0;
  std::int64_t pids_max = 0;
};

/// `root` is "/" except in tests. Errors: kNotFound (no /proc/meminfo).
Result<MachineInfo> read_machine_info(const std::string& root);
Result<MachineUse> read_machine_use(const std::string& root, const std::string& data_dir);

/// "x86_64" -> "amd64", "aarch64" -> "arm64", "armv7l" -> "arm"; others as they are.
std::string go_architecture(std::string_view machine);

struct InterfaceAddress {
  std::string interface;
  std::string address;  // numeric
  bool ipv6 = false;
};
std::vector<InterfaceAddress> interface_addresses();
/// Interface of the IPv4 default route with the least metric, from <root>/proc/net/route; else
/// empty.
std::string default_route_interface(const std::string& root);

/// The node's InternalIP: the one given, else the one that reaches the cloud, else the first global
/// address of the default route's interface, else any global address; empty: none. Pure.
std::string choose_internal_ip(const std::string& given,
                               const std::string& used_towards_cloud,
                               const std::string& default_interface,
                               const std::vector<InterfaceAddress>& addresses);

}  // namespace skerry::edged

#include "edgecore/edged/node_info.h"

#include "tests/support/catch.h"
#include "tests/unit/edged/temp_dir.h"

using namespace skerry;
using namespace skerry::edged;

namespace {

void lay_out(const TempDir& root) {
  root.write("proc/meminfo",
             "MemTotal:        4046440 kB\nMemFree: 1 kB\nMemAvailable:     512 kB\n");
  root.write("sys/devices/system/cpu/online", "0-2,5\n");
  root.write("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "3\n");
  root.write("sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "0\n");
  root.write("etc/machine-id", "0123abcd\n");
  root.write("sys/class/dmi/id/product_uuid", "AAAA-BBBB\n");
  root.write("proc/sys/kernel/random/boot_id", "boot-1\n");
  root.write("proc/sys/kernel/osrelease", "6.1.0-18-arm64\n");
  root.write("proc/sys/kernel/pid_max", "32768\n");
  root.write("proc/loadavg", "0.00 0.01 0.05 2/345 6789\n");
  root.write("etc/os-release", "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
}

}  // namespace

TEST_CASE("NodeInfo: the machine is read below a root", "[edged]") {
  TempDir root;
  lay_out(root);
  const auto info = read_machine_info(root.path());
  REQUIRE(info);
  CHECK(info->cpus == 4);
  CHECK(info->memory_bytes == 4046440LL * 1024);
  CHECK(info->hugepages_bytes == std::map<std::string, std::int64_t>{{"1Gi", 0}, {"2Mi", 6 << 20}});
  CHECK(info->machine_id == "0123abcd");
  CHECK(info->system_uuid == "AAAA-BBBB");
  CHECK(info->boot_id == "boot-1");
  CHECK(info->kernel_version == "6.1.0-18-arm64");
  CHECK(info->os_image == "Debian GNU/Linux 12 (bookworm)");
  CHECK_FALSE(info->architecture.empty());

  const auto use = read_machine_use(root.path(), root.path());
  REQUIRE(use);
  CHECK(use->memory_available_bytes == 512 * 1024);
  CHECK(use->pids == 345);
  CHECK(use->pids_max == 32768);
  CHECK(use->disk_bytes > 0);
  CHECK(use->disk_available_bytes <= use->disk_bytes);
}

TEST_CASE("NodeInfo: boards without DMI, and boxes that lack files", "[edged]") {
  TempDir root;
  CHECK_FALSE(read_machine_info(root.path()));
  root.write("proc/meminfo", "MemFree: 1 kB\n");
  CHECK_FALSE(read_machine_info(root.path()));
  root.write("proc/meminfo", "MemTotal: 1000 kB\n");
  root.write("proc/cpuinfo", "processor : 0\nmodel name: x\nprocessor : 1\n");
  root.write("proc/device-tree/system-id", std::string("board-7\0", 8));
  root.write("usr/lib/os-release", "PRETTY_NAME=Plain\n");
  const auto info = read_machine_info(root.path());
  REQUIRE(info);
  CHECK(info->cpus == 2);
  CHECK(info->system_uuid == "board-7");
  CHECK(info->os_image == "Plain");
  CHECK(info->machine_id.empty());
}

TEST_CASE("NodeInfo: this machine has all that a Node needs", "[edged]") {
  const auto info = read_machine_info("/");
  REQUIRE(info);
  CHECK(info->cpus > 0);
  CHECK(info->boot_id.size() == 36);
  CHECK_FALSE(info->kernel_version.empty());
  CHECK(read_machine_use("/", "/tmp")->pids_max > 0);
  CHECK(read_machine_use("/", "/no/such/dir").error().code == Code::kNotFound);
}

TEST_CASE("NodeInfo: architectures have Go's names", "[edged]") {
  CHECK(go_architecture("x86_64") == "amd64");
  CHECK(go_architecture("aarch64") == "arm64");
  CHECK(go_architecture("armv7l") == "arm");
  CHECK(go_architecture("i686") == "386");
  CHECK(go_architecture("riscv64") == "riscv64");
}

TEST_CASE("NodeInfo: the default route with the least metric", "[edged]") {
  TempDir root;
  CHECK(default_route_interface(root.path()).empty());
  root.write("proc/net/route",
             "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
             "wlan0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
             "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
             "eth1\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
             "broken\n");
  CHECK(default_route_interface(root.path()) == "eth0");
}

TEST_CASE("NodeInfo: which address stands for the node", "[edged]") {
  const std::vector<InterfaceAddress> all = {
      {"lo", "127.0.0.1", false},   {"cni0", "10.4.0.1", false},   {"eth1", "fe80::1", true},
      {"eth1", "192.0.2.9", false}, {"eth0", "2001:db8::5", true}, {"eth0", "192.0.2.5", false}};
  struct Row {
    const char* why;
    const char* given;
    const char* used;
    const char* interface;
    std::vector<InterfaceAddress> addresses;
    const char* want;
  };
  const Row rows[] = {
      {"given", "198.51.100.1", "192.0.2.5", "eth0", all, "198.51.100.1"},
      {"used towards the cloud", "", "192.0.2.9", "eth0", all, "192.0.2.9"},
      {"a cloud on this machine", "", "127.0.0.1", "eth0", all, "192.0.2.5"},
      {"default route", "", "", "eth0", all, "192.0.2.5"},
      {"IPv6 only on it", "", "", "eth0", {all[4]}, "2001:db8::5"},
      {"no default route", "", "", "", all, "192.0.2.9"},
      {"only bridges and loopback", "", "", "", {all[0], all[1], all[2]}, ""},
      {"loopback over IPv6", "", "::1", "eth0", all, "192.0.2.5"},
  };
  for (const Row& row : rows) {
    INFO(row.why);
    CHECK(choose_internal_ip(row.given, row.used, row.interface, row.addresses) == row.want);
  }
}

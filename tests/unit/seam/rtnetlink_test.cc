#include "common/seam/rtnetlink.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstring>

#include "tests/support/catch.h"
#include "tests/support/run_task.h"

using namespace skerry;
using namespace skerry::seam;

namespace {

template <class T>
std::string bytes_of(const T& value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string aligned(std::string bytes) {
  bytes.resize(NLMSG_ALIGN(bytes.size()));
  return bytes;
}

std::string attribute(unsigned type, const std::string& value) {
  const rtattr head{static_cast<unsigned short>(RTA_LENGTH(value.size())),
                    static_cast<unsigned short>(type)};
  return aligned(bytes_of(head) + value);
}

std::string message(unsigned type, const std::string& body, unsigned flags = NLM_F_MULTI) {
  nlmsghdr head{};
  head.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(body.size()));
  head.nlmsg_type = static_cast<std::uint16_t>(type);
  head.nlmsg_flags = static_cast<std::uint16_t>(flags);
  return aligned(bytes_of(head) + body);
}

std::string link(int index, const char* name, unsigned flags, const std::string& more = "") {
  ifinfomsg head{};
  head.ifi_index = index;
  head.ifi_flags = flags;
  return message(RTM_NEWLINK,
                 bytes_of(head) + attribute(IFLA_IFNAME, std::string(name) + '\0') + more);
}

std::string kind(const char* name) {
  return attribute(IFLA_LINKINFO | NLA_F_NESTED, attribute(IFLA_INFO_KIND, name));
}

std::string raw(int family, const char* text) {
  in6_addr out{};
  REQUIRE(::inet_pton(family, text, &out) == 1);
  return std::string(reinterpret_cast<const char*>(&out), family == AF_INET ? 4 : 16);
}

std::string address(int family, int index, unsigned scope, const std::string& attributes) {
  ifaddrmsg head{};
  head.ifa_family = static_cast<unsigned char>(family);
  head.ifa_index = static_cast<unsigned>(index);
  head.ifa_scope = static_cast<unsigned char>(scope);
  return message(RTM_NEWADDR, bytes_of(head) + attributes);
}

std::string route(int family, unsigned length, unsigned type, const std::string& attributes) {
  rtmsg head{};
  head.rtm_family = static_cast<unsigned char>(family);
  head.rtm_dst_len = static_cast<unsigned char>(length);
  head.rtm_type = static_cast<unsigned char>(type);
  return message(RTM_NEWROUTE, bytes_of(head) + attributes);
}

std::string number(unsigned type, std::uint32_t value) { return attribute(type, bytes_of(value)); }

std::string whole_dump() {
  return link(1, "lo", 1 | 1U << 3 | 1U << 6) + link(2, "eth0", 1 | 1U << 6) +
         link(7, "veth1", 1, kind("veth") + number(IFLA_MASTER, 5)) +
         address(AF_INET, 2, RT_SCOPE_UNIVERSE,
                 attribute(IFA_ADDRESS, raw(AF_INET, "10.0.0.1")) +
                     attribute(IFA_LOCAL, raw(AF_INET, "10.0.0.7"))) +
         address(AF_INET6, 2, RT_SCOPE_LINK, attribute(IFA_ADDRESS, raw(AF_INET6, "fe80::1"))) +
         address(AF_INET6, 2, RT_SCOPE_UNIVERSE,
                 attribute(IFA_ADDRESS, raw(AF_INET6, "fd00::7")) +
                     number(IFA_FLAGS, IFA_F_TENTATIVE | 0x200)) +
         route(AF_INET, 0, RTN_UNICAST,
               number(RTA_OIF, 2) + attribute(RTA_GATEWAY, raw(AF_INET, "10.0.0.254")) +
                   number(RTA_PRIORITY, 100)) +
         route(AF_INET, 24, RTN_UNICAST, number(RTA_OIF, 2)) +
         route(AF_INET6, 0, RTN_UNREACHABLE, number(RTA_OIF, 1)) + message(NLMSG_DONE, "\0\0\0\0");
}

}  // namespace

TEST_CASE("rtnetlink: interfaces, addresses and default routes of a dump", "[seam]") {
  NetworkState state;
  REQUIRE(take_dump(whole_dump(), state).value());
  CHECK(state.interfaces == std::vector<NetworkInterface>{
                                {1, "lo", "", true, true, false},
                                {2, "eth0", "", false, true, false},
                                {7, "veth1", "veth", false, false, true},
                            });
  CHECK(state.addresses == std::vector<NetworkAddress>{
                               {2, "10.0.0.7", true, false},
                               {2, "fe80::1", false, false},
                               {2, "fd00::7", true, true},
                           });
  CHECK(state.default_routes == std::vector<DefaultRoute>{{2, "10.0.0.254", 100}});
}

TEST_CASE("rtnetlink: a refusal and a change during the dump are errors", "[seam]") {
  NetworkState state;
  CHECK(take_dump(message(NLMSG_ERROR, std::string(20, '\0')), state).error().code ==
        Code::kUnavailable);
  CHECK(take_dump(message(RTM_NEWLINK, "", NLM_F_MULTI | NLM_F_DUMP_INTR), state).error().code ==
        Code::kUnavailable);
}

TEST_CASE("rtnetlink: cut and scrambled bytes do no harm", "[seam]") {
  const std::string whole = whole_dump();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // A copy of its own, so that a sanitizer sees what is read beyond its end.
    const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<long>(size));
    NetworkState state;
    CHECK_FALSE(take_dump({cut.data(), cut.size()}, state).value());
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::vector<char> wrong(whole.begin(), whole.end());
    wrong[at] = static_cast<char>(0xff);
    NetworkState state;
    (void)take_dump({wrong.data(), wrong.size()}, state).has_value();
    CHECK(state.interfaces.size() <= 3);
  }
}

TEST_CASE("PosixNetwork: the loopback is there, and close() ends the wait", "[seam]") {
  boost::asio::io_context loop;
  auto network = posix_network(loop.get_executor());
  REQUIRE(network);
  const Result<NetworkState> state = (*network)->read();
  REQUIRE(state);
  bool loopback = false;
  for (const NetworkInterface& one : state->interfaces) loopback = loopback || one.loopback;
  CHECK(loopback);
  async::post(loop.get_executor(), [&] { (*network)->close(); });
  test::run_task(loop, (*network)->wait_for_change());
}

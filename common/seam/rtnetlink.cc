#include "common/seam/rtnetlink.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

namespace skerry::seam {
namespace {

constexpr unsigned kRunning = 1U << 6;   // IFF_RUNNING
constexpr unsigned kLoopback = 1U << 3;  // IFF_LOOPBACK

using Attributes = std::map<unsigned, std::string_view>;

/// Copied out, because bytes of a datagram need not be aligned.
template <class T>
std::optional<T> struct_at(std::string_view bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T out;
  std::memcpy(&out, bytes.data(), sizeof out);
  return out;
}

std::string_view after(std::string_view bytes, std::size_t size) {
  return bytes.substr(std::min<std::size_t>(NLMSG_ALIGN(size), bytes.size()));
}

Attributes attributes_of(std::string_view bytes) {
  Attributes out;
  while (const auto head = struct_at<rtattr>(bytes)) {
    if (head->rta_len < sizeof(rtattr) || head->rta_len > bytes.size()) break;
    out[head->rta_type & NLA_TYPE_MASK] =
        bytes.substr(RTA_LENGTH(0), head->rta_len - RTA_LENGTH(0));
    bytes = after(bytes, head->rta_len);
  }
  return out;
}

std::optional<std::string_view> find(const Attributes& all, unsigned type) {
  const auto found = all.find(type);
  if (found == all.end()) return std::nullopt;
  return found->second;
}

std::uint32_t number(const Attributes& all, unsigned type, std::uint32_t otherwise) {
  const auto bytes = find(all, type);
  return bytes ? struct_at<std::uint32_t>(*bytes).value_or(otherwise) : otherwise;
}

std::string text(const Attributes& all, unsigned type) {
  const std::string_view bytes = find(all, type).value_or("");
  return std::string(bytes.substr(0, bytes.find('\0')));
}

std::string address_text(int family, std::string_view bytes) {
  char out[INET6_ADDRSTRLEN];
  const std::size_t wanted = family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr);
  const bool known = family == AF_INET || family == AF_INET6;
  if (!known || bytes.size() < wanted) return {};
  return ::inet_ntop(family, bytes.data(), out, sizeof out) == nullptr ? "" : out;
}

void add_interface(std::string_view body, NetworkState& state) {
  const auto head = struct_at<ifinfomsg>(body);
  if (!head) return;
  const Attributes all = attributes_of(after(body, sizeof(ifinfomsg)));
  NetworkInterface out;
  out.index = head->ifi_index;
  out.name = text(all, IFLA_IFNAME);
  out.kind = text(attributes_of(find(all, IFLA_LINKINFO).value_or("")), IFLA_INFO_KIND);
  out.loopback = (head->ifi_flags & kLoopback) != 0;
  out.running = (head->ifi_flags & kRunning) != 0;
  out.has_master = all.contains(IFLA_MASTER);
  state.interfaces.push_back(std::move(out));
}

void add_address(std::string_view body, NetworkState& state) {
  const auto head = struct_at<ifaddrmsg>(body);
  if (!head) return;
  const Attributes all = attributes_of(after(body, sizeof(ifaddrmsg)));
  // Of a point-to-point interface IFA_ADDRESS is the other end.
  const auto local = find(all, IFA_LOCAL);
  const auto bytes = local ? local : find(all, IFA_ADDRESS);
  NetworkAddress out;
  out.interface = static_cast<int>(head->ifa_index);
  out.address = address_text(head->ifa_family, bytes.value_or(""));
  out.global = head->ifa_scope < RT_SCOPE_LINK;
  const std::uint32_t flags = number(all, IFA_FLAGS, head->ifa_flags);
  out.tentative = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0;
  if (!out.address.empty()) state.addresses.push_back(std::move(out));
}

void add_route(std::string_view body, NetworkState& state) {
  const auto head = struct_at<rtmsg>(body);
  if (!head || head->rtm_dst_len != 0 || head->rtm_type != RTN_UNICAST) return;
  const bool internet = head->rtm_family == AF_INET || head->rtm_family == AF_INET6;
  if (!internet || (head->rtm_flags & RTM_F_CLONED) != 0) return;
  const Attributes all = attributes_of(after(body, sizeof(rtmsg)));
  DefaultRoute out;
  out.interface = static_cast<int>(number(all, RTA_OIF, 0));
  out.gateway = address_text(head->rtm_family, find(all, RTA_GATEWAY).value_or(""));
  out.metric = number(all, RTA_PRIORITY, 0);
  state.default_routes.push_back(std::move(out));
}

}  // namespace

Result<bool> take_dump(std::string_view datagram, NetworkState& state) {
  while (const auto head = struct_at<nlmsghdr>(datagram)) {
    if (head->nlmsg_len < sizeof(nlmsghdr) || head->nlmsg_len > datagram.size()) break;
    const std::string_view body =
        datagram.substr(NLMSG_HDRLEN, head->nlmsg_len - NLMSG_HDRLEN);
    if ((head->nlmsg_flags & NLM_F_DUMP_INTR) != 0) {
      return fail(Code::kUnavailable, "the network changed while it was read");
    }
    if (head->nlmsg_type == NLMSG_ERROR) {
      return fail(Code::kUnavailable, "rtnetlink refused a question");
    }
    if (head->nlmsg_type == NLMSG_DONE) return true;
    if (head->nlmsg_type == RTM_NEWLINK) add_interface(body, state);
    if (head->nlmsg_type == RTM_NEWADDR) add_address(body, state);
    if (head->nlmsg_type == RTM_NEWROUTE) add_route(body, state);
    datagram = after(datagram, head->nlmsg_len);
  }
  return false;
}

}  // namespace skerry::seam

#include "cloudcore/standalone/admission/service_addresses.h"

#include <arpa/inet.h>

#include <charconv>
#include <set>

#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/service_types.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

/// How long a number waits for its Service to be stored: beyond any write's deadline.
constexpr auto kHeldFor = std::chrono::minutes(2);
constexpr int kRandomTries = 32;
// The lower part of a range is for those who choose by hand. Source: KEP-3070, KEP-3668.
constexpr std::uint32_t kStaticPartMax = 256;
constexpr std::uint32_t kStaticPartMin = 16;

std::uint32_t static_part(std::uint32_t size) {
  if (size <= kStaticPartMin) return 0;
  return std::min(kStaticPartMax, std::max(kStaticPartMin, size / 16));
}

std::set<std::uint32_t> ports_of(const json& spec) {
  std::set<std::uint32_t> out;
  for (const json& port : fields::list(spec, "ports")) {
    const auto number = fields::number(port, "nodePort").value_or(0);
    if (number > 0) out.insert(static_cast<std::uint32_t>(number));
  }
  const auto health = fields::number(spec, "healthCheckNodePort").value_or(0);
  if (health > 0) out.insert(static_cast<std::uint32_t>(health));
  return out;
}

}  // namespace

// ---- NumberPool ---------------------------------------------------------------------------------

NumberPool::Taken NumberPool::take(std::uint32_t number, const NumberClaim& claim) {
  if (!covers(number)) return Taken::kOutside;
  const auto found = used_.find(number);
  const bool free = found == used_.end() || found->second.until <= claim.now ||
                    (found->second.until != TimePoint::max() && found->second.owner == claim.owner);
  if (!free) return Taken::kAlready;
  if (claim.hold) used_[number] = {claim.now + kHeldFor, claim.owner};
  return Taken::kYes;
}

bool NumberPool::in_use(std::uint32_t number, TimePoint now) const {
  const auto found = used_.find(number);
  return found != used_.end() && found->second.until > now;
}

std::uint32_t NumberPool::take_any(std::uint32_t first_choice,
                                   seam::Random& random,
                                   const NumberClaim& claim) {
  for (int i = 0; i < kRandomTries; ++i) {
    const auto number =
        first_choice + static_cast<std::uint32_t>(random.below(last_ - first_choice + 1));
    if (!in_use(number, claim.now) && take(number, claim) == Taken::kYes) return number;
  }
  for (std::uint32_t number = last_; number >= first_ && number > 0; --number) {
    if (!in_use(number, claim.now) && take(number, claim) == Taken::kYes) return number;
  }
  return 0;
}

// ---- ServiceAddresses ---------------------------------------------------------------------------

std::uint32_t parse_ipv4(const std::string& text) {
  in_addr out{};
  return inet_pton(AF_INET, text.c_str(), &out) == 1 ? ntohl(out.s_addr) : 0;
}

std::string format_ipv4(std::uint32_t address) {
  std::string out;
  for (const int shift : {24, 16, 8, 0}) {
    out += (out.empty() ? "" : ".") + std::to_string((address >> shift) & 0xff);
  }
  return out;
}

Result<ServiceAddresses> ServiceAddresses::create(const std::string& cidr,
                                                  std::uint16_t first_port,
                                                  std::uint16_t last_port) {
  const auto bad = [&cidr] {
    return fail(Code::kMalformed,
                "the range of Services' addresses is no IPv4 network of at least "
                "eight addresses, such as 10.43.0.0/16: " +
                    cidr);
  };
  const std::size_t slash = cidr.find('/');
  if (slash == std::string::npos) return bad();
  int bits = 0;
  const char* end = cidr.data() + cidr.size();
  const auto [stop, error] = std::from_chars(cidr.data() + slash + 1, end, bits);
  const std::uint32_t address = parse_ipv4(cidr.substr(0, slash));
  if (error != std::errc() || stop != end || bits < 8 || bits > 29 || address == 0) return bad();
  const std::uint32_t size = std::uint32_t{1} << (32 - bits);
  const std::uint32_t network = address & ~(size - 1);
  ServiceAddresses out(cidr, NumberPool(network + 1, network + size - 2),
                       NumberPool(first_port, last_port));
  out.first_choice_ = network + 1 + static_part(size - 2);
  out.first_port_ = first_port;
  out.last_port_ = last_port;
  return out;
}

ServiceAddresses::ServiceAddresses(std::string cidr, NumberPool addresses, NumberPool ports)
    : cidr_(std::move(cidr)), addresses_(std::move(addresses)), ports_(std::move(ports)) {}

void ServiceAddresses::add(const json& service) {
  const json& spec = fields::object(service, "spec");
  const std::uint32_t address = parse_ipv4(fields::text(spec, "clusterIP"));
  if (address != 0) addresses_.assign(address);
  for (const std::uint32_t port : ports_of(spec)) ports_.assign(port);
}

void ServiceAddresses::remove(const json& service) {
  const json& spec = fields::object(service, "spec");
  const std::uint32_t address = parse_ipv4(fields::text(spec, "clusterIP"));
  if (address != 0) addresses_.release(address);
  for (const std::uint32_t port : ports_of(spec)) ports_.release(port);
}

FieldErrors ServiceAddresses::complete(json& service,
                                       const json* old,
                                       seam::Random& random,
                                       const NumberClaim& claim) {
  FieldErrors errors;
  static const json kNone = json::object();
  const json& former = old == nullptr ? kNone : fields::object(*old, "spec");
  json spec = fields::object(service, "spec");
  if (needs_cluster_ip(spec)) {
    give_families(spec, errors);
    if (errors.empty()) give_address(spec, former, random, claim, errors);
  }
  if (errors.empty()) give_ports(spec, former, random, claim, errors);
  if (errors.empty()) service["spec"] = std::move(spec);
  return errors;
}

/// One family is served; a headless Service without selector names both, as its owner may fill in
/// endpoints of either.
void ServiceAddresses::give_families(json& spec, FieldErrors& errors) const {
  const bool headless = fields::text(spec, "clusterIP") == "None";
  const bool foreign = headless && fields::object(spec, "selector").empty();
  FieldChecks checks;
  const std::string policy = fields::text(spec, "ipFamilyPolicy");
  const json& families = fields::list(spec, "ipFamilies");
  if (policy == "RequireDualStack" && !foreign) {
    checks.invalid("spec.ipFamilyPolicy", policy,
                   "this cluster is not configured for dual-stack services");
  }
  for (std::size_t i = 0; i < families.size() && !foreign; ++i) {
    if (families[i] == "IPv4") continue;
    checks.invalid(at_index("spec.ipFamilies", i), families[i], "not configured on this cluster");
  }
  errors = checks.take();
  if (!errors.empty()) return;
  if (policy.empty()) {
    spec["ipFamilyPolicy"] = foreign && families.empty() ? "RequireDualStack" : "SingleStack";
  }
  if (!families.empty()) return;
  const bool both = foreign && fields::text(spec, "ipFamilyPolicy") != "SingleStack";
  spec["ipFamilies"] = both ? json::array({"IPv4", "IPv6"}) : json::array({"IPv4"});
}

void ServiceAddresses::give_address(json& spec,
                                    const json& former,
                                    seam::Random& random,
                                    const NumberClaim& claim,
                                    FieldErrors& errors) {
  const std::string asked = fields::text(spec, "clusterIP");
  if (asked == "None") {
    spec["clusterIPs"] = {"None"};
    return;
  }
  if (!asked.empty() && asked == fields::text(former, "clusterIP")) return;
  FieldChecks checks;
  if (asked.empty()) {
    const std::uint32_t given = addresses_.take_any(first_choice_, random, claim);
    if (given == 0) {
      checks.invalid("spec.clusterIPs", json::array(),
                     "failed to allocate a serviceIP: range is full");
    } else {
      spec["clusterIP"] = format_ipv4(given);
    }
  } else {
    const std::uint32_t address = parse_ipv4(asked);
    const auto taken = addresses_.take(address, claim);
    const std::string failed = "failed to allocate IP " + asked + ": ";
    if (taken == NumberPool::Taken::kOutside) {
      checks.invalid("spec.clusterIPs", json::array({asked}),
                     failed + "the provided IP (" + asked +
                         ") is not in the valid range. The range of valid IPs is " + cidr_);
    } else if (taken == NumberPool::Taken::kAlready) {
      checks.invalid("spec.clusterIPs", json::array({asked}),
                     failed + "provided IP is already allocated");
    }
  }
  errors = checks.take();
  if (errors.empty()) spec["clusterIPs"] = {spec["clusterIP"]};
}

void ServiceAddresses::give_ports(json& spec,
                                  const json& former,
                                  seam::Random& random,
                                  const NumberClaim& claim,
                                  FieldErrors& errors) {
  FieldChecks checks;
  const std::set<std::uint32_t> own = ports_of(former);
  const std::uint32_t choice = first_port_ + std::min(86u, (last_port_ - first_port_) / 32);
  std::map<std::uint32_t, std::set<std::string>> mine;  // two protocols may share a number
  if (needs_node_ports(spec) && spec.contains("ports")) {
    std::size_t index = 0;
    for (json& port : spec["ports"]) {
      const std::string at = at_index("spec.ports", index++) + ".nodePort";
      const auto asked = static_cast<std::uint32_t>(fields::number(port, "nodePort").value_or(0));
      if (asked == 0) {
        const std::uint32_t given = ports_.take_any(choice, random, claim);
        if (given == 0) checks.invalid(at, 0, "failed to allocate a nodePort: range is full");
        port["nodePort"] = given;
        continue;
      }
      const bool first = !mine.contains(asked);
      const bool fresh = mine[asked].insert(fields::text(port, "protocol")).second;
      auto taken = fresh ? NumberPool::Taken::kYes : NumberPool::Taken::kAlready;
      if (first && !own.contains(asked)) taken = ports_.take(asked, claim);
      if (taken == NumberPool::Taken::kOutside) {
        checks.invalid(at, asked,
                       "provided port is not in the valid range. The range of valid ports is " +
                           std::to_string(first_port_) + "-" + std::to_string(last_port_));
      } else if (taken == NumberPool::Taken::kAlready) {
        checks.invalid(at, asked, "provided port is already allocated");
      }
    }
  }
  if (needs_health_port(spec) && !spec.contains("healthCheckNodePort")) {
    spec["healthCheckNodePort"] = ports_.take_any(choice, random, claim);
  }
  errors = checks.take();
}

}  // namespace skerry::standalone

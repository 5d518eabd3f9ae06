// Which cluster addresses and node ports the Services have, and what a new one gets. What is stored
// is the truth: the tables are filled from it at the start and follow every event, so nothing is
// lost with the process; what was handed out is held until its Service is stored, so that two
// creates at once never get the same.
//
// Owner: the Service plugin. Thread: the API's loop. Limits: the address range and the port range.
// Errors: field errors, in Kubernetes' words.
// Source: pkg/registry/core/service/{ipallocator,portallocator,storage/alloc.go}, as behaviour.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "cloudcore/standalone/kinds/field_error.h"
#include "common/base/result.h"
#include "common/base/units.h"
#include "common/seam/world.h"

namespace skerry::standalone {

/// Who asks for numbers.
struct NumberClaim {
  std::string owner;  // "<ns>/<name>": may take again what it was given and has not stored
  TimePoint now;
  bool hold = true;  // false: a dry run, which is given numbers and leaves them free
};

/// Numbers of one range, each with the Service that has it.
class NumberPool {
 public:
  enum class Taken { kYes, kAlready, kOutside };

  NumberPool(std::uint32_t first, std::uint32_t last) : first_(first), last_(last) {}

  bool covers(std::uint32_t number) const { return number >= first_ && number <= last_; }
  Taken take(std::uint32_t number, const NumberClaim& claim);
  /// A random free one; 0: there is none. `first_choice`: where random ones begin, so that what
  /// people choose by hand (low numbers) is rarely taken.
  std::uint32_t take_any(std::uint32_t first_choice,
                         seam::Random& random,
                         const NumberClaim& claim);
  /// A stored Service has it, or has it no more.
  void assign(std::uint32_t number) { used_[number] = {TimePoint::max(), {}}; }
  void release(std::uint32_t number) { used_.erase(number); }

 private:
  bool in_use(std::uint32_t number, TimePoint now) const;

  std::uint32_t first_;
  std::uint32_t last_;
  struct Use {
    TimePoint until;  // max: a stored Service has it
    std::string owner;
  };
  std::map<std::uint32_t, Use> used_;
};

class ServiceAddresses {
 public:
  /// Errors: kMalformed (`cidr` is no IPv4 range of at least eight addresses).
  static Result<ServiceAddresses> create(const std::string& cidr,
                                         std::uint16_t first_port,
                                         std::uint16_t last_port);

  /// What a stored Service (its object) has, and has no more.
  void add(const nlohmann::json& service);
  void remove(const nlohmann::json& service);

  /// Gives the Service what its type needs and it has not; `old` null: it is created. Nothing is
  /// changed when there are errors.
  FieldErrors complete(nlohmann::json& service,
                       const nlohmann::json* old,
                       seam::Random& random,
                       const NumberClaim& claim);

 private:
  ServiceAddresses(std::string cidr, NumberPool addresses, NumberPool ports);
  void give_families(nlohmann::json& spec, FieldErrors& errors) const;
  void give_address(nlohmann::json& spec,
                    const nlohmann::json& former,
                    seam::Random& random,
                    const NumberClaim& claim,
                    FieldErrors& errors);
  void give_ports(nlohmann::json& spec,
                  const nlohmann::json& former,
                  seam::Random& random,
                  const NumberClaim& claim,
                  FieldErrors& errors);

  std::string cidr_;
  std::uint32_t first_choice_ = 0;  // above the addresses that people choose by hand
  NumberPool addresses_;
  NumberPool ports_;
  std::uint32_t first_port_ = 0;
  std::uint32_t last_port_ = 0;
};

/// "10.43.0.1"; 0: no IPv4 address.
std::uint32_t parse_ipv4(const std::string& text);
std::string format_ipv4(std::uint32_t address);

}  // namespace skerry::standalone

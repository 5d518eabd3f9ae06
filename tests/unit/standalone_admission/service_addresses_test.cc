#include "cloudcore/standalone/admission/service_addresses.h"

#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/catch.h"
#include "tests/support/manual_world.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

json service(const char* spec) { return {{"spec", json::parse(spec)}}; }

struct Fixture {
  ServiceAddresses addresses = *ServiceAddresses::create("10.43.0.0/29", 30000, 30003);
  test::ManualWorld world;

  std::string give(json& to,
                   const std::string& owner,
                   const json* old = nullptr,
                   bool hold = true) {
    std::string out;
    const NumberClaim claim{owner, world.now(), hold};
    for (const FieldError& each : addresses.complete(to, old, world, claim)) out += each.text();
    return out;
  }
};

TEST_CASE("ServiceAddresses: every Service gets another address, until there is none",
          "[standalone]") {
  Fixture f;
  std::set<std::string> given;
  for (int i = 0; i < 6; ++i) {
    json one = service(R"({"type":"ClusterIP"})");
    CHECK(f.give(one, "default/" + std::to_string(i)).empty());
    CHECK(one["spec"]["clusterIPs"][0] == one["spec"]["clusterIP"]);
    given.insert(one["spec"]["clusterIP"].get<std::string>());
  }
  CHECK(given.size() == 6);
  json seventh = service(R"({"type":"ClusterIP"})");
  CHECK(f.give(seventh, "default/7") ==
        "spec.clusterIPs: Invalid value: []: failed to allocate a serviceIP: range is full");
  f.world.advance(std::chrono::minutes(3));  // none of the six was ever stored
  CHECK(f.give(seventh, "default/7").empty());
}

TEST_CASE("ServiceAddresses: what is stored is taken, and free again when it has gone",
          "[standalone]") {
  Fixture f;
  const json there =
      service(R"({"type":"NodePort","clusterIP":"10.43.0.2","ports":[{"nodePort":30001}]})");
  f.addresses.add(there);
  json asks = service(R"({"type":"ClusterIP","clusterIP":"10.43.0.2"})");
  CHECK(f.give(asks, "default/a") ==
        "spec.clusterIPs: Invalid value: [\"10.43.0.2\"]: failed to allocate IP 10.43.0.2: "
        "provided IP is already allocated");
  json port = service(R"({"type":"NodePort","ports":[{"protocol":"TCP","nodePort":30001}]})");
  CHECK(f.give(port, "default/b") ==
        "spec.ports[0].nodePort: Invalid value: 30001: provided port is already allocated");
  f.addresses.remove(there);
  CHECK(f.give(asks, "default/a").empty());
  CHECK(f.give(port, "default/b").empty());
}

TEST_CASE("ServiceAddresses: a number is held for who asked, for a while, and not by a dry run",
          "[standalone]") {
  Fixture f;
  const json wish = service(R"({"type":"ClusterIP","clusterIP":"10.43.0.3"})");
  json dry = wish;
  CHECK(f.give(dry, "default/a", nullptr, false).empty());
  json first = wish;
  CHECK(f.give(first, "default/a").empty());
  json again = wish;  // another writer came between: the same request is tried again
  CHECK(f.give(again, "default/a").empty());
  json other = wish;
  CHECK_FALSE(f.give(other, "default/b").empty());
  f.world.advance(std::chrono::minutes(3));
  CHECK(f.give(other, "default/b").empty());
}

TEST_CASE("ServiceAddresses: node ports by type, and two protocols on one number", "[standalone]") {
  Fixture f;
  json one = service(R"({"type":"NodePort","ports":[{"protocol":"TCP","nodePort":30002},
    {"protocol":"UDP","nodePort":30002},{"protocol":"TCP"}]})");
  CHECK(f.give(one, "default/a").empty());
  CHECK(one["spec"]["ports"][2]["nodePort"].get<int>() >= 30000);
  json twice = service(R"({"type":"NodePort","ports":[{"protocol":"TCP","nodePort":30003},
    {"protocol":"TCP","nodePort":30003}]})");
  CHECK(f.give(twice, "default/b") ==
        "spec.ports[1].nodePort: Invalid value: 30003: provided port is already allocated");
  json beyond = service(R"({"type":"NodePort","ports":[{"protocol":"TCP","nodePort":80}]})");
  CHECK(f.give(beyond, "default/c") ==
        "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The "
        "range of valid ports is 30000-30003");
}

TEST_CASE("ServiceAddresses: families", "[standalone]") {
  Fixture f;
  json headless = service(R"({"type":"ClusterIP","clusterIP":"None"})");
  CHECK(f.give(headless, "default/a").empty());
  CHECK(headless["spec"]["ipFamilies"] == json({"IPv4", "IPv6"}));
  json selecting = service(R"({"type":"ClusterIP","clusterIP":"None","selector":{"a":"b"}})");
  CHECK(f.give(selecting, "default/b").empty());
  CHECK(selecting["spec"]["ipFamilies"] == json({"IPv4"}));
  json name = service(R"({"type":"ExternalName","externalName":"a.b"})");
  CHECK(f.give(name, "default/c").empty());
  CHECK_FALSE(name["spec"].contains("clusterIP"));
}

TEST_CASE("ServiceAddresses: a range is an IPv4 network", "[standalone]") {
  for (const char* bad : {"", "10.43.0.0", "10.43.0.0/30", "10.43.0.0/x", "::/64", "x/16"}) {
    CHECK_FALSE(ServiceAddresses::create(bad, 30000, 32767).has_value());
  }
}

}  // namespace
}  // namespace skerry::standalone

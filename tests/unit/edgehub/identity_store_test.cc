#include "edgecore/edgehub/identity_store.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "common/config/edge_config.h"
#include "common/tls/authority.h"
#include "common/tls/key.h"
#include "edgecore/edgehub/renewal.h"
#include "edgecore/edgehub/server_address.h"
#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edgehub;
namespace fs = std::filesystem;

namespace {

const WallTime kNow{std::chrono::seconds(1'800'000'000)};

class TemporaryDirectory {
 public:
  TemporaryDirectory() { REQUIRE(mkdtemp(path_.data()) != nullptr); }
  ~TemporaryDirectory() { fs::remove_all(path_); }
  fs::path path() const { return path_; }

 private:
  std::string path_ = "/tmp/skerry-identity-XXXXXX";
};

lane::CertificateReply issue(const tls::Authority& ca, const std::string& key) {
  const std::string csr = *tls::make_request(key, "system:node:gw");
  tls::NodeOrder order;
  order.node = NodeName("gw");
  order.request_pem = csr;
  order.now = kNow;
  return {*tls::issue_node_certificate(ca, order) + ca.certificate_pem, ca.certificate_pem};
}

JoinedConfig joined_config() {
  return {NodeName("gw"), "[2001:db8::1]:10000", {{"site", "a \"b\""}}, "unix:///tmp/c.sock"};
}

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("IdentityStore: what a join wrote is read back, private to its owner", "[edgehub]") {
  const TemporaryDirectory directory;
  IdentityStore store(directory.path() / "deep" / "data");
  CHECK_FALSE(store.load().value());
  const std::string key = store.key_for_join().value();
  CHECK_FALSE(store.load().value());           // a key alone is no identity
  CHECK(store.key_for_join().value() == key);  // the repeated join has the same key
  const tls::Authority ca = *tls::make_authority("ca", kNow);
  const lane::CertificateReply reply = issue(ca, key);
  REQUIRE(store.save_join(reply, joined_config()));

  const std::optional<StoredIdentity> identity = store.load().value();
  REQUIRE(identity);
  CHECK(identity->node == NodeName("gw"));
  CHECK(identity->key_pem == key);
  CHECK(identity->certificate_pem == reply.certificate_pem);
  CHECK(identity->ca_bundle_pem == ca.certificate_pem);
  CHECK(mode_of(store.directory()) == 0700);
  for (const auto& entry : fs::directory_iterator(store.directory())) {
    CAPTURE(entry.path());
    CHECK(mode_of(entry.path()) == 0600);
    CHECK(entry.path().extension() != ".new");
  }

  const auto config = config::parse_edge_config(identity->config_yaml, "config.yaml");
  REQUIRE(config);
  CHECK(config->warnings.empty());
  CHECK(config->config.node_name == "gw");
  CHECK(config->config.cloud_server == "[2001:db8::1]:10000");
  CHECK(config->config.node_labels == config::Labels{{"site", "a \"b\""}});
  CHECK(config->config.runtime_endpoint == "unix:///tmp/c.sock");
}

TEST_CASE("IdentityStore: a crash between the files of a join leaves a node that can join again",
          "[edgehub]") {
  const TemporaryDirectory directory;
  IdentityStore store(directory.path());
  const std::string key = store.key_for_join().value();
  const tls::Authority ca = *tls::make_authority("ca", kNow);
  REQUIRE(store.save_join(issue(ca, key), joined_config()));
  // Before node.crt was written, with the leftovers of a cut write.
  fs::remove(store.directory() / "node.crt");
  std::ofstream(store.directory() / "node.crt.new") << "half";
  CHECK_FALSE(store.load().value());
  CHECK(store.key_for_join().value() == key);
  REQUIRE(store.save_join(issue(ca, key), joined_config()));
  CHECK(store.load().value());
}

TEST_CASE("IdentityStore: damage is told with what to do", "[edgehub]") {
  const tls::Authority ca = *tls::make_authority("ca", kNow);
  const std::string other_key = *tls::make_key();
  const std::pair<const char*, std::string> rows[] = {
      {"node.crt", "garbage"}, {"node.crt", ""}, {"node.key", other_key}, {"node.key", "garbage"}};
  for (const auto& [name, text] : rows) {
    const TemporaryDirectory directory;
    IdentityStore store(directory.path());
    REQUIRE(store.save_join(issue(ca, store.key_for_join().value()), joined_config()));
    std::ofstream(store.directory() / name, std::ios::trunc) << text;
    CAPTURE(name, text.substr(0, 10));
    Result<std::optional<StoredIdentity>> loaded = store.load();
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().what.find("join again") != std::string::npos);
    CHECK(loaded.error().what.find("PRIVATE") == std::string::npos);
  }
  for (const char* name : {"node.key", "ca.crt", "config.yaml"}) {
    const TemporaryDirectory directory;
    IdentityStore store(directory.path());
    REQUIRE(store.save_join(issue(ca, store.key_for_join().value()), joined_config()));
    fs::remove(store.directory() / name);
    CAPTURE(name);
    CHECK(store.load().error().what.find(std::string(name) + " is missing") != std::string::npos);
  }
}

TEST_CASE("IdentityStore: a renewal for another key is refused, reset forgets everything",
          "[edgehub]") {
  const TemporaryDirectory directory;
  IdentityStore store(directory.path());
  const std::string key = store.key_for_join().value();
  const tls::Authority ca = *tls::make_authority("ca", kNow);
  const tls::Authority next = *tls::make_authority("next", kNow);
  REQUIRE(store.save_join(issue(ca, key), joined_config()));
  lane::CertificateReply renewed = issue(ca, key);
  renewed.ca_bundle_pem += next.certificate_pem;
  REQUIRE(store.save_renewed(renewed));
  CHECK(store.load().value()->certificate_pem == renewed.certificate_pem);
  CHECK(store.load().value()->ca_bundle_pem == renewed.ca_bundle_pem);
  CHECK_FALSE(store.save_renewed(issue(ca, *tls::make_key())));
  CHECK_FALSE(store.save_ca_bundle("not PEM"));
  CHECK(store.load().value()->certificate_pem == renewed.certificate_pem);

  REQUIRE(store.remove());
  CHECK_FALSE(fs::exists(store.directory()));
  CHECK(store.remove());
  CHECK_FALSE(store.load().value());
}

TEST_CASE("Renewal: between 70 and 90 % of the life, by the certificate's own jitter",
          "[edgehub]") {
  const WallTime from = kNow - kCertificateBackdate;
  const WallTime end = kNow + 1000h;
  WallTime first = end;
  WallTime last = kNow;
  for (std::uint64_t jitter = 0; jitter < 1000; ++jitter) {
    const WallTime at = renewal_time(from, end, jitter * 7919);
    first = std::min(first, at);
    last = std::max(last, at);
  }
  CHECK(first == kNow + 700h);
  CHECK(last == kNow + 900h);
  CHECK(certificate_state(from, end, 0, kNow + 699h) == CertificateState::kFresh);
  CHECK(certificate_state(from, end, 0, kNow + 700h) == CertificateState::kDue);
  CHECK(certificate_state(from, end, 0, end) == CertificateState::kExpired);
  CHECK(certificate_state(from, end, 0, end + 24h * 364) == CertificateState::kExpired);
  CHECK(certificate_state(from, end, 0, end + 24h * 365) == CertificateState::kTooLate);
}

TEST_CASE("Renewal: a life that is shorter than the backdating is not over at once", "[edgehub]") {
  const WallTime from = kNow - kCertificateBackdate;
  CHECK(renewal_time(from, kNow + 100s, 0) == kNow + 70s);
  CHECK(certificate_state(from, kNow + 100s, 0, kNow + 1s) == CertificateState::kFresh);
  CHECK(renewal_time(from, from + 60s, 7) == from + 60s);  // of a CA that gave it no more
}

TEST_CASE("Renewal: judged again when the clock jumps, forth and back", "[edgehub]") {
  const WallTime from = kNow - kCertificateBackdate;
  const WallTime end = kNow + 1000h;
  const std::pair<WallTime, CertificateState> steps[] = {
      {kNow + 1h, CertificateState::kFresh},
      {end + 24h * 400, CertificateState::kTooLate},  // a clock set wrong
      {kNow + 2h, CertificateState::kFresh},          // and set right
      {end + 1h, CertificateState::kExpired},
      {WallTime{}, CertificateState::kFresh},  // no clock: the hub judges
  };
  for (const auto& [now, state] : steps) CHECK(certificate_state(from, end, 0, now) == state);
}

TEST_CASE("ServerAddress: names, addresses, ports", "[edgehub]") {
  const std::tuple<const char*, const char*, int> good[] = {
      {"cloud.example", "cloud.example", 10000},
      {"10.1.2.3:443", "10.1.2.3", 443},
      {"[::1]:5", "::1", 5},
      {"[2001:db8::1]", "2001:db8::1", 10000}};
  for (const auto& [text, host, port] : good) {
    Result<ServerAddress> address = parse_server_address(text);
    REQUIRE(address);
    CHECK(address->host == host);
    CHECK(address->port == port);
    CHECK(parse_server_address(address->text())->text() == address->text());
  }
  for (const char* bad : {"", ":10000", "a:", "a:0", "a:65536", "a:1x", "::1", "[::1", "[]:1",
                          "https://a:1", "a b:1", "a:1:2", "[::1]x", "user@a:1"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_server_address(bad));
  }
}

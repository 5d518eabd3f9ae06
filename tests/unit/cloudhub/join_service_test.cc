#include "cloudcore/cloudhub/join_service.h"

#include "cloudcore/cloudhub/identity_metrics.h"
#include "common/tls/certificate.h"
#include "common/tls/key.h"
#include "tests/support/fake_identity_store.h"
#include "tests/support/manual_world.h"
#include "tests/support/run_task.h"

using namespace skerry;
using namespace skerry::cloudhub;

namespace {

/// A cloudcore's identity side on a store in memory.
struct Bench {
  boost::asio::io_context loop;
  test::ManualWorld world;
  std::shared_ptr<test::FakeIdentityStore> store = std::make_shared<test::FakeIdentityStore>();
  metrics::Registry registry;
  std::shared_ptr<const Pki> pki = make_pki();
  std::shared_ptr<JoinService> service = make_service();

  std::shared_ptr<const Pki> make_pki() {
    Result<CaSet> ca = test::run_task(loop, load_ca_set(store, world.world(), {}));
    REQUIRE(ca);
    return *Pki::make(*ca, kNodeCertificateLife, world.wall());
  }
  std::shared_ptr<JoinService> make_service() {
    auto made =
        std::make_shared<JoinService>(JoinService::Parts{store, pki, world.world(), &registry});
    made->set_denied(std::make_shared<const DenySet>());
    return made;
  }
  void refresh_denied() {
    service->set_denied(
        std::make_shared<const DenySet>(*test::run_task(loop, read_deny_list(store))));
  }
  std::string token(TokenWish wish = {}) {
    JoinTokens tokens(store, world.world());
    const PrintedToken printed = *test::run_task(loop, tokens.create(wish, pki->hash()));
    CHECK(printed.ca_hash == pki->hash());
    return printed.id + "." + printed.secret;
  }
  Result<lane::CertificateReply> join(const std::string& token,
                                      const std::string& node,
                                      const std::string& csr,
                                      Labels labels = {}) {
    lane::JoinRequest request{token, NodeName(node), csr, labels};
    world.advance(1s);  // so that the rate limit is not what answers
    return test::run_task(loop, JoinService::join(service, request, "198.51.100.7"));
  }
  Result<lane::CertificateReply> renew(const lane::PeerIdentity& peer, const std::string& csr) {
    world.advance(1s);
    return test::run_task(loop, JoinService::renew(service, peer, {csr}));
  }
  std::uint64_t joins(const char* result) {
    return registry.counter(kJoinsTotal, {{"result", result}}).value();
  }
};

std::string new_key() { return *tls::make_key(); }
std::string csr_for(const std::string& node, const std::string& key) {
  return *tls::make_request(key, "system:node:" + node);
}
lane::PeerIdentity peer_of(const lane::CertificateReply& reply, bool expired = false) {
  const tls::CertificateInfo info = *tls::parse_certificate(reply.certificate_pem);
  return {info.common_name, info.serial_hex, expired, info.not_before, info.not_after};
}
bool has(const Error& error, const std::string& text) {
  INFO(error.what);
  return error.what.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("JoinService: a token buys a certificate whose fields the server decides", "[cloudhub]") {
  Bench bench;
  const std::string key = new_key();
  Result<lane::CertificateReply> reply =
      bench.join(bench.token({.labels = {{"skerry.io/offline-policy", "keep"}, {"a", "token"}}}),
                 "gw", csr_for("gw", key), {{"a", "node"}, {"b", "node"}});
  REQUIRE(reply);
  const auto chain = tls::parse_chain(reply->certificate_pem);
  REQUIRE(chain);
  REQUIRE(chain->size() == 2);  // leaf, then the root
  const tls::CertificateInfo& leaf = chain->front();
  CHECK(leaf.common_name == "system:node:gw");
  CHECK(leaf.client_auth);
  CHECK_FALSE(leaf.server_auth);
  CHECK_FALSE(leaf.is_ca);
  CHECK(leaf.not_after <= bench.world.wall() + kNodeCertificateLife);
  CHECK(tls::check_key_matches(key, reply->certificate_pem));
  CHECK(reply->ca_bundle_pem == bench.pki->bundle_pem());

  const auto identity = test::run_task(bench.loop, find_identity(bench.store, NodeName("gw")));
  REQUIRE(identity.value());
  CHECK((**identity).serial == leaf.serial_hex);
  CHECK((**identity).labels ==
        Labels{{"a", "token"}, {"b", "node"}, {"skerry.io/offline-policy", "keep"}});
  CHECK(bench.joins("issued") == 1);
}

TEST_CASE("JoinService: bad requests get no certificate, each its own reason", "[cloudhub]") {
  Bench bench;
  const std::string key = new_key();
  const std::string good = csr_for("gw", key);
  const std::string token = bench.token();
  const auto refused = [&bench](const std::string& tok, const std::string& node,
                                const std::string& csr, Labels labels = {}) {
    Result<lane::CertificateReply> reply = bench.join(tok, node, csr, std::move(labels));
    REQUIRE_FALSE(reply);
    const lane::Goodbye goodbye = goodbye_for(reply.error());
    CHECK(goodbye.code == lane::GoodbyeCode::kProtocol);
    CHECK(goodbye.reason == reply.error().what);
    return reply.error();
  };
  CHECK(has(refused("", "gw", good), "not known"));
  CHECK(has(refused("nonsense", "gw", good), "not known"));
  CHECK(has(refused(token, "Gw_1", good), "a node's name"));
  CHECK(has(refused(token, "", good), "a node's name"));
  CHECK(has(refused(token, std::string(201, 'a'), good), "a node's name"));
  CHECK(has(refused(token, "gw", ""), "certificate request"));
  CHECK(has(refused(token, "gw", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"),
            "certificate request"));
  CHECK(has(refused(token, "gw", good + std::string(300 * kKiB, ' ')), "certificate request"));
  for (const char* name : {"system:node:other", "system:node:", "system:admin", "gw", "",
                           "system:node:gw,O=system:masters", "system:node:GW"}) {
    CAPTURE(name);
    CHECK(has(refused(token, "gw", *tls::make_request(key, name)), "not for node \"gw\""));
  }
  // A signature by another key: the last letters of the base64 carry it.
  std::string forged = good;
  const std::size_t at = forged.find("-----END") - 12;
  forged[at] = forged[at] == 'A' ? 'B' : 'A';
  CHECK(has(refused(token, "gw", forged), "certificate request"));
  for (const char* label : {"node-restriction.kubernetes.io/x", "skerry.io/offline-policy", ""}) {
    CAPTURE(label);
    CHECK(has(refused(token, "gw", good, {{label, "x"}}), "label"));
  }
  CHECK(bench.joins("issued") == 0);
  // None of these has cost the token its use.
  CHECK(bench.join(token, "gw", good));
}

TEST_CASE("JoinService: a join is repeated by key, also when the first try ended half way",
          "[cloudhub]") {
  Bench bench;
  const std::string token = bench.token();
  const std::string csr = csr_for("gw", new_key());
  // Reads of identity and token, the token's write; then the read of the identity fails.
  bench.store->faults = {};
  const auto nothing = bench.store->writes;
  lane::JoinRequest request{token, NodeName("gw"), csr, {}};
  bool failed_once = false;
  boost::asio::co_spawn(bench.loop, JoinService::join(bench.service, request, "a"),
                        [&](std::exception_ptr failure, Result<lane::CertificateReply> reply) {
                          REQUIRE_FALSE(failure);
                          failed_once = !reply;
                        });
  bench.loop.restart();
  while (bench.store->writes == nothing) bench.loop.run_one();
  bench.store->faults = {{{Code::kUnavailable, "API away", {}}, false}};
  bench.loop.run();
  REQUIRE(failed_once);
  CHECK_FALSE(bench.store->records.contains("node-identity.gw"));

  Result<lane::CertificateReply> again = bench.join(token, "gw", csr);
  REQUIRE(again);
  CHECK(bench.joins("repeated") == 1);
  CHECK(bench.store->records.contains("node-identity.gw"));
  Result<lane::CertificateReply> third = bench.join(token, "gw", csr);
  REQUIRE(third);
  CHECK(third->certificate_pem == again->certificate_pem);
}

TEST_CASE("JoinService: a living name is not taken over by a token made for nobody", "[cloudhub]") {
  Bench bench;
  Result<lane::CertificateReply> first = bench.join(bench.token(), "gw", csr_for("gw", new_key()));
  REQUIRE(first);
  const std::string csr = csr_for("gw", new_key());
  Result<lane::CertificateReply> thief = bench.join(bench.token(), "gw", csr);
  REQUIRE_FALSE(thief);
  CHECK(has(thief.error(), "cloudcore token create --node gw"));

  // With a token for that very name the new one takes its place, and the old certificate is denied.
  Result<lane::CertificateReply> heir =
      bench.join(bench.token({.node = NodeName("gw")}), "gw", csr);
  REQUIRE(heir);
  // At once, before the deny list has come round.
  CHECK(has(bench.renew(peer_of(*first), csr).error(), "was replaced"));
  bench.refresh_denied();
  lane::Goodbye refusal;
  const DenySet set = *test::run_task(bench.loop, read_deny_list(bench.store));
  CHECK(admit(peer_of(*first), &set, bench.world.wall(), refusal) == Admission::kNothing);
  CHECK(refusal.code == lane::GoodbyeCode::kRevoked);
  CHECK(admit(peer_of(*heir), &set, bench.world.wall(), refusal) == Admission::kSession);
}

TEST_CASE("JoinService: the certificate decides what a connection may do", "[cloudhub]") {
  const WallTime now{std::chrono::seconds(1'800'000'000)};
  const DenySet set;
  lane::Goodbye refusal;
  const auto admitted = [&](const std::string& name, WallTime not_after) {
    return admit({name, "1", false, now - 24h, not_after}, &set, now, refusal);
  };
  CHECK(admitted("", {}) == Admission::kJoinOnly);
  CHECK(admitted("system:node:gw", now + 1h) == Admission::kSession);
  CHECK(admitted("system:node:gw", now - 1s) == Admission::kRenewOnly);
  CHECK(admitted("system:node:gw", now - 24h * 364) == Admission::kRenewOnly);
  CHECK(admitted("system:node:gw", now - 24h * 366) == Admission::kNothing);
  CHECK(refusal.reason.find("join again") != std::string::npos);
  for (const char* name : {"gw", "system:node:", "system:admin", "system:node:A b", "kubernetes"}) {
    CAPTURE(name);
    CHECK(admitted(name, now + 1h) == Admission::kNothing);
  }
  CHECK(admit({"system:node:gw", "1", false, now, now + 1h}, nullptr, now, refusal) ==
        Admission::kNothing);
  CHECK(refusal.code == lane::GoodbyeCode::kNotReady);
}

TEST_CASE("JoinService: renewal, up to a year after the end, and never when revoked",
          "[cloudhub]") {
  Bench bench;
  const std::string key = new_key();
  Result<lane::CertificateReply> first = bench.join(bench.token(), "gw", csr_for("gw", key));
  REQUIRE(first);
  bench.world.advance(24h * 25);
  Result<lane::CertificateReply> second = bench.renew(peer_of(*first), csr_for("gw", new_key()));
  REQUIRE(second);
  CHECK(peer_of(*second).serial_hex != peer_of(*first).serial_hex);
  // The answer was lost: the node still has the first.
  CHECK(bench.renew(peer_of(*first), csr_for("gw", key)));
  CHECK_FALSE(bench.renew(peer_of(*second), csr_for("other", key)));

  bench.world.advance(24h * 300);
  Result<lane::CertificateReply> late = bench.renew(peer_of(*second, true), csr_for("gw", key));
  REQUIRE(late);
  bench.world.advance(24h * 396);
  Result<lane::CertificateReply> too_late = bench.renew(peer_of(*late, true), csr_for("gw", key));
  REQUIRE_FALSE(too_late);
  CHECK(has(too_late.error(), "too long ago"));
}

TEST_CASE("JoinService: a revoked node is out until it joins by a new token", "[cloudhub]") {
  Bench bench;
  const std::string key = new_key();
  const std::string token = bench.token();
  Result<lane::CertificateReply> first = bench.join(token, "gw", csr_for("gw", key));
  REQUIRE(first);
  // By a machine whose clock is an hour behind.
  const WallTime behind = bench.world.wall() - 1h;
  CHECK(
      test::run_task(bench.loop, revoke_node(bench.store, NodeName("gw"), behind, "lost")).value());
  bench.refresh_denied();
  CHECK(has(bench.renew(peer_of(*first), csr_for("gw", key)).error(), "revoked"));
  CHECK(has(bench.join(token, "gw", csr_for("gw", key)).error(), "revoked"));
  // Still so for a cloudcore that starts anew from the store.
  bench.service = bench.make_service();
  bench.refresh_denied();
  CHECK(has(bench.renew(peer_of(*first), csr_for("gw", key)).error(), "revoked"));

  Result<lane::CertificateReply> back = bench.join(bench.token(), "gw", csr_for("gw", new_key()));
  REQUIRE(back);
  bench.refresh_denied();
  CHECK(bench.renew(peer_of(*back), csr_for("gw", key)));
  CHECK(has(bench.renew(peer_of(*first), csr_for("gw", key)).error(), "revoked"));
}

TEST_CASE("JoinService: nobody joins before the deny list is known; floods are throttled",
          "[cloudhub]") {
  Bench bench;
  bench.service->set_denied(nullptr);
  const std::string token = bench.token();
  const std::string csr = csr_for("gw", new_key());
  const Error early = bench.join(token, "gw", csr).error();
  CHECK(goodbye_for(early).code == lane::GoodbyeCode::kNotReady);
  CHECK(goodbye_for(early).retry_after >= 1s);
  bench.refresh_denied();

  int evaluated = 0;
  for (int i = 0; i < 1000; ++i) {  // within one moment
    lane::JoinRequest request{"abcdef.00000000000000000000000000000000", NodeName("gw"), csr, {}};
    const auto reply = test::run_task(bench.loop, JoinService::join(bench.service, request, "b"));
    if (reply.error().code != Code::kThrottled) ++evaluated;
  }
  CHECK(evaluated == 10);
  CHECK(bench.join(token, "gw", csr));  // from another address
}

TEST_CASE("Pki: the cluster's client CA is refused, also under another certificate", "[cloudhub]") {
  test::ManualWorld world;
  const tls::Authority ours = *tls::make_authority("ours", world.wall());
  const tls::Authority other = *tls::make_authority("other", world.wall());
  CHECK(check_not_client_ca(ours, ""));
  CHECK(check_not_client_ca(ours, other.certificate_pem));
  Result<void> same = check_not_client_ca(ours, other.certificate_pem + ours.certificate_pem);
  REQUIRE_FALSE(same);
  CHECK(has(same.error(), "client CA"));
  CHECK_FALSE(check_not_client_ca(ours, "not PEM"));
}

TEST_CASE("Pki: the hub's certificate has every name and is made anew in time", "[cloudhub]") {
  Bench bench;
  const ServerNames names = server_names(
      {"Cloud.example", "10.1.2.3", "::1", "", "10.1.2.3", "fe80::1%eth0", "cloud.example"});
  CHECK(names.dns_names == std::vector<std::string>{"cloud.example"});
  CHECK(names.ip_addresses == std::vector<std::string>{"10.1.2.3", "::1"});
  Result<ServerCertificate> server = bench.pki->issue_server(names, bench.world.wall());
  REQUIRE(server);
  const auto chain = tls::parse_chain(server->chain_pem);
  REQUIRE(chain->size() == 2);
  CHECK(chain->front().server_auth);
  CHECK_FALSE(chain->front().client_auth);
  CHECK(to_hex({reinterpret_cast<const char*>(chain->back().sha256.data()), 32}) ==
        bench.pki->hash());
  CHECK_FALSE(needs_reissue(*server, names, bench.world.wall()));
  CHECK(needs_reissue(*server, server_names({"other"}), bench.world.wall()));
  CHECK(needs_reissue(*server, names, bench.world.wall() + 24h * 21));
  const std::vector<std::string> local = local_server_names();
  CHECK(std::find(local.begin(), local.end(), "127.0.0.1") != local.end());
}

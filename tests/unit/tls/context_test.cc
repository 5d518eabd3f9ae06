#include "common/tls/context.h"

#include <openssl/ssl.h>

#include "common/tls/authority.h"
#include "common/tls/key.h"
#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::tls;

namespace {

const WallTime kNow{std::chrono::sys_days(std::chrono::year(2026) / 5 / 4)};
constexpr auto kDay = std::chrono::hours(24);

Authority new_ca() { return make_authority("skerry-ca", kNow - 60 * kDay).value(); }

Identity hub_identity(const Authority& ca, WallTime issued = kNow) {
  const std::string key = make_key().value();
  const ServerOrder order{key, {"hub.example.org"}, {"127.0.0.1"}, issued};
  return {issue_server_certificate(ca, order).value() + ca.certificate_pem, key};
}

Identity node_identity(const Authority& ca, WallTime issued = kNow) {
  const std::string key = make_key().value();
  const NodeOrder order{NodeName("gateway-7"), make_request(key, "").value(), issued};
  return {issue_node_certificate(ca, order).value(), key};
}

std::shared_ptr<ServerContext> hub(const Authority& ca) {
  return ServerContext::create(hub_identity(ca), ca.certificate_pem).value();
}

std::shared_ptr<ClientContext> node(const Authority& trusted, std::optional<Identity> own = {}) {
  return ClientContext::create({trusted.certificate_pem, std::nullopt}, own).value();
}

std::shared_ptr<ClientContext> joining_node(const Sha256& root) {
  return ClientContext::create({"", root}, std::nullopt).value();
}

Sha256 root_hash(const Authority& ca) {
  return parse_certificate(ca.certificate_pem).value().sha256;
}

// Both sides of one handshake over memory. Each drives until it has finished or failed; then each
// reads once, because a TLS 1.3 client learns only there that it is refused.
struct Handshake {
  Session server;
  Session client;
  std::optional<Error> server_error;
  std::optional<Error> client_error;

  Handshake(Result<Session> s, Result<Session> c)
      : server(std::move(s.value())), client(std::move(c.value())) {
    BIO *a = nullptr, *b = nullptr;
    BIO_new_bio_pair(&a, 64 * 1024, &b, 64 * 1024);
    SSL_set_bio(server.ssl(), a, a);
    SSL_set_bio(client.ssl(), b, b);
    for (int i = 0; i < 6; ++i) {
      step(client, client_error);
      step(server, server_error);
    }
    read(client, client_error);
  }
  bool ok() const { return !server_error && !client_error; }

 private:
  static void note(Session& session, int result, std::optional<Error>& error) {
    if (result > 0 || error) return;
    if (SSL_get_error(session.ssl(), result) == SSL_ERROR_SSL) error = session.explain();
  }
  static void step(Session& session, std::optional<Error>& error) {
    if (!error) note(session, SSL_do_handshake(session.ssl()), error);
  }
  static void read(Session& session, std::optional<Error>& error) {
    char byte;
    if (!error) note(session, SSL_read(session.ssl(), &byte, 1), error);
  }
};

bool says(const std::optional<Error>& error, const std::string& words) {
  UNSCOPED_INFO((error ? error->what : "no error"));
  return error && error->code == Code::kUnauthorized &&
         error->what.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("TLS: both sides know each other after a handshake", "[tls]") {
  const Authority ca = new_ca();
  Handshake tls(hub(ca)->start(kNow), node(ca, node_identity(ca))->start("hub.example.org", kNow));
  REQUIRE(tls.ok());
  REQUIRE(tls.server.peer());
  CHECK(tls.server.peer()->common_name == "system:node:gateway-7");
  CHECK_FALSE(tls.server.peer_expired());
  CHECK(tls.client.peer()->server_auth);
  CHECK(std::string(SSL_get_version(tls.client.ssl())) == "TLSv1.3");
}

TEST_CASE("TLS: a node does not send its root, which the hub would keep for each connection",
          "[tls]") {
  const Authority ca = new_ca();
  Identity own = node_identity(ca);
  own.chain_pem += ca.certificate_pem;  // as the hub hands it out
  Handshake tls(hub(ca)->start(kNow), node(ca, own)->start("hub.example.org", kNow));
  REQUIRE(tls.ok());
  const auto* sent_by_hub = SSL_get_peer_cert_chain(tls.client.ssl());
  CHECK(sk_X509_num(sent_by_hub) == 2);  // a join compares the root
  const auto* sent_by_node = SSL_get_peer_cert_chain(tls.server.ssl());
  CHECK(sk_X509_num(sent_by_node) <= 0);  // the server's view is without the leaf
}

TEST_CASE("TLS: a node without certificate is accepted as nobody", "[tls]") {
  const Authority ca = new_ca();
  Handshake tls(hub(ca)->start(kNow), node(ca)->start("127.0.0.1", kNow));
  CHECK(tls.ok());
  CHECK_FALSE(tls.server.peer());
}

TEST_CASE("TLS: an expired node certificate is accepted and flagged", "[tls]") {
  const Authority ca = new_ca();
  const Identity old = node_identity(ca, kNow - 31 * kDay);
  Handshake tls(hub(ca)->start(kNow), node(ca, old)->start("127.0.0.1", kNow));
  CHECK(tls.ok());
  REQUIRE(tls.server.peer());
  CHECK(tls.server.peer_expired());
}

TEST_CASE("TLS: a node certificate that is wrong otherwise is refused on both sides", "[tls]") {
  const Authority ca = new_ca();
  const Authority other = new_ca();
  const auto refused = [&](const Identity& own, const char* at_hub, const char* at_node) {
    Handshake tls(hub(ca)->start(kNow), node(ca, own)->start("127.0.0.1", kNow));
    CHECK(says(tls.server_error, at_hub));
    CHECK(says(tls.client_error, at_node));
    CHECK_FALSE(tls.server.peer());
  };
  refused(node_identity(other), "was not issued by this hub's CA", "does not trust the CA of our");
  refused(node_identity(ca, kNow + 2 * kDay), "is valid only from", "refuses our certificate");
  refused(hub_identity(ca), "is not for clients", "refuses our certificate");
  // Expired and by another CA: the expiry must not hide the other fault.
  refused(node_identity(other, kNow - 31 * kDay), "was not issued by this hub's CA", "trust");
}

TEST_CASE("TLS: an expired CA excuses no node certificate", "[tls]") {
  const Authority ca = new_ca();
  // Ended an hour before kNow, and with it the certificate that it signed.
  const Authority old =
      make_authority("old-ca", kNow - 3650 * kDay - std::chrono::hours(1)).value();
  const Identity own = node_identity(old, kNow - 10 * kDay);
  const auto context = ServerContext::create(hub_identity(ca), old.certificate_pem).value();
  Handshake tls(context->start(kNow), node(ca, own)->start("127.0.0.1", kNow));
  CHECK(says(tls.server_error, "expired at"));
}

TEST_CASE("TLS: a hub that is not the right one is refused by the node", "[tls]") {
  const Authority ca = new_ca();
  const auto refused = [&](Result<Session> server, Result<Session> client, const char* words) {
    Handshake tls(std::move(server), std::move(client));
    CHECK(says(tls.client_error, words));
    CHECK(tls.server_error);
  };
  refused(hub(new_ca())->start(kNow), node(ca)->start("127.0.0.1", kNow), "was not issued by a CA");
  refused(hub(ca)->start(kNow), node(ca)->start("evil.example.org", kNow),
          "does not name that host");
  refused(hub(ca)->start(kNow), node(ca)->start("127.0.0.2", kNow), "does not name that host");
  refused(hub(ca)->start(kNow), node(ca)->start("127.0.0.1", kNow + 31 * kDay),
          "expired at 2026-06-0");
  refused(hub(ca)->start(kNow), node(ca)->start("127.0.0.1", kNow - kDay), "is valid only from");
  const auto as_server = ServerContext::create(node_identity(ca), ca.certificate_pem).value();
  refused(as_server->start(kNow), node(ca)->start("127.0.0.1", kNow), "is not for servers");
}

TEST_CASE("TLS: a joining node believes only the root that its token names", "[tls]") {
  const Authority ca = new_ca();
  const Authority evil = new_ca();
  SECTION("the right hub") {
    Handshake tls(hub(ca)->start(kNow), joining_node(root_hash(ca))->start("127.0.0.1", kNow));
    CHECK(tls.ok());
  }
  SECTION("another hub") {
    Handshake tls(hub(evil)->start(kNow), joining_node(root_hash(ca))->start("127.0.0.1", kNow));
    CHECK(says(tls.client_error, "does not come from the CA that the join token names"));
  }
  SECTION("another hub that shows the right root beside its own certificate") {
    Identity liar = hub_identity(evil);
    liar.chain_pem += ca.certificate_pem;
    const auto context = ServerContext::create(liar, evil.certificate_pem).value();
    Handshake tls(context->start(kNow), joining_node(root_hash(ca))->start("127.0.0.1", kNow));
    CHECK(says(tls.client_error, "was not issued by a CA"));
  }
  SECTION("a hub that forgot its root") {
    Identity bare = hub_identity(ca);
    bare.chain_pem.resize(bare.chain_pem.size() - ca.certificate_pem.size());
    const auto context = ServerContext::create(bare, ca.certificate_pem).value();
    Handshake tls(context->start(kNow), joining_node(root_hash(ca))->start("127.0.0.1", kNow));
    CHECK(says(tls.client_error, "join token"));
  }
}

TEST_CASE("TLS: a new server certificate serves the next handshake, a bad one changes nothing",
          "[tls]") {
  const Authority ca = new_ca();
  const auto context =
      ServerContext::create(hub_identity(ca, kNow - 40 * kDay), ca.certificate_pem).value();
  const auto dial = [&] {
    return Handshake(context->start(kNow), node(ca)->start("127.0.0.1", kNow)).client_error;
  };
  CHECK(says(dial(), "expired at"));
  CHECK_FALSE(context->reload({"broken", "broken"}, ca.certificate_pem));
  CHECK(says(dial(), "expired at"));
  REQUIRE(context->reload(hub_identity(ca), ca.certificate_pem));
  CHECK_FALSE(dial());
}

TEST_CASE("TLS: a peer of TLS 1.2 is refused", "[tls]") {
  const Authority ca = new_ca();
  Result<Session> old = node(ca)->start("127.0.0.1", kNow);
  SSL_set_min_proto_version(old->ssl(), TLS1_2_VERSION);
  SSL_set_max_proto_version(old->ssl(), TLS1_2_VERSION);
  Handshake tls(hub(ca)->start(kNow), std::move(old));
  REQUIRE(tls.server_error);
  CHECK(tls.server_error->what == "the other side does not speak TLS 1.3");
}

TEST_CASE("TLS: contexts refuse what they cannot use", "[tls]") {
  const Authority ca = new_ca();
  Identity mixed = hub_identity(ca);
  mixed.key_pem = make_key().value();
  CHECK(ServerContext::create(mixed, ca.certificate_pem).error().code == Code::kConflict);
  CHECK(ServerContext::create(hub_identity(ca), "").error().code == Code::kMalformed);
  CHECK(ClientContext::create({"", std::nullopt}, std::nullopt).error().code == Code::kMalformed);
  CHECK(ClientContext::create({ca.certificate_pem, std::nullopt}, mixed).error().code ==
        Code::kConflict);
}

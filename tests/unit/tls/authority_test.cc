#include "common/tls/authority.h"

#include "common/tls/certificate.h"
#include "common/tls/key.h"
#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::tls;

namespace {

const WallTime kNow{std::chrono::sys_days(std::chrono::year(2026) / 5 / 4) + std::chrono::hours(3)};

// RSA of 1024 bits, signed by itself: `openssl req -new -newkey rsa:1024 -nodes -subj /CN=weak`.
constexpr const char* kWeakRequest =
    "-----BEGIN CERTIFICATE REQUEST-----\n"
    "MIIBTjCBuAIBADAPMQ0wCwYDVQQDDAR3ZWFrMIGfMA0GCSqGSIb3DQEBAQUAA4GN\n"
    "ADCBiQKBgQD02cuHGRv81X4dRyvAG2UF5EqcrnxDJwyhHEBl3gfLHVbYHv4v4Nz9\n"
    "hT0tCd29GyuJi3saA34pV7xekBOaVblKD1XkURYIbNeXGLjshcRKvce4W/nsDqnk\n"
    "f8NGOzaGvUdcp/vZV8BFObZjAlqSKBBeaxWd2oO8nctkAWNdYq3L+QIDAQABoAAw\n"
    "DQYJKoZIhvcNAQELBQADgYEAjjdpDfc8BK9ZyB3iNCA9R6pZWW3Q88igIuetGSZ5\n"
    "Esp7h7+daIcUm6F8mlv7Gv7azuWo71dXtKNnF0+mzGcrkpZHoBfpOQZbK5FHyEGf\n"
    "5tD+zCocJYHSWRJLpYogydD5si7ccoMSKJDpWcmKYuEAaAZ5X5UkN7m6HIdmaHRu\n"
    "HkI=\n"
    "-----END CERTIFICATE REQUEST-----\n";

// Changes the signature's last byte: the last character before the armour and the padding holds
// bits of padding, the one before it does not.
std::string with_broken_signature(std::string pem) {
  std::size_t last = pem.find("\n-----END");
  while (pem[--last] == '=') {
  }
  char& c = pem[last - 1];
  c = c == 'A' ? 'B' : 'A';
  return pem;
}

}  // namespace

TEST_CASE("Authority: its root can sign and says so", "[tls]") {
  const Authority ca = make_authority("skerry-ca", kNow).value();
  CHECK(check_authority(ca, kNow));
  const CertificateInfo root = parse_certificate(ca.certificate_pem).value();
  CHECK(root.common_name == "skerry-ca");
  CHECK(root.is_ca);
  CHECK(root.not_before == kNow - kCertificateBackdate);
  CHECK(root.not_after == kNow + std::chrono::hours(24 * 365 * 10));
}

TEST_CASE("Authority: a node certificate has the fields that the server decides", "[tls]") {
  const Authority ca = make_authority("skerry-ca", kNow).value();
  const std::string key = make_key().value();
  const std::string request = make_request(key, "system:masters").value();
  const NodeOrder order{NodeName("gateway-7"), request, kNow};
  const std::string pem = issue_node_certificate(ca, order).value();
  const CertificateInfo leaf = parse_certificate(pem).value();
  CHECK(leaf.common_name == "system:node:gateway-7");
  CHECK(leaf.organisation == "system:nodes");
  CHECK(leaf.client_auth);
  CHECK_FALSE(leaf.server_auth);
  CHECK_FALSE(leaf.is_ca);
  CHECK(leaf.not_before == kNow - kCertificateBackdate);
  CHECK(leaf.not_after - leaf.not_before <= kNodeCertificateLife);
  CHECK(leaf.serial_hex.size() == 32);
  CHECK(parse_certificate(issue_node_certificate(ca, order).value()).value().serial_hex !=
        leaf.serial_hex);
  CHECK(check_key_matches(key, pem));
  CHECK(check_key_matches(make_key().value(), pem).error().code == Code::kConflict);
  CHECK(leaf.public_key_sha256 == parse_request(request).value().public_key_sha256);
}

TEST_CASE("Authority: no certificate lives longer than allowed or than the CA", "[tls]") {
  const Authority ca = make_authority("skerry-ca", kNow).value();
  const std::string request = make_request(make_key().value(), "x").value();
  const auto info = [&](WallTime now, std::chrono::seconds life) {
    const NodeOrder order{NodeName("n"), request, now, life};
    return parse_certificate(issue_node_certificate(ca, order).value()).value();
  };
  CHECK(info(kNow, std::chrono::hours(9999)).not_after ==
        kNow - kCertificateBackdate + kNodeCertificateLife);
  CHECK(info(kNow, 60s).not_after == kNow + 60s);
  const WallTime end = kNow + std::chrono::hours(24 * 365 * 10);
  CHECK(info(end - 1h, std::chrono::hours(24)).not_after == end);
  const NodeOrder late{NodeName("n"), request, end};
  CHECK(issue_node_certificate(ca, late).error().code == Code::kGone);
}

TEST_CASE("Authority: a node name longer than X.500 allows is taken whole", "[tls]") {
  const Authority ca = make_authority("skerry-ca", kNow).value();
  const std::string name(253, 'n');
  const NodeOrder order{NodeName(name), make_request(make_key().value(), name).value(), kNow};
  const std::string pem = issue_node_certificate(ca, order).value();
  CHECK(parse_certificate(pem).value().common_name == "system:node:" + name);
}

TEST_CASE("Authority: a server certificate is for servers and names its hosts", "[tls]") {
  const Authority ca = make_authority("skerry-ca", kNow).value();
  const std::string key = make_key().value();
  const auto issue = [&](std::vector<std::string> dns, std::vector<std::string> ips) {
    return issue_server_certificate(ca, {key, std::move(dns), std::move(ips), kNow});
  };
  const CertificateInfo leaf =
      parse_certificate(issue({"hub.example.org"}, {"10.0.0.1", "fd00::1"}).value()).value();
  CHECK(leaf.server_auth);
  CHECK_FALSE(leaf.client_auth);
  CHECK(issue({}, {}).error().code == Code::kMalformed);
  CHECK(issue({"a.example,DNS:b.example"}, {}).error().code == Code::kMalformed);
  CHECK(issue({}, {"10.0.0.256"}).error().what == "\"10.0.0.256\" is not an IP address");
}

TEST_CASE("Authority: a key or certificate that cannot sign is refused", "[tls]") {
  const Authority ca = make_authority("skerry-ca", kNow).value();
  const std::string key = make_key().value();
  CHECK(check_authority({ca.certificate_pem, key}, kNow).error().code == Code::kConflict);
  const std::string leaf = issue_server_certificate(ca, {key, {"hub"}, {}, kNow}).value();
  CHECK(check_authority({leaf, key}, kNow).error().code == Code::kForbidden);
  CHECK(check_authority({"", ca.key_pem}, kNow).error().code == Code::kMalformed);
  CHECK(check_authority({ca.certificate_pem, "nothing"}, kNow).error().code == Code::kMalformed);
}

TEST_CASE("parse_request: only a request by a strong key that signed it is taken", "[tls]") {
  const std::string good = make_request(make_key().value(), "gateway-7").value();
  CHECK(parse_request(good).value().common_name == "gateway-7");
  CHECK(parse_request("hello").error().code == Code::kMalformed);
  CHECK(parse_request(std::string(300 * kKiB, 'x')).error().code == Code::kTooLarge);
  CHECK(parse_request(kWeakRequest).error().code == Code::kForbidden);
  const Result<RequestInfo> forged = parse_request(with_broken_signature(good));
  REQUIRE_FALSE(forged);
  CHECK(forged.error().code == Code::kForbidden);
}

TEST_CASE("parse_chain: a damaged or endless text is refused", "[tls]") {
  const std::string pem = make_authority("skerry-ca", kNow).value().certificate_pem;
  CHECK(parse_chain(pem + pem).value().size() == 2);
  CHECK(parse_chain("text before\n" + pem).value().size() == 1);
  CHECK_FALSE(parse_chain(pem.substr(0, pem.size() / 2)));
  CHECK_FALSE(parse_chain(pem + pem.substr(0, pem.size() / 2)));
  CHECK_FALSE(parse_chain(""));
  CHECK(parse_chain(std::string(300 * kKiB, 'x')).error().code == Code::kTooLarge);
}

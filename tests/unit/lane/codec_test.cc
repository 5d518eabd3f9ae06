#include "common/lane/codec.h"

#include <random>

#include "common/lane/object_bytes.h"
#include "common/lane/packed_id.h"
#include "lane.pb.h"
#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::lane;
namespace wire = skerry::lane::v1;

namespace {

const ObjectKey kWeb{k8s::Kind::kPod, "default", "web"};
const TokenSlot kSlot{Uid("pod-uid"), "kube-api-access", "token"};

ObjectPtr pod(std::string json) {
  const k8s::ContentVersion version(digest(json));
  return k8s::received_object(kWeb, Uid("u1"), version, ResourceVersion(77), std::move(json));
}

// Sends a message over the wire form and compares what is encoded from the result: every field that
// encode() writes survives. Returns the decoded one for checks by field.
template <class T>
T round_trip(const T& in) {
  const std::string bytes = encode(in);
  const Result<Message> out = decode(bytes);
  REQUIRE(out);
  REQUIRE(std::holds_alternative<T>(*out));
  CHECK(encode(*out) == bytes);
  return std::get<T>(*out);
}

Error refused(const std::string& bytes, DecodeLimits limits = {}) {
  const Result<Message> out = decode(bytes, limits);
  REQUIRE_FALSE(out);
  return out.error();
}

}  // namespace

TEST_CASE("Codec: the messages before a certificate survive the wire", "[lane]") {
  const JoinRequest join = round_trip(
      JoinRequest{"id.secret", NodeName("gateway-7"), "CSR", {{"zone", "north"}, {"rack", ""}}});
  CHECK(join.token == "id.secret");
  CHECK(join.node == NodeName("gateway-7"));
  CHECK(join.labels == std::map<std::string, std::string>{{"rack", ""}, {"zone", "north"}});
  CHECK(round_trip(RenewRequest{"CSR"}).csr_pem == "CSR");
  const CertificateReply reply = round_trip(CertificateReply{"CERT", "CA"});
  CHECK(reply.certificate_pem == "CERT");
  CHECK(reply.ca_bundle_pem == "CA");
}

TEST_CASE("Codec: a Hello survives the wire with every field", "[lane]") {
  Hello in;
  in.node = NodeName("gateway-7");
  in.agent_version = "0.1.0";
  in.protocol_min = 1;
  in.protocol_max = 3;
  in.cut_rules = 2;
  in.store = StoreId("store");
  in.boot = BootId("boot");
  in.cluster = ClusterId("cluster");
  for (std::size_t i = 0; i < kBuckets; ++i) in.content[i] = digest(std::to_string(i));
  in.status = digest("status");
  in.seen = {{k8s::Kind::kPod, ResourceVersion(1ull << 60)},
             {k8s::Kind::kSecret, ResourceVersion(4)}};
  in.ca_bundle = digest("PEM");
  const Hello out = round_trip(in);
  CHECK(out.content == in.content);
  CHECK(out.status == in.status);
  CHECK(out.seen == in.seen);
  CHECK(out.ca_bundle == in.ca_bundle);
  CHECK(out.boot == in.boot);
  CHECK(out.protocol_max == 3);
}

TEST_CASE("Codec: ids keep their text, and a UUID is short on the wire", "[lane]") {
  const std::string uuid = "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4eff";
  CHECK(packed_id(uuid).size() == 17);
  CHECK(unpacked_id(packed_id(uuid)) == uuid);
  for (const char* id :
       {"0A1B2C3D-0a1b-2c3d-4e5f-0a1b2c3d4eff", "0a1b2c3d00a1b-2c3d-4e5f-0a1b2c3d4eff", "a1b2c3",
        "seventeen-letters", ""}) {
    CHECK(packed_id(id) == id);
    CHECK(unpacked_id(packed_id(id)) == id);
  }
  CHECK(unpacked_id("a\xff\x01\n\"") == "a???\"");
}

TEST_CASE("Codec: a usual Hello and Welcome leave room in a reconnect of 1 KB", "[lane]") {
  const std::string uuid = "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4eff";
  Hello hello;
  hello.node = NodeName("gateway-7");
  hello.agent_version = "0.1.0";
  hello.store = StoreId(uuid);
  hello.boot = BootId(uuid);
  hello.cluster = ClusterId(uuid);
  for (std::size_t i = 0; i < kBuckets; ++i) hello.content[i] = digest(std::to_string(i));
  hello.status = digest("status");
  for (const k8s::Kind kind :
       {k8s::Kind::kNode, k8s::Kind::kConfigMap, k8s::Kind::kSecret, k8s::Kind::kPod}) {
    hello.seen[kind] = ResourceVersion(12'345'678);
  }
  hello.ca_bundle = digest("PEM");
  CHECK(encode(hello).size() < 443);
  CHECK(encode(Welcome{Epoch(12), true, ClusterId(uuid), false}).size() < 30);
}

TEST_CASE("Codec: comparing, listing, welcome and goodbye survive the wire", "[lane]") {
  CHECK(round_trip(Compare{0xffff, true}).buckets == 0xffff);
  const Listing listing = round_trip(Listing{
      {{kWeb, Uid("u1"), k8s::ContentVersion(digest("c"))}},
      {{kWeb, Uid("u1"), k8s::StatusHash(digest("s"))}, {kWeb, Uid("u2"), k8s::StatusHash()}}});
  CHECK(listing.content.at(0).version == k8s::ContentVersion(digest("c")));
  CHECK(listing.status.at(0).hash == k8s::StatusHash(digest("s")));
  CHECK(listing.status.at(1).hash == k8s::StatusHash());
  CHECK(round_trip(Welcome{Epoch(9), true, ClusterId("c"), true}).epoch == Epoch(9));
  const Goodbye goodbye = round_trip(Goodbye{GoodbyeCode::kRevoked, "denied", 1500ms});
  CHECK(goodbye.code == GoodbyeCode::kRevoked);
  CHECK(goodbye.retry_after == 1500ms);
}

TEST_CASE("Codec: an object arrives with the same bytes", "[lane]") {
  std::string json = R"({"kind":"Pod","text":")";
  while (json.size() < 100'000) json += "a moderately repetitive line; ";
  json += "\"}";
  const Upsert in{Seq(5), pod(json), R"({"phase":"Succeeded"})"};
  CHECK(encode(in).size() < 2'000);
  const Upsert out = round_trip(in);
  CHECK(*out.object->json == json);
  CHECK(out.object->key == kWeb);
  CHECK(out.object->uid == Uid("u1"));
  CHECK(out.object->version == in.object->version);
  CHECK(out.object->resource_version == ResourceVersion(77));
  CHECK(out.status_seed == in.status_seed);
  CHECK_FALSE(round_trip(Upsert{Seq(6), pod("{}"), std::nullopt}).status_seed);
}

TEST_CASE("Codec: the other messages downstream survive the wire", "[lane]") {
  const Remove remove = round_trip(Remove{Seq(3), kWeb, Uid("u1"), RemoveReason::kUnneeded});
  CHECK(remove.reason == RemoveReason::kUnneeded);
  CHECK(remove.key == kWeb);
  CHECK(round_trip(ReportAgain{kWeb, Uid("u1")}).uid == Uid("u1"));
  CHECK(round_trip(TokenQuery{8, kWeb, kSlot}).slot == kSlot);
  const TokenGrant in{
      8, kSlot, "ey.J", WallTime(1'700'000'000'123ms), WallTime(1'700'003'600'000ms), ""};
  const TokenGrant out = round_trip(in);
  CHECK(out.issued == in.issued);
  CHECK(out.expires == in.expires);
  CHECK(out.token == "ey.J");
  CHECK(round_trip(CaBundle{"PEM"}).pem == "PEM");
}

TEST_CASE("Codec: the messages upstream survive the wire", "[lane]") {
  CHECK(round_trip(CaBundleHeld{digest("PEM")}).digest == digest("PEM"));
  CHECK(round_trip(Ack{Seq(1ull << 40)}).seq == Seq(1ull << 40));
  CHECK(round_trip(Nack{Seq(2), "TooLarge", "why"}).code == "TooLarge");
  const Report report =
      round_trip(Report{ReportSeq(4), ReportKind::kFinalised, kWeb, Uid("u1"), 12, "{\"a\":1}"});
  CHECK(report.kind == ReportKind::kFinalised);
  CHECK(report.revision == 12);
  CHECK(report.body == "{\"a\":1}");
  const ReportAck ack = round_trip(ReportAck{{{ReportSeq(1), Verdict::kOk, ""},
                                              {ReportSeq(2), Verdict::kRefused, "Forbidden"},
                                              {ReportSeq(3), Verdict::kRetry, ""}}});
  CHECK(ack.verdicts.at(1).code == "Forbidden");
  CHECK(ack.verdicts.at(2).verdict == Verdict::kRetry);
  round_trip(Ping{});
  CHECK(encode(Ping{}).size() == 3);
}

TEST_CASE("Codec: a message of a later version is Unhandled and names its field", "[lane]") {
  const std::string field_200 = "\xc2\x0c\x02hi";
  const Result<Message> out = decode(field_200);
  REQUIRE(out);
  REQUIRE(std::holds_alternative<Unhandled>(*out));
  CHECK(std::get<Unhandled>(*out).field == 200);
}

TEST_CASE("Codec: a later version's fields in the envelope and in a message are ignored",
          "[lane]") {
  const std::string bytes = encode(Ack{Seq(7)}) + "\xc2\x0c\x02hi";
  const Result<Message> out = decode(bytes);
  REQUIRE(out);
  CHECK(std::get<Ack>(*out).seq == Seq(7));
}

TEST_CASE("Codec: an unknown kind is refused by name, or harmless", "[lane]") {
  wire::Envelope in;
  SECTION("Upsert") { in.mutable_upsert()->mutable_key()->set_kind("tractor"); }
  SECTION("Remove") { in.mutable_remove()->mutable_key()->set_kind("tractor"); }
  SECTION("Report") { in.mutable_report()->mutable_key()->set_kind("tractor"); }
  SECTION("Listing") { in.mutable_listing()->add_content()->mutable_key()->set_kind("tractor"); }
  const Error error = refused(in.SerializeAsString());
  CHECK(error.code == Code::kMalformed);
  CHECK(error.what.find("\"tractor\"") != std::string::npos);
}

TEST_CASE("Codec: what an unknown kind cannot harm is not refused", "[lane]") {
  wire::Envelope again;
  again.mutable_report_again()->mutable_key()->set_kind("tractor");
  CHECK(std::get<Unhandled>(*decode(again.SerializeAsString())).field == 11);
  wire::Envelope hello;
  hello.mutable_hello()->add_seen()->set_kind("tractor");
  CHECK(std::get<Hello>(*decode(hello.SerializeAsString())).seen.empty());
  wire::Envelope goodbye;
  goodbye.mutable_goodbye()->set_code(99);
  CHECK(std::get<Goodbye>(*decode(goodbye.SerializeAsString())).code == GoodbyeCode::kProtocol);
}

TEST_CASE("Codec: digests of another length and unknown numbers are refused", "[lane]") {
  wire::Envelope in;
  SECTION("content") { in.mutable_hello()->set_content(std::string(255, 'x')); }
  SECTION("status") { in.mutable_hello()->set_status("short"); }
  SECTION("CA bundle") { in.mutable_hello()->set_ca_bundle("short"); }
  SECTION("held CA bundle") { in.mutable_ca_bundle_held()->set_digest("short"); }
  SECTION("version") { in.mutable_listing()->add_content()->mutable_key()->set_kind("pod"); }
  SECTION("hash") {
    in.mutable_listing()->add_status()->mutable_key()->set_kind("pod");
    in.mutable_listing()->mutable_status(0)->set_hash("12345678901234567");
  }
  SECTION("buckets") { in.mutable_compare()->set_buckets(0x10000); }
  SECTION("reason") {
    in.mutable_remove()->mutable_key()->set_kind("pod");
    in.mutable_remove()->set_reason(2);
  }
  SECTION("report kind") { in.mutable_report()->set_kind(4); }
  SECTION("verdict") { in.mutable_report_ack()->add_verdicts()->set_verdict(3); }
  CHECK(refused(in.SerializeAsString()).code == Code::kMalformed);
}

TEST_CASE("Codec: a compression bomb is refused before it is unpacked", "[lane]") {
  wire::Envelope in;
  wire::Upsert& upsert = *in.mutable_upsert();
  upsert.mutable_key()->set_kind("pod");
  upsert.set_version(std::string(16, 'v'));
  upsert.set_json_zstd(compress(std::string(64 * kMiB, 'x')));
  SECTION("that tells its size") {
    upsert.set_json_bytes(64 * kMiB);
    CHECK(refused(in.SerializeAsString()).code == Code::kTooLarge);
  }
  SECTION("that lies about its size") {
    upsert.set_json_bytes(100);
    CHECK(refused(in.SerializeAsString()).code == Code::kMalformed);
  }
}

TEST_CASE("Codec: object bytes that are no zstd or of another size are refused", "[lane]") {
  const std::string zstd = compress(R"({"kind":"Pod"})");
  CHECK(decompress(zstd, 14, 14).value() == R"({"kind":"Pod"})");
  CHECK(decompress(zstd, 15, 100).error().code == Code::kMalformed);
  CHECK(decompress(zstd, 13, 100).error().code == Code::kMalformed);
  CHECK(decompress(zstd, 14, 13).error().code == Code::kTooLarge);
  CHECK(decompress("plain", 5, 100).error().code == Code::kMalformed);
  CHECK(decompress(zstd.substr(0, zstd.size() - 1), 14, 100).error().code == Code::kMalformed);
  CHECK(decompress("", 0, 100).error().code == Code::kMalformed);
}

TEST_CASE("Codec: a listing of more entries than allowed is refused before parsing", "[lane]") {
  wire::Envelope in;
  for (int i = 0; i < 101; ++i) in.mutable_listing()->add_content();
  const Error error = refused(in.SerializeAsString(), {kObjectBytesMax, 100});
  CHECK(error.code == Code::kTooLarge);
  // The same hidden in two pieces, which protobuf merges into one message.
  wire::Envelope half;
  for (int i = 0; i < 51; ++i) half.mutable_listing()->add_content();
  const std::string twice = half.SerializeAsString() + half.SerializeAsString();
  CHECK(refused(twice, {kObjectBytesMax, 100}).code == Code::kTooLarge);
}

TEST_CASE("Codec: a text for people that is no UTF-8 does not break the message", "[lane]") {
  const Nack nack = round_trip(Nack{Seq(1), "Malformed", "bad \xff\xfe byte, gr\xc3\xbc\xc3\x9f"});
  CHECK(nack.reason == "bad ?? byte, gr\xc3\xbc\xc3\x9f");
  CHECK(round_trip(Goodbye{GoodbyeCode::kProtocol, "\xe0\x80\x80|\xed\xa0\x80|\xc3", 0ms}).reason ==
        "???|???|?");
}

TEST_CASE("Codec: times outside of the clock's range are clamped", "[lane]") {
  wire::Envelope in;
  in.mutable_token_grant()->set_issued_ms(std::numeric_limits<std::int64_t>::min());
  in.mutable_token_grant()->set_expires_ms(std::numeric_limits<std::int64_t>::max());
  const auto out = std::get<TokenGrant>(*decode(in.SerializeAsString()));
  CHECK(out.issued == WallTime{});
  CHECK(out.expires > out.issued);
}

TEST_CASE("Codec: damaged and cut messages are refused or decode, and never crash", "[lane]") {
  std::mt19937 random(11);
  const std::vector<std::string> good = {
      encode(Hello{}), encode(Upsert{Seq(1), pod(R"({"a":"b"})"), "{}"}),
      encode(Listing{{{kWeb, Uid("u"), {}}}, {{kWeb, Uid("u"), {}}}}),
      encode(ReportAck{{{ReportSeq(1), Verdict::kOk, "x"}}})};
  for (const std::string& bytes : good) {
    for (std::size_t size = 0; size < bytes.size(); ++size) (void)decode(bytes.substr(0, size));
    for (int i = 0; i < 2'000; ++i) {
      std::string damaged = bytes;
      damaged[random() % damaged.size()] = static_cast<char>(random());
      (void)decode(damaged);
    }
  }
  CHECK(refused("").code == Code::kMalformed);
  CHECK(refused(std::string(kMessageBytesMax + 1, 'x')).code == Code::kTooLarge);
}

TEST_CASE("class_of: control passes objects, and what has an order shares a class", "[lane]") {
  CHECK(class_of(Ping{}) == Class::kControl);
  CHECK(class_of(Ack{}) == class_of(Nack{}));
  CHECK(class_of(TokenGrant{}) == class_of(Upsert{}));
  CHECK(class_of(Remove{}) == class_of(Upsert{}));
  CHECK(class_of(Report{}) == Class::kObjects);
}

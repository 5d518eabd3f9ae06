#include "cloudcore/cloudhub/session_protocol.h"

#include "common/lane/digest.h"
#include "tests/support/catch.h"

namespace {

using namespace skerry;
using namespace skerry::cloudhub;
using k8s::Kind;
using k8s::ObjectKey;
using k8s::ObjectPtr;

const TimePoint kStart{1h};

ObjectPtr object(const ObjectKey& key,
                 const std::string& uid,
                 const std::string& text,
                 std::size_t padding = 0) {
  const std::string json = text + std::string(padding, 'x');
  return k8s::received_object(key, Uid(uid), k8s::ContentVersion(digest(json)), ResourceVersion(1),
                              json);
}

ObjectKey pod(const std::string& name) { return {Kind::kPod, "default", name}; }
ObjectKey config(const std::string& name) { return {Kind::kConfigMap, "default", name}; }

ObjectPtr with_status(const ObjectPtr& from, const std::string& status) {
  auto copy = std::make_shared<k8s::Object>(*from);
  copy->status_hash = *k8s::status_hash(from->key.kind, status);
  return copy;
}

/// A session and what the edge holds, on one thread and without a wire.
struct Fixture {
  SessionProtocol session{NodeName("n1"), Epoch(3), kStart};
  TimePoint now = kStart;
  std::vector<lane::ContentEntry> held;
  std::vector<lane::StatusEntry> status;
  Digest bundle;

  lane::Hello hello() const {
    lane::Hello hello;
    hello.node = NodeName("n1");
    hello.store = StoreId("store");
    hello.content = lane::content_digests(held);
    hello.status = lane::status_digest(status);
    hello.ca_bundle = bundle;
    return hello;
  }
  std::optional<lane::Message> next() { return session.next_message(now, true); }
  template <class M>
  M expect() {
    std::optional<lane::Message> message = next();
    REQUIRE(message);
    REQUIRE(std::holds_alternative<M>(*message));
    return std::get<M>(*message);
  }
  template <class E>
  std::vector<E> effects() {
    std::vector<E> out;
    for (Effect& effect : session.take_effects()) {
      if (auto* wanted = std::get_if<E>(&effect)) out.push_back(std::move(*wanted));
    }
    return out;
  }
  lane::Welcome open(std::vector<ObjectPtr> desired) {
    session.on_message(hello(), now);
    REQUIRE(effects<Open>().size() == 1);
    session.on_opened(Opened{ClusterId("c"), false, std::move(desired)}, now);
    std::optional<lane::Message> first = next();
    REQUIRE(first);
    if (std::holds_alternative<lane::Compare>(*first)) {
      session.on_message(lane::Listing{held, status}, now);
      first = next();
      REQUIRE(first);
    }
    REQUIRE(std::holds_alternative<lane::Welcome>(*first));
    return std::get<lane::Welcome>(*first);
  }
  void prepare_pods() {
    for (PreparePod& wanted : effects<PreparePod>()) session.on_prepared(wanted.pod->uid, {}, now);
  }
  void hold(const ObjectPtr& object) {
    held.push_back({object->key, object->uid, object->version});
  }
  lane::Report report(std::uint64_t seq, std::uint64_t revision, const std::string& body) {
    return {ReportSeq(seq), lane::ReportKind::kPodStatus, pod("a"), Uid("u1"), revision, body};
  }
};

}  // namespace

TEST_CASE("SessionProtocol: equal digests mean a Welcome in sync and not one object",
          "[cloudhub]") {
  Fixture f;
  const ObjectPtr a = object(config("a"), "u1", "1");
  f.hold(a);
  const lane::Welcome welcome = f.open({a});
  CHECK(welcome.in_sync);
  CHECK(welcome.epoch == Epoch(3));
  CHECK_FALSE(f.next());
}

TEST_CASE("SessionProtocol: only the difference is sent", "[cloudhub]") {
  Fixture f;
  const ObjectPtr same = object(config("same"), "u1", "1");
  f.hold(same);
  f.hold(object(config("changed"), "u2", "old"));
  f.hold(object(config("gone"), "u3", "1"));
  const lane::Welcome welcome = f.open({same, object(config("changed"), "u2", "new")});
  CHECK_FALSE(welcome.in_sync);
  CHECK(f.expect<lane::Upsert>().object->key == config("changed"));
  const auto remove = f.expect<lane::Remove>();
  CHECK(remove.key == config("gone"));
  CHECK(remove.uid == Uid("u3"));
  CHECK_FALSE(f.next());
}

TEST_CASE("SessionProtocol: an identity that the certificate does not prove is refused",
          "[cloudhub]") {
  Fixture f;
  lane::Hello hello = f.hello();
  hello.node = NodeName("n2");
  f.session.on_message(hello, f.now);
  CHECK(f.expect<lane::Goodbye>().code == lane::GoodbyeCode::kProtocol);
  CHECK(f.effects<Close>().size() == 1);
  CHECK(f.session.state() == SessionProtocol::State::kEnded);
}

TEST_CASE("SessionProtocol: a protocol range without overlap is refused", "[cloudhub]") {
  Fixture f;
  lane::Hello hello = f.hello();
  hello.protocol_min = lane::kProtocolVersion + 1;
  hello.protocol_max = lane::kProtocolVersion + 2;
  f.session.on_message(hello, f.now);
  CHECK(f.expect<lane::Goodbye>().code == lane::GoodbyeCode::kProtocol);
}

TEST_CASE("SessionProtocol: until the truth is known there is only a Goodbye", "[cloudhub]") {
  Fixture f;
  f.session.on_message(f.hello(), f.now);
  f.session.on_opened(lane::Goodbye{lane::GoodbyeCode::kNotReady, "lists", 2s}, f.now);
  const auto goodbye = f.expect<lane::Goodbye>();
  CHECK(goodbye.code == lane::GoodbyeCode::kNotReady);
  CHECK(goodbye.retry_after == 2s);
  CHECK_FALSE(f.next());
}

TEST_CASE("SessionProtocol: an edge of another cluster gets nothing and loses nothing",
          "[cloudhub]") {
  Fixture f;
  f.hold(object(pod("a"), "u1", "1"));
  f.session.on_message(f.hello(), f.now);
  f.session.on_opened(Opened{ClusterId("c"), true, {}}, f.now);
  CHECK(f.expect<lane::Welcome>().foreign_cluster);
  CHECK_FALSE(f.next());
  f.session.on_message(f.report(1, 1, "{}"), f.now);
  CHECK(f.effects<Apply>().empty());
  CHECK(f.expect<lane::ReportAck>().verdicts.at(0).verdict == lane::Verdict::kRetry);
}

TEST_CASE("SessionProtocol: references leave before pods, pods' Removes before references'",
          "[cloudhub]") {
  Fixture f;
  f.hold(object(pod("old"), "u1", "1"));
  f.hold(object(config("old"), "u2", "1"));
  f.open({object(pod("new"), "u3", "1"), object(config("new"), "u4", "1")});
  f.prepare_pods();
  CHECK(f.expect<lane::Remove>().key == pod("old"));
  CHECK(f.expect<lane::Upsert>().object->key == config("new"));
  CHECK(f.expect<lane::Upsert>().object->key == pod("new"));
  CHECK(f.expect<lane::Remove>().key == config("old"));
}

TEST_CASE("SessionProtocol: a pod waits for its prelude, others do not", "[cloudhub]") {
  Fixture f;
  const ObjectPtr known = object(pod("known"), "u1", "old");
  f.hold(known);
  f.open({object(pod("known"), "u1", "new"), object(pod("new"), "u2", "1")});
  const auto wanted = f.effects<PreparePod>();
  REQUIRE(wanted.size() == 1);  // the edge has u1
  CHECK(wanted[0].pod->uid == Uid("u2"));
  CHECK(f.expect<lane::Upsert>().object->uid == Uid("u1"));
  CHECK_FALSE(f.next());
  PodPrelude prelude;
  prelude.tokens.push_back({0, {Uid("u2"), "v", "token"}, "secret", {}, {}, ""});
  prelude.status_seed = "{}";
  f.session.on_prepared(Uid("u2"), prelude, f.now);
  CHECK(f.expect<lane::TokenGrant>().token == "secret");
  const auto upsert = f.expect<lane::Upsert>();
  CHECK(upsert.object->uid == Uid("u2"));
  CHECK(upsert.status_seed == "{}");
}

TEST_CASE("SessionProtocol: the newest version is chosen when it is sent", "[cloudhub]") {
  Fixture f;
  f.open({});
  for (const char* text : {"1", "2", "3"}) {
    const ObjectPtr version = object(config("a"), "u1", text);
    f.session.on_desired({{version->key, version->uid, version, {}}}, f.now);
  }
  CHECK(*f.expect<lane::Upsert>().object->json == "3");
  CHECK_FALSE(f.next());
  const ObjectPtr same = object(config("a"), "u1", "3");
  f.session.on_desired({{same->key, same->uid, same, {}}}, f.now);
  CHECK_FALSE(f.next());
}

TEST_CASE("SessionProtocol: the end of an old uid leaves the new one alone", "[cloudhub]") {
  Fixture f;
  const ObjectPtr fresh = object(config("a"), "u2", "1");
  f.open({fresh});
  CHECK(f.expect<lane::Upsert>().object->uid == Uid("u2"));
  f.session.on_desired({{fresh->key, Uid("u1"), nullptr, lane::RemoveReason::kDeleted}}, f.now);
  CHECK_FALSE(f.next());
}

TEST_CASE("SessionProtocol: bytes in flight are bounded by the Acks", "[cloudhub]") {
  Fixture f;
  std::vector<ObjectPtr> desired;
  for (int i = 0; i < 5; ++i) {
    desired.push_back(
        object(config("c" + std::to_string(i)), "u" + std::to_string(i), "1", 400 * kKiB));
  }
  f.open(desired);
  CHECK(f.expect<lane::Upsert>().seq == Seq(1));
  CHECK(f.expect<lane::Upsert>().seq == Seq(2));
  CHECK_FALSE(f.next());
  CHECK(f.session.figures().bytes_in_flight <= kUpsertBytesInFlightMax);
  f.session.on_message(lane::Ack{Seq(1)}, f.now);
  CHECK(f.expect<lane::Upsert>().seq == Seq(3));
  CHECK_FALSE(f.next());
  f.session.on_message(lane::Ack{Seq(9)}, f.now);  // never sent
  CHECK(f.expect<lane::Goodbye>().code == lane::GoodbyeCode::kProtocol);
}

TEST_CASE("SessionProtocol: a refused object is not sent again until its content changes",
          "[cloudhub]") {
  Fixture f;
  const ObjectPtr first = object(config("a"), "u1", "1");
  f.open({first});
  const Seq seq = f.expect<lane::Upsert>().seq;
  f.session.on_message(lane::Nack{seq, "Unsupported", "no"}, f.now);
  f.session.on_message(lane::Ack{seq}, f.now);
  const auto refused = f.effects<Refused>();
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].object->key == config("a"));
  f.session.on_desired({{first->key, first->uid, first, {}}}, f.now);
  CHECK_FALSE(f.next());
  const ObjectPtr second = object(config("a"), "u1", "2");
  f.session.on_desired({{second->key, second->uid, second, {}}}, f.now);
  CHECK(*f.expect<lane::Upsert>().object->json == "2");
}

TEST_CASE("SessionProtocol: reports of one key are applied one at a time, others flow",
          "[cloudhub]") {
  Fixture f;
  f.open({});
  f.session.on_message(f.report(1, 1, "{\"phase\":\"Pending\"}"), f.now);
  f.session.on_message(f.report(2, 2, "{\"phase\":\"Running\"}"), f.now);
  lane::Report other = f.report(3, 1, "{}");
  other.key = pod("b");
  f.session.on_message(other, f.now);
  auto applies = f.effects<Apply>();
  REQUIRE(applies.size() == 2);
  CHECK(applies[0].report.seq == ReportSeq(1));
  CHECK(applies[1].report.seq == ReportSeq(3));
  f.session.on_applied({ReportSeq(1), lane::Verdict::kOk, ""}, f.now);
  f.session.on_applied({ReportSeq(3), lane::Verdict::kRetry, ""}, f.now);
  applies = f.effects<Apply>();
  REQUIRE(applies.size() == 1);
  CHECK(applies[0].report.seq == ReportSeq(2));
  CHECK(f.expect<lane::ReportAck>().verdicts.size() == 2);  // coalesced
}

TEST_CASE("SessionProtocol: a revision that the API already took is not written again",
          "[cloudhub]") {
  Fixture f;
  f.open({});
  f.session.on_message(f.report(5, 5, "{}"), f.now);
  CHECK(f.effects<Apply>().size() == 1);
  f.session.on_applied({ReportSeq(5), lane::Verdict::kOk, ""}, f.now);
  f.session.on_message(f.report(4, 4, "{}"), f.now);
  CHECK(f.effects<Apply>().empty());
  const auto ack = f.expect<lane::ReportAck>();
  REQUIRE(ack.verdicts.size() == 2);
  CHECK(ack.verdicts[1].verdict == lane::Verdict::kOk);
}

TEST_CASE("SessionProtocol: more reports in flight than allowed end the session", "[cloudhub]") {
  Fixture f;
  f.open({});
  for (std::uint64_t i = 1; i <= SessionReports::kPendingMax + 1; ++i) {
    lane::Report report = f.report(i, 1, "{}");
    report.key = pod("p" + std::to_string(i));
    f.session.on_message(report, f.now);
  }
  CHECK(f.expect<lane::Goodbye>().code == lane::GoodbyeCode::kProtocol);
}

TEST_CASE("SessionProtocol: a status that differs at Hello is asked for at once", "[cloudhub]") {
  Fixture f;
  const ObjectPtr a = with_status(object(pod("a"), "u1", "1"), "{\"phase\":\"Failed\"}");
  f.hold(a);
  f.status.push_back({a->key, a->uid, *k8s::status_hash(Kind::kPod, "{\"phase\":\"Running\"}")});
  CHECK(f.open({a}).in_sync);
  CHECK(f.expect<lane::ReportAgain>().uid == Uid("u1"));
  CHECK_FALSE(f.next());
}

TEST_CASE("SessionProtocol: a stranger's status is asked about after it settled", "[cloudhub]") {
  Fixture f;
  const std::string running = "{\"phase\":\"Running\"}";
  const ObjectPtr a = with_status(object(pod("a"), "u1", "1"), running);
  f.hold(a);
  f.status.push_back({a->key, a->uid, a->status_hash});
  CHECK(f.open({a}).in_sync);
  const ObjectPtr moved = with_status(a, "{\"phase\":\"Failed\"}");
  f.session.on_desired({{a->key, a->uid, moved, {}}}, f.now);
  CHECK_FALSE(f.next());
  CHECK(f.session.next_deadline() == f.now + 1s);
  f.now += 1s;
  f.expect<lane::ReportAgain>();
  f.session.on_message(f.report(1, 1, running), f.now);
  f.session.on_applied({ReportSeq(1), lane::Verdict::kOk, ""}, f.now);
  f.expect<lane::ReportAck>();
  f.session.on_desired({{a->key, a->uid, a, {}}}, f.now);  // the write's own watch event
  f.now += 5s;
  CHECK_FALSE(f.next());
}

TEST_CASE("SessionProtocol: token queries are bounded and each is answered once", "[cloudhub]") {
  Fixture f;
  f.open({});
  for (std::uint64_t q = 1; q <= SessionProtocol::kTokenQueriesMax + 1; ++q) {
    f.session.on_message(lane::TokenQuery{q, pod("a"), {Uid("u1"), "v" + std::to_string(q), "t"}},
                         f.now);
  }
  CHECK(f.effects<MintToken>().size() == SessionProtocol::kTokenQueriesMax);
  CHECK_FALSE(f.expect<lane::TokenGrant>().error.empty());
  lane::TokenGrant grant;
  grant.query = 1;
  grant.token = "t";
  f.session.on_token(grant, f.now);
  f.session.on_token(grant, f.now);
  CHECK(f.expect<lane::TokenGrant>().query == 1);
  CHECK_FALSE(f.next());
}

TEST_CASE("SessionProtocol: an object is refused once", "[cloudhub]") {
  Fixture f;
  f.open({object(config("a"), "u1", "1")});
  const Seq seq = f.expect<lane::Upsert>().seq;
  for (int i = 0; i < 3; ++i) f.session.on_message(lane::Nack{seq, "Unsupported", "no"}, f.now);
  CHECK(f.effects<Refused>().size() == 1);
  CHECK(f.session.figures().nacks == 1);
}

TEST_CASE("SessionProtocol: a renewal that failed can be asked for again", "[cloudhub]") {
  Fixture f;
  f.open({});
  f.session.on_message(lane::RenewRequest{"csr"}, f.now);
  f.session.on_message(lane::RenewRequest{"csr"}, f.now);  // while the first is being answered
  CHECK(f.effects<Renew>().size() == 1);
  f.session.on_certificate(fail(Code::kUnavailable, "the API is away"), f.now);
  CHECK_FALSE(f.next());
  f.session.on_message(lane::RenewRequest{"csr"}, f.now);
  CHECK(f.effects<Renew>().size() == 1);
  f.session.on_certificate(lane::CertificateReply{"certificate", "bundle"}, f.now);
  CHECK(f.expect<lane::CertificateReply>().certificate_pem == "certificate");
}

TEST_CASE("SessionProtocol: what only the cloud may say ends the session as a violation",
          "[cloudhub]") {
  const lane::Message words[] = {lane::CertificateReply{}, lane::Compare{},     lane::Welcome{},
                                 lane::Upsert{},           lane::Remove{},      lane::ReportAgain{},
                                 lane::TokenGrant{},       lane::CaBundle{},    lane::ReportAck{},
                                 lane::JoinRequest{},      lane::Listing{}};
  for (const lane::Message& word : words) {
    INFO(word.index());
    Fixture f;
    f.open({});
    f.session.on_message(word, f.now);
    CHECK(f.expect<lane::Goodbye>().code == lane::GoodbyeCode::kProtocol);
    const auto closed = f.effects<Close>();
    REQUIRE(closed.size() == 1);
    CHECK(closed[0].violation);
  }
  Fixture f;
  f.open({});
  f.session.on_message(lane::Goodbye{}, f.now);
  const auto closed = f.effects<Close>();
  REQUIRE(closed.size() == 1);
  CHECK_FALSE(closed[0].violation);
}

TEST_CASE("SessionProtocol: a CA bundle goes to who lacks it, and who holds it is told once",
          "[cloudhub]") {
  const auto bundle = [](const std::string& pem) {
    return std::make_shared<const cloudhub::CaBundle>(cloudhub::CaBundle{pem, digest(pem)});
  };
  Fixture f;
  SECTION("an edge that holds it says so in its Hello") {
    f.session.on_ca_bundle(bundle("A"), f.now);
    f.bundle = digest("A");
    f.open({});
    CHECK_FALSE(f.next());
    CHECK(f.effects<HoldsBundle>().size() == 1);
    f.session.on_ca_bundle(bundle("AB"), f.now);  // a new CA while the link is up
    CHECK(f.expect<lane::CaBundle>().pem == "AB");
    f.session.on_ca_bundle(bundle("AB"), f.now);
    CHECK_FALSE(f.next());
    CHECK(f.effects<HoldsBundle>().empty());
    f.session.on_message(lane::CaBundleHeld{digest("A")}, f.now);  // it could not store it
    CHECK(f.effects<HoldsBundle>().empty());
    CHECK_FALSE(f.next());
    for (int i = 0; i < 2; ++i) f.session.on_message(lane::CaBundleHeld{digest("AB")}, f.now);
    CHECK(f.effects<HoldsBundle>().size() == 1);
  }
  SECTION("nothing before the Welcome, then to an edge that does not tell what it holds") {
    f.session.on_ca_bundle(bundle("AB"), f.now);
    CHECK_FALSE(f.next());
    f.open({});
    CHECK(f.expect<lane::CaBundle>().pem == "AB");
  }
  SECTION("it comes after the Welcome") {
    f.open({});
    CHECK_FALSE(f.next());
    f.session.on_ca_bundle(bundle("A"), f.now);
    CHECK(f.expect<lane::CaBundle>().pem == "A");
  }
}

TEST_CASE("SessionProtocol: it pings after 15 s and gives up after 23 s of silence", "[cloudhub]") {
  Fixture f;
  f.open({});
  f.now = kStart + 14s;
  CHECK_FALSE(f.next());
  f.now = kStart + kCloudPingInterval;
  f.expect<lane::Ping>();
  f.session.on_time(kStart + 22s);
  CHECK(f.effects<Close>().empty());
  f.session.on_received(kStart + 10s);  // a byte inside a frame
  f.session.on_time(kStart + 30s);
  CHECK(f.effects<Close>().empty());
  f.session.on_time(kStart + 33s);
  CHECK(f.effects<Close>().size() == 1);
}

TEST_CASE("SessionProtocol: a peer that only keeps the line open without a Hello is ended",
          "[cloudhub]") {
  Fixture f;
  f.session.on_received(kStart + 19s);
  f.session.on_time(kStart + SessionProtocol::kHelloDeadline);
  CHECK(f.effects<Close>().size() == 1);
}

#include "edgecore/edgehub/link_protocol.h"

#include "common/lane/digest.h"
#include "tests/support/catch.h"

namespace {

using namespace skerry;
using namespace skerry::edgehub;
using k8s::Kind;
using k8s::ObjectKey;
using k8s::ObjectPtr;

const TimePoint kStart{1h};

class CountingRandom final : public seam::Random {
 public:
  std::uint64_t next() override { return ++state_ * 0x9e3779b97f4a7c15; }
  std::string bytes(std::size_t count) override { return std::string(count, 'r'); }

 private:
  std::uint64_t state_ = 0;
};

ObjectKey pod(const std::string& name) { return {Kind::kPod, "default", name}; }

ObjectPtr object(const ObjectKey& key, const std::string& uid, const std::string& json) {
  return k8s::received_object(key, Uid(uid), k8s::ContentVersion(digest(json)), ResourceVersion(1),
                              json);
}

lane::Report report(std::uint64_t seq,
                    const std::string& name,
                    lane::ReportKind kind = lane::ReportKind::kPodStatus) {
  return {ReportSeq(seq), kind, pod(name), Uid("u-" + name), seq, "{}"};
}

struct Fixture {
  CountingRandom random;
  LinkProtocol link{{NodeName("n1"), "1.0", BootId("b")},
                    [](const k8s::Object& o) -> Result<void> {
                      if (o.json->find("bad") == std::string::npos) return {};
                      return fail(Code::kUnsupported, "cannot");
                    },
                    random};
  TimePoint now = kStart;

  std::optional<lane::Message> next() { return link.next_message(now, true); }
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
    for (Effect& effect : link.take_effects()) {
      if (auto* wanted = std::get_if<E>(&effect)) out.push_back(std::move(*wanted));
    }
    return out;
  }
  /// Live, with these reports waiting in the outbox.
  void connect(std::vector<lane::Report> waiting = {}) {
    link.on_connected({StoreId("s"), ClusterId("c"), {}, {}, {}}, now);
    expect<lane::Hello>();
    link.on_message(lane::Welcome{Epoch(1), true, ClusterId("c"), false}, now);
    const auto load = effects<LoadReports>();
    REQUIRE(load.size() == 1);
    CHECK(load[0].after == ReportSeq());
    link.on_page(load[0].id, std::move(waiting), now);
    REQUIRE(link.live());
  }
  void upsert(std::uint64_t seq, const std::string& name, const std::string& json) {
    link.on_message(lane::Upsert{Seq(seq), object(pod(name), "u-" + name, json), {}}, now);
  }
  void verdict(std::uint64_t seq, lane::Verdict verdict) {
    link.on_message(lane::ReportAck{{{ReportSeq(seq), verdict, "code"}}}, now);
  }
};

}  // namespace

TEST_CASE("LinkProtocol: Hello carries the digests of what is durable", "[edgehub]") {
  Fixture f;
  const lane::ContentEntry entry{pod("a"), Uid("u"), k8s::ContentVersion(digest("x"))};
  f.link.on_connected(
      {StoreId("s"), ClusterId("c"), {entry}, {}, {{Kind::kPod, ResourceVersion(7)}}}, f.now);
  const auto hello = f.expect<lane::Hello>();
  CHECK(hello.content == lane::content_digests({entry}));
  CHECK(hello.seen.at(Kind::kPod) == ResourceVersion(7));
  f.link.on_message(
      lane::Compare{static_cast<std::uint16_t>(1u << lane::bucket_of(entry.key)), false}, f.now);
  const auto listing = f.expect<lane::Listing>();
  REQUIRE(listing.content.size() == 1);
  CHECK(listing.content[0].uid == Uid("u"));
}

TEST_CASE("LinkProtocol: the cloud hears which CA bundle is held, now or with the next Hello",
          "[edgehub]") {
  Fixture f;
  f.link.holds_ca_bundle(digest("A"));
  f.link.on_connected({StoreId("s"), ClusterId("c"), {}, {}, {}}, f.now);
  CHECK(f.expect<lane::Hello>().ca_bundle == digest("A"));
  f.link.on_disconnected(Ended::kLost, f.now);
  f.connect();
  f.link.on_message(lane::CaBundle{"AB"}, f.now);
  REQUIRE(f.effects<NewCaBundle>().size() == 1);
  CHECK_FALSE(f.next());  // nothing before it is stored
  f.link.holds_ca_bundle(digest("AB"));
  CHECK(f.expect<lane::CaBundleHeld>().digest == digest("AB"));
  f.link.on_disconnected(Ended::kLost, f.now);
  f.link.on_connected({StoreId("s"), ClusterId("c"), {}, {}, {}}, f.now);
  CHECK(f.expect<lane::Hello>().ca_bundle == digest("AB"));
}

TEST_CASE("LinkProtocol: an Ack follows the commit and covers what was committed", "[edgehub]") {
  Fixture f;
  f.connect();
  f.upsert(1, "a", "1");
  auto commits = f.effects<Commit>();
  REQUIRE(commits.size() == 1);
  CHECK_FALSE(f.next());  // nothing before the fsync
  f.upsert(2, "b", "1");
  f.upsert(3, "c", "1");
  CHECK(f.effects<Commit>().empty());  // one at a time: they gather
  f.link.on_committed(commits[0].id, {}, f.now);
  CHECK(f.expect<lane::Ack>().seq == Seq(1));
  commits = f.effects<Commit>();
  REQUIRE(commits.size() == 1);
  CHECK(commits[0].batch.changes.size() == 2);
  f.link.on_committed(commits[0].id, {}, f.now);
  CHECK(f.expect<lane::Ack>().seq == Seq(3));
  CHECK_FALSE(f.next());
}

TEST_CASE("LinkProtocol: what cannot be applied is stored as refused, Nack before Ack",
          "[edgehub]") {
  Fixture f;
  f.connect();
  f.upsert(1, "a", "bad");
  const auto commits = f.effects<Commit>();
  REQUIRE(commits.size() == 1);
  CHECK(commits[0].batch.changes.at(0).upsert.refused_code == "Unsupported");
  CHECK_FALSE(f.next());
  f.link.on_committed(commits[0].id, {}, f.now);
  CHECK(f.expect<lane::Nack>().seq == Seq(1));
  CHECK(f.expect<lane::Ack>().seq == Seq(1));
}

TEST_CASE("LinkProtocol: a message that comes twice is applied once", "[edgehub]") {
  Fixture f;
  f.connect();
  f.upsert(1, "a", "1");
  f.link.on_committed(f.effects<Commit>().at(0).id, {}, f.now);
  f.upsert(1, "a", "1");
  CHECK(f.effects<Commit>().empty());
}

TEST_CASE("LinkProtocol: a commit of the old connection acknowledges nothing on the new",
          "[edgehub]") {
  Fixture f;
  f.connect();
  f.upsert(1, "a", "1");
  const auto commits = f.effects<Commit>();
  REQUIRE(commits.size() == 1);
  f.link.on_disconnected(Ended::kLost, f.now);
  f.connect();
  f.upsert(1, "b", "1");
  CHECK(f.effects<Commit>().empty());  // the old one still runs
  f.link.on_committed(commits[0].id, {}, f.now);
  CHECK_FALSE(f.next());
  const auto fresh = f.effects<Commit>();
  REQUIRE(fresh.size() == 1);
  f.link.on_committed(fresh[0].id, {}, f.now);
  CHECK(f.expect<lane::Ack>().seq == Seq(1));
}

TEST_CASE("LinkProtocol: a failed commit ends the connection without an Ack", "[edgehub]") {
  Fixture f;
  f.connect();
  f.upsert(1, "a", "1");
  f.link.on_committed(f.effects<Commit>().at(0).id, fail(Code::kStorage, "disk full"), f.now);
  CHECK(f.effects<Disconnect>().size() == 1);
  CHECK_FALSE(f.next());
  CHECK(f.link.on_disconnected(Ended::kLost, f.now) >= 500ms);
}

TEST_CASE("LinkProtocol: a full disk is not tried again at each Welcome's pace", "[edgehub]") {
  Fixture f;
  std::vector<Duration> waits;
  for (int i = 0; i < 3; ++i) {
    f.connect();
    f.upsert(1, "a", "1");
    f.link.on_committed(f.effects<Commit>().at(0).id, fail(Code::kStorage, "disk full"), f.now);
    waits.push_back(f.link.on_disconnected(Ended::kLost, f.now));
  }
  CHECK(waits[1] > waits[0]);
  CHECK(waits[2] > waits[1]);
  f.connect();  // space was freed
  f.upsert(1, "a", "1");
  f.link.on_committed(f.effects<Commit>().at(0).id, {}, f.now);
  f.upsert(2, "b", "1");
  f.link.on_committed(f.effects<Commit>().at(0).id, fail(Code::kStorage, "disk full"), f.now);
  CHECK(f.link.on_disconnected(Ended::kLost, f.now) < waits[1]);
}

TEST_CASE("LinkProtocol: tokens become durable with their pod", "[edgehub]") {
  Fixture f;
  f.connect();
  f.link.on_message(lane::TokenGrant{0, {Uid("u-a"), "v", "token"}, "t", {}, {}, ""}, f.now);
  CHECK(f.effects<Commit>().empty());
  f.upsert(1, "a", "1");
  const auto commits = f.effects<Commit>();
  REQUIRE(commits.size() == 1);
  CHECK(commits[0].batch.tokens.size() == 1);
}

TEST_CASE("LinkProtocol: a report leaves the store when its verdict is there", "[edgehub]") {
  Fixture f;
  f.connect({report(1, "a"), report(2, "b")});
  CHECK(f.expect<lane::Report>().seq == ReportSeq(1));
  CHECK(f.expect<lane::Report>().seq == ReportSeq(2));
  CHECK(f.effects<Commit>().empty());
  f.verdict(1, lane::Verdict::kOk);
  const auto commits = f.effects<Commit>();
  REQUIRE(commits.size() == 1);
  CHECK(commits[0].batch.reports_done == std::vector<ReportSeq>{ReportSeq(1)});
  f.link.on_committed(commits[0].id, {}, f.now);
  f.verdict(2, lane::Verdict::kRefused);
  CHECK(f.link.figures().reports_loaded == 0);
}

TEST_CASE("LinkProtocol: a retry waits without holding up other keys", "[edgehub]") {
  Fixture f;
  f.connect({report(1, "a"), report(2, "a", lane::ReportKind::kFinalised), report(3, "b")});
  CHECK(f.expect<lane::Report>().seq == ReportSeq(1));
  CHECK(f.expect<lane::Report>().seq == ReportSeq(3));
  CHECK_FALSE(f.next());  // 2 is of the same key as 1
  f.verdict(1, lane::Verdict::kRetry);
  CHECK_FALSE(f.next());
  CHECK(f.link.next_deadline() <= f.now + 1s);
  f.now += 1s;
  CHECK(f.expect<lane::Report>().seq == ReportSeq(1));
  f.verdict(1, lane::Verdict::kOk);
  CHECK(f.expect<lane::Report>().seq == ReportSeq(2));
}

TEST_CASE("LinkProtocol: reports in flight are bounded, the newest state replaces the older",
          "[edgehub]") {
  Fixture f;
  std::vector<lane::Report> waiting;
  for (std::uint64_t i = 1; i <= kReportsInFlightMax; ++i) {
    waiting.push_back(report(i, "p" + std::to_string(i)));
  }
  f.link.on_connected({StoreId("s"), ClusterId("c"), {}, {}, {}}, f.now);
  f.expect<lane::Hello>();
  f.link.on_message(lane::Welcome{Epoch(1), true, ClusterId("c"), false}, f.now);
  f.link.on_page(f.effects<LoadReports>().at(0).id, waiting, f.now);
  const auto more = f.effects<LoadReports>();  // a full page: there may be more
  REQUIRE(more.size() == 1);
  CHECK(more[0].after == ReportSeq(kReportsInFlightMax));
  f.link.on_page(more[0].id, {}, f.now);
  for (std::size_t i = 0; i < kReportsInFlightMax; ++i) f.expect<lane::Report>();
  f.link.on_reports({report(101, "late")}, f.now);
  f.link.on_reports({report(102, "late")}, f.now);
  CHECK_FALSE(f.next());
  f.verdict(1, lane::Verdict::kOk);
  CHECK(f.expect<lane::Report>().seq == ReportSeq(102));
}

TEST_CASE("LinkProtocol: a flood of events does not keep a status back", "[edgehub]") {
  Fixture f;
  f.connect();
  std::vector<lane::Report> events;
  for (std::uint64_t i = 1; i <= LinkOutbox::kEventsLoadedMax + 50; ++i) {
    events.push_back(report(i, "noisy", lane::ReportKind::kEvent));
  }
  f.link.on_reports(events, f.now);
  f.link.on_reports({report(1000, "a")}, f.now);
  CHECK(f.expect<lane::Report>().seq == ReportSeq(1));
  CHECK(f.expect<lane::Report>().seq == ReportSeq(1000));
  CHECK(f.link.figures().reports_loaded == LinkOutbox::kEventsLoadedMax + 1);
}

TEST_CASE("LinkProtocol: ReportAgain is heard unless a report says it already", "[edgehub]") {
  Fixture f;
  f.connect({report(1, "a")});
  f.link.on_message(lane::ReportAgain{pod("a"), Uid("u-a")}, f.now);
  f.link.on_message(lane::ReportAgain{pod("b"), Uid("u-b")}, f.now);
  const auto again = f.effects<ReportAgain>();
  REQUIRE(again.size() == 1);
  CHECK(again[0].key == pod("b"));
}

TEST_CASE("LinkProtocol: a question for a token survives a reconnect", "[edgehub]") {
  Fixture f;
  f.connect();
  CHECK(f.link.ask_token(pod("a"), {Uid("u-a"), "v", "token"}));
  const auto first = f.expect<lane::TokenQuery>();
  f.link.on_disconnected(Ended::kLost, f.now);
  f.connect();
  const auto second = f.expect<lane::TokenQuery>();
  CHECK(second.query != first.query);
  f.link.on_message(lane::TokenGrant{first.query, first.slot, "late", {}, {}, ""}, f.now);
  CHECK(f.effects<TokenArrived>().empty());
  f.link.on_message(lane::TokenGrant{second.query, second.slot, "t", {}, {}, ""}, f.now);
  CHECK(f.effects<TokenArrived>().size() == 1);
  CHECK_FALSE(f.next());
}

TEST_CASE("LinkProtocol: another cluster changes nothing here", "[edgehub]") {
  Fixture f;
  f.link.on_connected({StoreId("s"), ClusterId("ours"), {}, {}, {}}, f.now);
  f.expect<lane::Hello>();
  f.link.on_message(lane::Welcome{Epoch(1), false, ClusterId("theirs"), true}, f.now);
  CHECK(f.effects<ForeignCluster>().size() == 1);
  f.link.on_message(lane::Remove{Seq(1), pod("a"), Uid("u-a"), {}}, f.now);
  CHECK(f.effects<Disconnect>().size() == 1);
}

TEST_CASE("LinkProtocol: objects before the Welcome end the connection", "[edgehub]") {
  Fixture f;
  f.link.on_connected({StoreId("s"), {}, {}, {}, {}}, f.now);
  f.expect<lane::Hello>();
  f.upsert(1, "a", "1");
  CHECK(f.effects<Disconnect>().size() == 1);
}

TEST_CASE("LinkProtocol: it pings after 10 s and gives up after 23 s of silence", "[edgehub]") {
  Fixture f;
  f.connect();
  f.now = kStart + kEdgePingInterval;
  f.expect<lane::Ping>();
  f.link.on_received(kStart + 5s);
  f.link.on_time(kStart + 27s);
  CHECK(f.effects<Disconnect>().empty());
  f.link.on_time(kStart + 28s);
  CHECK(f.effects<Disconnect>().size() == 1);
}

TEST_CASE("LinkProtocol: redials quickly after a loss, slowly after a Goodbye", "[edgehub]") {
  Fixture f;
  for (int i = 0; i < 20; ++i)
    CHECK(f.link.on_disconnected(Ended::kLost, f.now) <= kRedialDelayMax);
  CHECK(f.link.on_disconnected(Ended::kUnauthorized, f.now) >= kGoodbyeDelayMax / 2);
  f.link.on_connected({StoreId("s"), {}, {}, {}, {}}, f.now);
  f.link.on_message(lane::Goodbye{lane::GoodbyeCode::kNotReady, "lists", 8s}, f.now);
  const Duration wait = f.link.on_disconnected(Ended::kLost, f.now);
  CHECK(wait >= 8s);
  CHECK(wait <= 10s);
  CHECK(f.link.on_disconnected(Ended::kLost, f.now) <= kRedialDelayMax);  // the Goodbye is used up
}

TEST_CASE("LinkProtocol: a cloud that breaks the rules is dialled ever more slowly, Welcome or not",
          "[edgehub]") {
  Fixture f;
  Duration longest{};
  for (int i = 0; i < 8; ++i) {
    f.connect();
    f.link.on_message(lane::Compare{}, f.now);
    const auto ended = f.effects<Disconnect>();
    REQUIRE(ended.size() == 1);
    CHECK(ended[0].violation);
    const Duration wait = f.link.on_disconnected(Ended::kLost, f.now);
    CHECK(wait >= 500ms);
    CHECK(wait <= kGoodbyeDelayMax);
    longest = std::max(longest, wait);
  }
  CHECK(longest >= kGoodbyeDelayMax / 2);
  f.connect();  // one good connection, and all is as before
  CHECK(f.link.on_disconnected(Ended::kLost, f.now) <= kRedialDelayMax);
  f.connect();
  CHECK(f.link.on_disconnected(Ended::kViolation, f.now) <= 1s);  // the pump could not read it
}

TEST_CASE("LinkProtocol: after an upgrade refused objects that now fit are taken from the store",
          "[edgehub]") {
  metamanager::StoredObject refused{object(pod("a"), "u", "1"), "Unsupported", "no"};
  metamanager::StoredObject still{object(pod("b"), "u", "bad"), "Unsupported", "no"};
  const auto admit = [](const k8s::Object& o) -> Result<void> {
    if (*o.json == "bad") return fail(Code::kUnsupported, "no");
    return {};
  };
  const metamanager::Batch batch = readmit_refused({refused, still}, admit);
  REQUIRE(batch.changes.size() == 1);
  CHECK(batch.changes[0].upsert.refused_code.empty());
}

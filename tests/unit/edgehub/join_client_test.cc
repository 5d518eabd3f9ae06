#include "edgecore/edgehub/join_client.h"

#include <cstdlib>
#include <deque>

#include "common/async/wakeup.h"
#include "common/lane/codec.h"
#include "common/lane/mux.h"
#include "common/tls/authority.h"
#include "common/tls/key.h"
#include "tests/support/manual_world.h"
#include "tests/support/run_task.h"

using namespace skerry;
using namespace skerry::edgehub;

namespace {

const WallTime kNow{std::chrono::seconds(1'800'000'000)};

class TemporaryDirectory {
 public:
  TemporaryDirectory() { REQUIRE(mkdtemp(path_.data()) != nullptr); }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::filesystem::path path() const { return path_; }

 private:
  std::string path_ = "/tmp/skerry-join-XXXXXX";
};

/// The hub's answer to one question; nothing: silence.
using Hub = std::function<std::vector<lane::Message>(lane::Message)>;

/// A connection to a hub that is a function.
class ScriptedLane final : public lane::Lane {
 public:
  ScriptedLane(async::Executor executor, Hub hub) : hub_(std::move(hub)), wakeup_(executor) {}

  async::Task<Result<std::string>> read() override {
    while (frames_.empty() && !closed_) {
      co_await wakeup_.wait_until(std::chrono::steady_clock::now() + 30s);
    }
    if (closed_) co_return fail(Code::kCancelled, "closed");
    std::string frame = std::move(frames_.front());
    frames_.pop_front();
    co_return frame;
  }
  async::Task<Result<void>> write(std::string frame, TimePoint) override {
    CHECK(frame.size() <= kFrameBytesMax);
    Result<std::optional<std::string>> message = mux_.receive(frame);
    REQUIRE(message);
    if (*message) answer(**message);
    while (std::optional<std::string> next = mux_.next_frame()) frames_.push_back(*next);
    wakeup_.notify();
    co_return Result<void>();
  }
  void close() override {
    closed_ = true;
    wakeup_.notify();
  }
  TimePoint last_received() const override { return {}; }
  const lane::PeerIdentity& peer() const override { return peer_; }
  const std::string& remote_address() const override { return address_; }
  const std::string& local_address() const override { return address_; }

 private:
  void answer(const std::string& bytes) {
    for (const lane::Message& message : hub_(*lane::decode(bytes))) {
      REQUIRE(mux_.send(lane::class_of(message), lane::encode(message)));
    }
  }

  Hub hub_;
  async::Wakeup wakeup_;
  lane::Mux mux_;
  std::deque<std::string> frames_;
  bool closed_ = false;
  lane::PeerIdentity peer_;
  std::string address_;
};

struct Bench {
  TemporaryDirectory directory;
  boost::asio::io_context loop;
  test::ManualWorld world;
  tls::Authority ca = *tls::make_authority("ca", kNow);
  std::shared_ptr<IdentityStore> identities = std::make_shared<IdentityStore>(directory.path());
  JoinOrder order;
  std::vector<lane::JoinRequest> asked;
  std::optional<Error> unreachable;
  std::optional<Sha256> pinned;
  int connections = 0;

  Bench() {
    const Sha256 hash = tls::parse_certificate(ca.certificate_pem)->sha256;
    order.server = "cloud.example";
    order.token = to_hex({reinterpret_cast<const char*>(hash.data()), 32}) +
                  ".abc123.00112233445566778899aabbccddeeff";
    order.node = NodeName("gw");
    order.labels = {{"site", "a"}};
  }
  lane::CertificateReply issue(const tls::Authority& by,
                               const std::string& csr,
                               const std::string& node = "gw") {
    tls::NodeOrder wanted;
    wanted.node = NodeName(node);
    wanted.request_pem = csr;
    wanted.now = kNow;
    return {*tls::issue_node_certificate(by, wanted) + by.certificate_pem, by.certificate_pem};
  }
  Hub honest() {
    return [this](lane::Message message) -> std::vector<lane::Message> {
      auto* request = std::get_if<lane::JoinRequest>(&message);
      REQUIRE(request != nullptr);
      asked.push_back(*request);
      return {lane::Ping{}, issue(ca, request->csr_pem)};
    };
  }
  ConnectToHub connect(Hub hub) {
    return
        [this, hub](ServerAddress server, tls::ServerTrust trust, std::optional<tls::Identity> own,
                    TimePoint) -> async::Task<Result<std::unique_ptr<lane::Lane>>> {
          ++connections;
          pinned = trust.pinned_root;
          CHECK(server.text() == "cloud.example:10000");
          CHECK_FALSE(own);
          if (unreachable) co_return fail(*unreachable);
          std::unique_ptr<lane::Lane> made =
              std::make_unique<ScriptedLane>(co_await async::this_executor(), hub);
          co_return made;
        };
  }
  Result<void> join(Hub hub, Duration limit = 1s) {  // shorter than the retry's delay: one attempt
    world.set_now(std::chrono::steady_clock::now());
    const TimePoint deadline = world.now() + limit;
    return test::run_task(loop,
                          edgehub::join(order, identities, connect(hub), world.world(), deadline));
  }
};

bool has(const Error& error, const std::string& text) {
  INFO(error.what);
  return error.what.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("JoinClient: a token becomes an identity, and is itself never kept", "[edgehub]") {
  Bench bench;
  REQUIRE(bench.join(bench.honest(), 60s));
  REQUIRE(bench.asked.size() == 1);
  CHECK(bench.asked[0].token == "abc123.00112233445566778899aabbccddeeff");
  CHECK(bench.asked[0].node == NodeName("gw"));
  CHECK(bench.asked[0].labels == bench.order.labels);
  CHECK(bench.pinned == tls::parse_certificate(bench.ca.certificate_pem)->sha256);
  const auto identity = bench.identities->load().value();
  REQUIRE(identity);
  CHECK(identity->node == NodeName("gw"));
  for (const auto& text : {identity->config_yaml, identity->key_pem, identity->certificate_pem}) {
    CHECK(text.find("00112233445566778899aabbccddeeff") == std::string::npos);
  }
  // Repeated: the same key asks.
  REQUIRE(bench.join(bench.honest(), 60s));
  REQUIRE(bench.asked.size() == 2);
  CHECK(tls::parse_request(bench.asked[0].csr_pem)->public_key_sha256 ==
        tls::parse_request(bench.asked[1].csr_pem)->public_key_sha256);
}

TEST_CASE("JoinClient: a broken token or address is told before anything is sent", "[edgehub]") {
  Bench bench;
  const std::string good = bench.order.token;
  CHECK(parse_join_token(" " + good + "\n"));
  for (const std::string& bad :
       {std::string(), good.substr(0, good.size() - 1), good.substr(1), good + "0", good.substr(65),
        std::string("K10abc::server:xyz"), std::string(200, 'a'), "A" + good.substr(1)}) {
    bench.order.token = bad;
    Result<void> joined = bench.join(bench.honest(), 60s);
    REQUIRE_FALSE(joined);
    CHECK(has(joined.error(), "not a whole join token"));
    if (!bad.empty()) CHECK_FALSE(has(joined.error(), bad));
  }
  bench.order.token = good;
  bench.order.server = "https://cloud.example";
  CHECK(has(bench.join(bench.honest(), 60s).error(), "is not an address"));
  CHECK(bench.connections == 0);
}

TEST_CASE("JoinClient: each failure is one line that names the hub and the reason", "[edgehub]") {
  const std::pair<lane::GoodbyeCode, const char*> rows[] = {
      {lane::GoodbyeCode::kProtocol, "this token was used up at ..."},
      {lane::GoodbyeCode::kRevoked, "node \"gw\" was revoked"},
      {lane::GoodbyeCode::kNotReady, "cloudcore is starting"},
  };
  for (const auto& [code, reason] : rows) {
    Bench bench;
    const lane::Goodbye goodbye{code, reason, {}};
    Result<void> joined =
        bench.join([goodbye](lane::Message) -> std::vector<lane::Message> { return {goodbye}; });
    REQUIRE_FALSE(joined);
    CHECK(joined.error().what == "cannot join at cloud.example:10000: " + std::string(reason));
    CHECK_FALSE(bench.identities->load().value());
  }
  Bench bench;
  bench.unreachable = Error{Code::kUnauthorized, "the hub's CA is not the one in the token", {}};
  CHECK(has(bench.join(bench.honest(), 60s).error(),
            "cannot join at cloud.example:10000: the hub's CA"));
  CHECK(bench.connections == 1);  // for good: not tried again
  CHECK(bench.asked.empty());
}

TEST_CASE("JoinClient: an answer that does not fit is not believed", "[edgehub]") {
  Bench bench;
  const tls::Authority foreign = *tls::make_authority("foreign", kNow);
  const std::string other_key = *tls::make_key();
  using Messages = std::vector<lane::Message>;
  const auto csr_of = [](const lane::Message& m) { return std::get<lane::JoinRequest>(m).csr_pem; };
  const std::vector<std::pair<Hub, std::string>> rows = {
      {[&](lane::Message m) -> Messages { return {bench.issue(bench.ca, csr_of(m), "other")}; },
       "not for this node"},
      {[&](lane::Message) -> Messages {
         return {bench.issue(bench.ca, *tls::make_request(other_key, "system:node:gw"))};
       },
       "the hub's answer"},
      {[&](lane::Message m) -> Messages {
         lane::CertificateReply reply = bench.issue(bench.ca, csr_of(m));
         reply.ca_bundle_pem = foreign.certificate_pem;
         return {reply};
       },
       "lacks the CA that the token names"},
      {[&](lane::Message m) -> Messages {
         lane::CertificateReply reply = bench.issue(bench.ca, csr_of(m));
         reply.certificate_pem = "garbage";
         return {reply};
       },
       "the hub's answer"},
      {[&](lane::Message) -> Messages {
         return {lane::CaBundle{std::string(80 * kKiB, 'x')}};  // over kJoinBytesMax
       },
       "the answer"},
  };
  for (const auto& [hub, text] : rows) {
    Result<void> joined = bench.join(hub);
    REQUIRE_FALSE(joined);
    CHECK(has(joined.error(), text));
    CHECK_FALSE(bench.identities->load().value());
  }
}

TEST_CASE("JoinClient: a silent hub does not hold the command", "[edgehub]") {
  Bench bench;
  const auto silent = [](lane::Message) -> std::vector<lane::Message> { return {}; };
  Result<void> joined = bench.join(silent, 20ms);
  REQUIRE_FALSE(joined);
  CHECK(has(joined.error(), "did not answer in time"));
}

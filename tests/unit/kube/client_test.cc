#include "cloudcore/kube/client.h"

#include <nlohmann/json.hpp>

#include "cloudcore/kube/request_gate.h"
#include "tests/unit/kube/fake_http.h"

using namespace skerry;
using namespace skerry::kube;
using k8s::Kind;

namespace {

struct Fixture : FakeWorld {
  Client client{http, world};

  template <class T>
  HttpRequest answered(async::Task<Result<T>> task,
                       int status,
                       std::string body,
                       Result<T>& result) {
    const auto pending = start(std::move(task));
    HttpRequest request = http->answer(status, std::move(body));
    settle();
    REQUIRE(pending->has_value());
    result = std::move(**pending);
    return request;
  }
};

struct Recorder : WatchSink {
  void on_watch_open() override { ++opened; }
  void on_watch_event(const WatchEvent& event) override {
    versions.push_back(event.resource_version.value());
    if (drop_at == versions.size()) stream.reset();
  }
  void on_watch_end(std::optional<Error> e) override {
    ++ended;
    error = std::move(e);
  }
  int opened = 0, ended = 0;
  std::size_t drop_at = 0;
  std::vector<std::uint64_t> versions;
  std::optional<Error> error;
  std::unique_ptr<HttpStream> stream;
};

std::string line(std::uint64_t version) {
  return R"({"type":"ADDED","object":{"metadata":{"resourceVersion":")" + std::to_string(version) +
         "\"}}}\n";
}

}  // namespace

TEST_CASE("Client: calls become the requests that the API documents", "[kube]") {
  Fixture f;
  Result<std::string> result;
  auto request = f.answered(f.client.get({Kind::kPod, "default", "web"}), 200, "{}", result);
  CHECK(request.method == Method::kGet);
  CHECK(request.target == "/api/v1/namespaces/default/pods/web");
  CHECK(request.deadline == f.clock.time + kCallTimeout);
  CHECK(*result == "{}");

  request = f.answered(f.client.create(Kind::kEvent, "default", "{\"a\":1}"), 201, "{}", result);
  CHECK(request.method == Method::kPost);
  CHECK(request.target == "/api/v1/namespaces/default/events?fieldManager=skerry-cloudcore");
  CHECK(request.content_type == "application/json");
  CHECK(request.body == "{\"a\":1}");

  request = f.answered(f.client.replace({Kind::kLease, "kube-node-lease", "n1"}, "{}"), 200, "{}",
                       result);
  CHECK(request.method == Method::kPut);
  CHECK(request.target ==
        "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1"
        "?fieldManager=skerry-cloudcore");
  CHECK(request.urgent);
}

TEST_CASE("Client: each patch type has its media type and the subresource its path", "[kube]") {
  Fixture f;
  Result<std::string> result;
  Patch patch{{Kind::kPod, "default", "web"}, PatchType::kStrategicMerge, "{}", "status"};
  auto request = f.answered(f.client.patch(patch), 200, "{}", result);
  CHECK(request.method == Method::kPatch);
  CHECK(request.target ==
        "/api/v1/namespaces/default/pods/web/status?fieldManager=skerry-cloudcore");
  CHECK(request.content_type == "application/strategic-merge-patch+json");
  patch.type = PatchType::kMerge;
  CHECK(f.answered(f.client.patch(patch), 200, "", result).content_type ==
        "application/merge-patch+json");
  patch.type = PatchType::kJson;
  CHECK(f.answered(f.client.patch(patch), 200, "", result).content_type ==
        "application/json-patch+json");
  patch.type = PatchType::kApply;
  patch.force_apply = true;
  request = f.answered(f.client.patch(patch), 200, "", result);
  CHECK(request.content_type == "application/apply-patch+yaml");
  CHECK(request.target.ends_with("fieldManager=skerry-cloudcore&force=true"));
}

TEST_CASE("Client: a name cannot change the path", "[kube]") {
  Fixture f;
  Result<std::string> result;
  const auto request =
      f.answered(f.client.get({Kind::kPod, "a/../b", "x?watch=1#&"}), 404, "", result);
  CHECK(request.target == "/api/v1/namespaces/a%2F..%2Fb/pods/x%3Fwatch%3D1%23%26");
  CHECK(result.error().code == Code::kNotFound);
}

TEST_CASE("Client: a deletion carries uid and grace", "[kube]") {
  Fixture f;
  Result<std::string> result;
  const auto request = f.answered(f.client.remove({{Kind::kPod, "default", "web"}, Uid("u1"), 0}),
                                  409, R"({"reason":"Conflict","message":"uid differs"})", result);
  CHECK(request.method == Method::kDelete);
  CHECK(nlohmann::json::parse(request.body) ==
        nlohmann::json::parse(R"({"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0,)"
                              R"("preconditions":{"uid":"u1"}})"));
  CHECK(result.error().code == Code::kConflict);
  CHECK(result.error().what.find("uid differs") != std::string::npos);
}

TEST_CASE("Client: a token is asked for the pod it is bound to", "[kube]") {
  Fixture f;
  TokenRequest wanted;
  wanted.ns = "default";
  wanted.service_account = "web";
  wanted.audiences = {"vault"};
  wanted.expiration_seconds = 600;
  wanted.bound_name = "web-1";
  wanted.bound_uid = Uid("u1");
  Result<Token> token;
  const auto request = f.answered(
      f.client.request_token(wanted), 201,
      R"({"status":{"token":"abc","expirationTimestamp":"2026-01-02T03:04:05Z"}})", token);
  CHECK(request.target == "/api/v1/namespaces/default/serviceaccounts/web/token");
  const auto spec = nlohmann::json::parse(request.body).at("spec");
  CHECK(spec.at("audiences").at(0) == "vault");
  CHECK(spec.at("expirationSeconds") == 600);
  CHECK(spec.at("boundObjectRef").at("uid") == "u1");
  REQUIRE(token);
  CHECK(token->token == "abc");
  f.answered(f.client.request_token(wanted), 201, "{}", token);
  CHECK(token.error().code == Code::kMalformed);
}

TEST_CASE("Client: the current version is a list of one", "[kube]") {
  Fixture f;
  Result<ResourceVersion> version;
  const auto request =
      f.answered(f.client.current_version({Kind::kPod, "", "spec.nodeName!=", "a in (b)"}), 200,
                 R"({"metadata":{"resourceVersion":"77"},"items":[]})", version);
  CHECK(request.target ==
        "/api/v1/pods?fieldSelector=spec.nodeName%21%3D&labelSelector=a%20in%20%28b%29&limit=1");
  CHECK(*version == ResourceVersion(77));
}

TEST_CASE("Client: a watch asks for bookmarks and splits lines wherever bytes are cut", "[kube]") {
  Fixture f;
  Recorder sink;
  sink.stream = f.client.watch({Kind::kConfigMap, "ns", "", ""}, ResourceVersion(5), 300s, sink);
  REQUIRE(f.http->stream_now);
  CHECK(f.http->stream_now->request.target ==
        "/api/v1/namespaces/ns/configmaps?watch=true&allowWatchBookmarks=true&resourceVersion=5"
        "&timeoutSeconds=300");
  StreamSink& bytes = f.http->stream_now->sink;
  bytes.on_open();
  const std::string text = line(6) + line(7);
  bytes.on_bytes(text.substr(0, 10));
  bytes.on_bytes(text.substr(10));
  bytes.on_end(HttpResponse{200, "", {}});
  CHECK(sink.versions == std::vector<std::uint64_t>{6, 7});
  CHECK((sink.opened == 1 && sink.ended == 1 && !sink.error));
}

TEST_CASE("Client: a watch that ends inside a line, by refusal or by nonsense tells why",
          "[kube]") {
  struct Case {
    const char* bytes;
    Result<HttpResponse> end;
    Code code;
  };
  const Case cases[] = {
      {"{\"type\":", HttpResponse{200, "", {}}, Code::kUnavailable},
      {"", HttpResponse{410, "{}", {}}, Code::kGone},
      {"nonsense\n", HttpResponse{200, "", {}}, Code::kMalformed},
      {"", fail(Code::kTimeout, "x"), Code::kTimeout},
  };
  for (const Case& one : cases) {
    Fixture f;
    Recorder sink;
    sink.stream = f.client.watch({}, ResourceVersion(5), 300s, sink);
    FakeHttp::Open* const open = f.http->stream_now;
    if (*one.bytes) open->sink.on_bytes(one.bytes);
    if (f.http->stream_now) open->sink.on_end(one.end);
    REQUIRE(sink.error);
    CHECK(sink.error->code == one.code);
    CHECK(sink.ended == 1);
  }
}

TEST_CASE("Client: a line over the limit ends the watch", "[kube]") {
  Fixture f;
  Recorder sink;
  sink.stream = f.client.watch({}, ResourceVersion(5), 300s, sink);
  const std::string piece(kMiB, 'x');
  for (int i = 0; i < 5 && f.http->stream_now; ++i) f.http->stream_now->sink.on_bytes(piece);
  REQUIRE(sink.error);
  CHECK(sink.error->code == Code::kTooLarge);
  CHECK(f.http->streams_closed == 1);
}

TEST_CASE("Client: a watch dropped inside its own event hears nothing more", "[kube]") {
  Fixture f;
  Recorder sink;
  sink.drop_at = 1;
  sink.stream = f.client.watch({}, ResourceVersion(5), 300s, sink);
  f.http->stream_now->sink.on_bytes(line(6) + line(7) + line(8));
  CHECK(sink.versions == std::vector<std::uint64_t>{6});
  CHECK(sink.ended == 0);
  CHECK(f.http->streams_closed == 1);
}

namespace {

struct GateFixture : FakeWorld {
  ~GateFixture() { http->sent.clear(); }  // each holds the gate, as a running request does
  std::shared_ptr<HttpClient> gate(GateLimits limits) {
    return make_request_gate(http, io.get_executor(), world, limits);
  }
  void ask(HttpClient& gate, const std::string& name, bool urgent = false, Duration life = 1h) {
    HttpRequest request;
    request.target = name;
    request.urgent = urgent;
    request.deadline = clock.time + life;
    gate.send(std::move(request), [this, name](Result<HttpResponse> answer) {
      ended.push_back(name + (answer ? "" : ":" + std::string(to_string(answer.error().code))));
    });
  }
  std::vector<std::string> in_flight() const {
    std::vector<std::string> names;
    for (const auto& one : http->sent) names.push_back(one.request.target);
    return names;
  }
  std::vector<std::string> ended;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("RequestGate: no more than the limit at once, urgent ones first", "[kube]") {
  GateFixture f;
  const auto gate = f.gate({2, 3, 100});
  for (const char* name : {"a", "b", "c", "d"}) f.ask(*gate, name);
  CHECK(f.in_flight() == Names{"a", "b"});
  f.ask(*gate, "lease", true);
  CHECK(f.in_flight() == Names{"a", "b", "lease"});
  f.ask(*gate, "lease2", true);
  f.http->answer(200, "");
  CHECK(f.in_flight() == Names{"b", "lease", "lease2"});
  f.http->answer(200, "");
  f.http->answer(200, "");
  CHECK(f.in_flight() == Names{"lease2", "c"});
  CHECK(f.ended == Names{"a", "b", "lease"});
}

TEST_CASE("RequestGate: one too many, one too late and the rest at the stop are told", "[kube]") {
  GateFixture f;
  const auto gate = f.gate({1, 1, 2});
  f.ask(*gate, "a");
  f.ask(*gate, "late", false, 1ms);
  f.ask(*gate, "waits");
  f.ask(*gate, "full");
  f.settle();
  CHECK(f.ended == Names{"full:throttled"});
  f.clock.time += 1s;
  f.io.restart();
  f.io.run_one_for(5s);  // the timer of the early deadline
  f.settle();
  CHECK(f.ended == Names{"full:throttled", "late:timeout"});
  bool stopped = false;
  gate->stop([&] { stopped = true; });
  f.settle();
  CHECK(f.ended == Names{"full:throttled", "late:timeout", "waits:cancelled"});
  CHECK(stopped);
  f.ask(*gate, "after");
  f.settle();
  CHECK(f.ended.back() == "after:cancelled");
}

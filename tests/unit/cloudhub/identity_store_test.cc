#include "cloudcore/cloudhub/identity_store.h"

#include <nlohmann/json.hpp>

#include "cloudcore/cloudhub/identity_kube_store.h"
#include "cloudcore/cloudhub/identity_record.h"
#include "tests/support/fake_identity_store.h"
#include "tests/support/manual_world.h"
#include "tests/support/run_task.h"

using namespace skerry;
using namespace skerry::cloudhub;
using nlohmann::json;

namespace {

/// What the API server does with Secrets of one namespace, without a network.
class FakeSecretsApi final : public kube::HttpClient {
 public:
  explicit FakeSecretsApi(async::Executor executor) : executor_(executor) {}

  void send(kube::HttpRequest request, Done done) override {
    kube::HttpResponse response = answer(request);
    async::post(executor_, [done = std::move(done), response = std::move(response)] {
      done(Result<kube::HttpResponse>(response));
    });
  }
  std::unique_ptr<kube::HttpStream> stream(kube::HttpRequest, kube::StreamSink&) override {
    return nullptr;
  }
  void stop(std::function<void()> done) override { done(); }

 private:
  static constexpr std::string_view kCollection = "/api/v1/namespaces/skerry-system/secrets";

  static kube::HttpResponse status(int code, const std::string& reason) {
    return {
        code,
        json{{"kind", "Status"}, {"reason", reason}, {"message", reason}, {"code", code}}.dump(),
        {}};
  }

  kube::HttpResponse answer(const kube::HttpRequest& request) {
    const std::string path = request.target.substr(0, request.target.find('?'));
    REQUIRE(path.rfind(kCollection, 0) == 0);
    const std::string name =
        path.size() > kCollection.size() ? path.substr(kCollection.size() + 1) : "";
    switch (request.method) {
      case kube::Method::kPost:
        return create(json::parse(request.body));
      case kube::Method::kPut:
        return replace(name, json::parse(request.body));
      case kube::Method::kGet:
        return name.empty() ? list(request.target) : get(name);
      case kube::Method::kDelete:
        return secrets_.erase(name) ? kube::HttpResponse{200, "{}", {}} : status(404, "NotFound");
      default:
        return status(405, "MethodNotAllowed");
    }
  }
  kube::HttpResponse create(json secret) {
    const std::string name = secret["metadata"]["name"];
    if (secrets_.contains(name)) return status(409, "AlreadyExists");
    return store(std::move(secret), 201);
  }
  kube::HttpResponse replace(const std::string& name, json secret) {
    const auto found = secrets_.find(name);
    if (found == secrets_.end()) return status(404, "NotFound");
    if (secret["metadata"].value("resourceVersion", "") !=
        found->second["metadata"]["resourceVersion"]) {
      return status(409, "Conflict");
    }
    return store(std::move(secret), 200);
  }
  kube::HttpResponse store(json secret, int code) {
    secret["metadata"]["resourceVersion"] = std::to_string(++version_);
    secret["metadata"]["uid"] = "u-" + std::to_string(version_);
    secrets_[secret["metadata"]["name"]] = secret;
    return {code, secret.dump(), {}};
  }
  kube::HttpResponse get(const std::string& name) {
    const auto found = secrets_.find(name);
    return found == secrets_.end() ? status(404, "NotFound")
                                   : kube::HttpResponse{200, found->second.dump(), {}};
  }
  kube::HttpResponse list(const std::string& target) {
    const std::size_t at = target.find("labelSelector=skerry.io%2Frecord%3D");
    REQUIRE(at != std::string::npos);
    std::string word = target.substr(at + 35);
    word = word.substr(0, word.find('&'));
    json items = json::array();
    for (const auto& [name, secret] : secrets_) {
      if (secret["metadata"]["labels"]["skerry.io/record"] == word) items.push_back(secret);
    }
    return {200,
            json{{"kind", "SecretList"},
                 {"apiVersion", "v1"},
                 {"metadata", {{"resourceVersion", std::to_string(version_)}}},
                 {"items", items}}
                .dump(),
            {}};
  }

  async::Executor executor_;
  std::map<std::string, json> secrets_;
  int version_ = 7;
};

/// What every IdentityStore promises.
async::Task<void> contract(std::shared_ptr<IdentityStore> store) {
  Result<Record> missing = co_await store->get("join-token-abc123");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Code::kNotFound);

  Record record{.kind = RecordKind::kJoinToken,
                .name = "join-token-abc123",
                .data = {{"salt", std::string("\0\xff\x01 bytes", 9)}, {"empty", ""}},
                .resource_version = {}};
  Result<Record> created = co_await store->create(record);
  REQUIRE(created);
  CHECK_FALSE(created->resource_version.empty());
  CHECK(created->data == record.data);
  Result<Record> twice = co_await store->create(record);
  REQUIRE_FALSE(twice);
  CHECK(twice.error().code == Code::kAlreadyExists);

  Record changed = *created;
  changed.data["salt"] = "other";
  Result<Record> replaced = co_await store->replace(changed);
  REQUIRE(replaced);
  CHECK(replaced->resource_version != created->resource_version);
  Result<Record> stale = co_await store->replace(changed);  // by the version before
  REQUIRE_FALSE(stale);
  CHECK(stale.error().code == Code::kConflict);
  Result<Record> read = co_await store->get("join-token-abc123");
  REQUIRE(read);
  CHECK(read->data.at("salt") == "other");
  CHECK(read->kind == RecordKind::kJoinToken);

  Record other{.kind = RecordKind::kNodeIdentity,
               .name = "node-identity.a",
               .data = {},
               .resource_version = {}};
  Result<Record> second = co_await store->create(other);
  REQUIRE(second);
  Result<std::vector<Record>> tokens = co_await store->list(RecordKind::kJoinToken);
  REQUIRE(tokens);
  REQUIRE(tokens->size() == 1);
  CHECK(tokens->front().name == "join-token-abc123");

  Result<void> removed = co_await store->remove("join-token-abc123");
  CHECK(removed);
  Result<void> again = co_await store->remove("join-token-abc123");
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Code::kNotFound);
  Result<Record> gone = co_await store->replace(*replaced);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == Code::kNotFound);
}

}  // namespace

TEST_CASE("IdentityStore: Secrets keep the contract", "[cloudhub]") {
  boost::asio::io_context loop;
  test::ManualWorld world;
  auto http = std::make_shared<FakeSecretsApi>(loop.get_executor());
  auto client = std::make_shared<kube::Client>(http, world.world());
  test::run_task(loop, contract(make_kube_identity_store(client)));
}

TEST_CASE("IdentityStore: the fake keeps the contract", "[cloudhub]") {
  boost::asio::io_context loop;
  test::run_task(loop, contract(std::make_shared<test::FakeIdentityStore>()));
}

TEST_CASE("IdentityRecord: a Secret that is none of ours is refused", "[cloudhub]") {
  for (
      const char* bad :
      {"", "[]", "{}", R"({"metadata":{"name":"a","resourceVersion":"1"}})",
       R"({"metadata":{"name":"a","resourceVersion":"1","labels":{"skerry.io/record":"x"}}})",
       R"({"metadata":{"name":"a","resourceVersion":"1","labels":{"skerry.io/record":"ca"}},"data":{"k":"%"}})",
       R"({"metadata":{"name":"a","resourceVersion":"1","labels":{"skerry.io/record":"ca"}},"data":{"k":1}})"}) {
    CAPTURE(bad);
    Result<Record> record = decode_secret(bad);
    REQUIRE_FALSE(record);
    CHECK(record.error().code == Code::kMalformed);
  }
  Record large{.kind = RecordKind::kCa, .name = "a", .data = {}, .resource_version = {}};
  large.data["k"] = std::string(kRecordBytesMax + 1, 'x');
  CHECK(encode_secret(large).error().code == Code::kTooLarge);
}

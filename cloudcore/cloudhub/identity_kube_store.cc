#include "cloudcore/cloudhub/identity_kube_store.h"

#include "cloudcore/cloudhub/identity_record.h"

namespace skerry::cloudhub {
namespace {

constexpr int kPageItems = 100;
constexpr std::size_t kRecordsMax = 200'000;

k8s::ObjectKey key_of(std::string name) {
  return {k8s::Kind::kSecret, std::string(kIdentityNamespace), std::move(name)};
}

class KubeIdentityStore final : public IdentityStore {
 public:
  explicit KubeIdentityStore(std::shared_ptr<kube::Client> client) : client_(std::move(client)) {}

  async::Task<Result<Record>> get(std::string name) override {
    const std::shared_ptr<kube::Client> client = client_;
    Result<std::string> json = co_await client->get(key_of(name));
    if (!json) co_return fail(json.error());
    co_return decode_secret(*json);
  }

  async::Task<Result<std::vector<Record>>> list(RecordKind kind) override {
    const std::shared_ptr<kube::Client> client = client_;
    kube::Selection selection;
    selection.kind = k8s::Kind::kSecret;
    selection.ns = kIdentityNamespace;
    selection.label_selector = "skerry.io/record=" + std::string(to_string(kind));
    std::vector<Record> records;
    std::string continue_token;
    do {
      Result<kube::ListPage> page = co_await list_page(client, selection, continue_token);
      if (!page) co_return fail(page.error());
      for (const std::string_view item : page->items) {
        Result<Record> record = decode_secret(item);
        if (!record) co_return fail(record.error());
        records.push_back(std::move(*record));
      }
      if (records.size() > kRecordsMax) co_return fail(Code::kTooLarge, "too many records");
      continue_token = page->continue_token;
    } while (!continue_token.empty());
    co_return records;
  }

  async::Task<Result<Record>> create(Record record) override {
    const std::shared_ptr<kube::Client> client = client_;
    record.resource_version.clear();
    Result<std::string> body = encode_secret(record);
    if (!body) co_return fail(body.error());
    const std::string ns(kIdentityNamespace);
    Result<std::string> json = co_await client->create(k8s::Kind::kSecret, ns, std::move(*body));
    if (!json && json.error().code == Code::kNotFound) {
      co_return fail(Code::kUnavailable, "namespace " + ns +
                                             " does not exist; apply deploy/rbac.yaml (" +
                                             json.error().what + ")");
    }
    if (!json) co_return fail(json.error());
    co_return decode_secret(*json);
  }

  async::Task<Result<Record>> replace(Record record) override {
    const std::shared_ptr<kube::Client> client = client_;
    Result<std::string> body = encode_secret(record);
    if (!body) co_return fail(body.error());
    Result<std::string> json = co_await client->replace(key_of(record.name), std::move(*body));
    if (!json) co_return fail(json.error());
    co_return decode_secret(*json);
  }

  async::Task<Result<void>> remove(std::string name) override {
    const std::shared_ptr<kube::Client> client = client_;
    kube::Deletion deletion;
    deletion.key = key_of(std::move(name));
    Result<std::string> json = co_await client->remove(std::move(deletion));
    if (!json) co_return fail(json.error());
    co_return Result<void>();
  }

 private:
  static async::Task<Result<kube::ListPage>> list_page(std::shared_ptr<kube::Client> client,
                                                       kube::Selection selection,
                                                       std::string continue_token) {
    std::function<void(std::function<void(Result<kube::ListPage>)>)> start =
        [client, selection, continue_token](std::function<void(Result<kube::ListPage>)> done) {
          client->list_page(selection, continue_token, kPageItems, std::move(done));
        };
    co_return co_await async::from_callback<Result<kube::ListPage>>(std::move(start));
  }

  std::shared_ptr<kube::Client> client_;
};

}  // namespace

std::shared_ptr<IdentityStore> make_kube_identity_store(std::shared_ptr<kube::Client> client) {
  return std::make_shared<KubeIdentityStore>(std::move(client));
}

}  // namespace skerry::cloudhub

#include "cloudcore/standalone/access/bootstrap_roles.h"

#include "cloudcore/standalone/access/rbac_facts.h"
#include "cloudcore/standalone/controllers/api_client.h"
#include "common/async/task_group.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;

/// The first write that failed.
using Failure = std::shared_ptr<std::optional<ApiError>>;

ResourceType type_of(const BootstrapObject& object) {
  return {{"rbac.authorization.k8s.io", "v1"}, object.plural};
}

Task<void> make(std::shared_ptr<ApiClient> client, BootstrapObject wanted, Failure failure) {
  const ResourceType type = type_of(wanted);
  Answer<json> written = json();
  if (auto existing = client->get(type, wanted.ns, wanted.name)) {
    auto changed = completed(std::move(*existing), wanted.object);
    if (!changed) co_return;
    written = co_await client->update(type, std::move(*changed));
  } else {
    written = co_await client->create(type, wanted.ns, std::move(wanted.object));
  }
  if (!written && !*failure) *failure = written.error();
}

}  // namespace

Task<Result<void>> make_bootstrap_roles(Api& api, ObjectStore& store, async::Executor executor) {
  auto client = std::make_shared<ApiClient>(api, store, "system:apiserver");
  auto failure = std::make_shared<std::optional<ApiError>>();
  std::vector<BootstrapObject> wanted = parse_rbac_facts(kRbacFactsText);
  for (BootstrapObject& each : cloudcore_rights(kCloudcoreRightsYaml)) {
    wanted.push_back(std::move(each));
  }
  async::TaskGroup tasks(executor);
  for (BootstrapObject& each : wanted) {
    tasks.spawn("bootstrap role", make(client, std::move(each), failure));
  }
  co_await tasks.join();
  if (*failure) {
    co_return fail(Code::kStorage, "the first roles of the API: " + (*failure)->message);
  }
  co_return Result<void>();
}

}  // namespace skerry::standalone

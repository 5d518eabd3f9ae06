#include "cloudcore/kube/cluster_id.h"

#include <nlohmann/json.hpp>

#include "common/k8s/json_fields.h"

namespace skerry::kube {

async::Task<Result<ClusterId>> read_cluster_id(Client& client) {
  const k8s::ObjectKey kube_system{k8s::Kind::kNamespace, "", "kube-system"};
  const Result<std::string> answer = co_await client.get(kube_system);
  if (!answer) co_return fail("namespace kube-system", answer.error());
  const auto json = nlohmann::json::parse(*answer, nullptr, false);
  ClusterId id(k8s::fields::text(k8s::fields::at(json, "metadata"), "uid"));
  if (id.empty()) co_return fail(Code::kMalformed, "namespace kube-system has no uid");
  co_return id;
}

}  // namespace skerry::kube

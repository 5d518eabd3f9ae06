#include "cloudcore/node_facts.h"

#include <cstdio>
#include <set>

#include "cloudcore/cloudhub/deny_list.h"
#include "cloudcore/cloudhub/identity_nodes.h"
#include "cloudcore/local_api.h"
#include "cloudcore/node_explanation.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/pod_refs.h"
#include "common/k8s/time.h"
#include "common/metrics/http_endpoint.h"

namespace skerry::cloudcore {
namespace {

constexpr int kPodPage = 500;
constexpr auto kDaemonDeadline = 5s;

/// Nothing: there is no such object.
async::Task<Result<std::optional<std::string>>> get(CommandSession session, k8s::ObjectKey key) {
  Result<std::string> json = co_await session.client->get(std::move(key));
  if (json) co_return std::optional<std::string>(std::move(*json));
  if (json.error().code == Code::kNotFound) co_return std::optional<std::string>();
  co_return fail(json.error());
}

async::Task<Result<std::vector<k8s::ObjectPtr>>> pods_of(CommandSession session, NodeName node) {
  kube::Selection selection;
  selection.kind = k8s::Kind::kPod;
  selection.field_selector = "spec.nodeName=" + node.str();
  std::vector<k8s::ObjectPtr> pods;
  std::string token;
  do {
    std::function<void(std::function<void(Result<kube::ListPage>)>)> begin =
        [session, selection, token](std::function<void(Result<kube::ListPage>)> done) {
          session.client->list_page(selection, token, kPodPage, std::move(done));
        };
    const Result<kube::ListPage> page =
        co_await async::from_callback<Result<kube::ListPage>>(std::move(begin));
    if (!page) co_return fail(page.error());
    for (const std::string_view item : page->items) {
      Result<k8s::ObjectPtr> pod = k8s::make_object(k8s::Kind::kPod, item);
      if (pod) pods.push_back(std::move(*pod));
    }
    token = page->continue_token;
  } while (!token.empty());
  co_return pods;
}

async::Task<Result<std::set<k8s::ObjectKey>>> missing_of(CommandSession session,
                                                         std::vector<k8s::ObjectPtr> pods) {
  std::set<k8s::ObjectKey> asked, missing;
  for (const k8s::ObjectPtr& pod : pods) {
    const auto references = k8s::referenced_objects(*pod);
    if (!references) continue;
    for (const auto& [key, need] : *references) {
      if (need != k8s::RefNeed::kRequired || !asked.insert(key).second) continue;
      const Result<std::optional<std::string>> found = co_await get(session, key);
      if (!found) co_return fail(key.text(), found.error());
      if (!*found) missing.insert(key);
    }
  }
  co_return missing;
}

async::Task<Result<void>> ask_daemon(std::string socket, TimePoint deadline, NodeFacts& facts) {
  const std::string target = "/node?name=" + metrics::encode_component(facts.node.str());
  const Result<std::string> body = co_await metrics::http_get_unix(socket, target, deadline);
  if (!body) co_return fail(body.error());
  Result<edgecontroller::NodeView> view = decode_view(*body);
  if (!view) co_return fail(view.error());
  facts.view = std::move(*view);
  co_return Result<void>();
}

}  // namespace

async::Task<Result<void>> explain_node(CommandSession session,
                                       config::CloudConfig config,
                                       NodeName node) {
  NodeFacts facts;
  facts.node = node;
  facts.now = session.world.clock.wall();
  facts.admission_default = std::chrono::seconds(config.default_toleration_seconds);
  auto identity = co_await cloudhub::find_identity(session.identities, node);
  if (!identity) co_return fail(identity.error());
  facts.identity = std::move(*identity);
  Result<cloudhub::DenySet> denied = co_await cloudhub::read_deny_list(session.identities);
  if (!denied) co_return fail(denied.error());
  if (const auto& known = facts.identity) {
    const WallTime not_before = known->issued - kCertificateBackdate;
    facts.revoked = denied->is_denied(node, known->serial, not_before);
  }
  k8s::ObjectKey key{k8s::Kind::kNode, "", node.str()};
  auto object = co_await get(session, key);
  if (!object) co_return fail(object.error());
  facts.node_json = object->value_or("");
  key = {k8s::Kind::kLease, "kube-node-lease", node.str()};
  auto lease = co_await get(session, key);
  if (lease && *lease) {
    const auto json = nlohmann::json::parse(**lease, nullptr, false);
    facts.lease = k8s::parse_time(k8s::fields::text(k8s::fields::at(json, "spec"), "renewTime"));
  }
  auto pods = co_await pods_of(session, node);
  if (!pods) co_return fail(pods.error());
  facts.pods = std::move(*pods);
  auto missing = co_await missing_of(session, facts.pods);
  if (!missing) co_return fail(missing.error());
  facts.missing = std::move(*missing);
  const std::string socket = socket_path(config);
  const TimePoint deadline = session.world.clock.now() + kDaemonDeadline;
  const Result<void> asked = co_await ask_daemon(socket, deadline, facts);
  if (!asked) facts.no_view = "no cloudcore answers at " + socket;
  const std::string text = explain(facts);
  std::fputs(text.c_str(), stdout);
  co_return Result<void>();
}

}  // namespace skerry::cloudcore

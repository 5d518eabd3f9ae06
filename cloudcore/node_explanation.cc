#include "cloudcore/node_explanation.h"

#include <fmt/format.h>

#include <algorithm>

#include "cloudcore/edgecontroller/tolerations.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/pod_refs.h"
#include "common/k8s/time.h"

namespace skerry::cloudcore {
namespace {

namespace fields = k8s::fields;
using edgecontroller::OfflinePolicy;
using fields::Json;

constexpr const char* kJoinAgain = "`edgecore join` with a new token lets it in again";

std::string ago(WallTime now, WallTime then) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - then).count();
  return fmt::format("{} s ago", std::max<std::int64_t>(0, seconds));
}

std::string words(const k8s::ObjectKey& key) {
  const bool secret = key.kind == k8s::Kind::kSecret;
  return fmt::format("{} {}/{}", secret ? "Secret" : "ConfigMap", key.ns, key.name);
}

// ---- the node ----------------------------------------------------------------------------------

std::string identity_line(const NodeFacts& facts) {
  if (!facts.identity) return "it never joined this cluster";
  if (facts.revoked) return fmt::format("revoked; {}", kJoinAgain);
  const cloudhub::NodeIdentity& identity = *facts.identity;
  if (facts.now < identity.not_after) {
    return fmt::format("certificate valid until {}, joined {}",
                       k8s::format_time(identity.not_after), k8s::format_time(identity.joined));
  }
  if (facts.now < identity.not_after + kRenewAfterExpiryMax) {
    return fmt::format("certificate expired at {}; the node renews it when it comes back",
                       k8s::format_time(identity.not_after));
  }
  return fmt::format("certificate expired at {}, too long ago to be renewed; {}",
                     k8s::format_time(identity.not_after), kJoinAgain);
}

std::string node_line(const NodeFacts& facts) {
  const bool registered = facts.identity && facts.identity->registered;
  if (facts.node_json.empty()) {
    if (registered) return fmt::format("there is no Node: it was deleted; {}", kJoinAgain);
    return "there is no Node yet: it registers with its first session";
  }
  const Json node = Json::parse(facts.node_json, nullptr, false);
  const Json& labels = fields::at(fields::at(node, "metadata"), "labels");
  if (fields::at(labels, "node-role.kubernetes.io/edge").is_null()) {
    return "the Node lacks the label node-role.kubernetes.io/edge: cloudcore does not serve it";
  }
  for (const Json& condition : fields::list(fields::at(node, "status"), "conditions")) {
    if (fields::text(condition, "type") != "Ready") continue;
    return fmt::format("Ready={} since {} ({})", fields::text(condition, "status"),
                       fields::text(condition, "lastTransitionTime"),
                       fields::text(condition, "reason"));
  }
  return "it has not reported its state yet";
}

std::string session_line(const NodeFacts& facts) {
  if (!facts.view) {
    const std::string lease =
        facts.lease ? "some cloudcore renewed its lease " + ago(facts.now, *facts.lease)
                    : "no cloudcore ever renewed its lease";
    return fmt::format("not known here ({}); {}", facts.no_view, lease);
  }
  if (!facts.view->ready) return "the cloudcore here has not listed the Kubernetes API yet";
  if (facts.view->foreign) {
    return fmt::format("connected, but it belongs to another cluster: `cloudcore node accept {}`",
                       facts.node.str());
  }
  if (facts.view->live) {
    return fmt::format("live (epoch {}), {} objects to hold", facts.view->live->value(),
                       facts.view->desired);
  }
  return "none at the cloudcore here: the node is away, or `edgecore status` there says why";
}

struct ReadPolicy {
  OfflinePolicy policy;
  std::string line;
};

ReadPolicy read_policy(const NodeFacts& facts) {
  const Json node = Json::parse(facts.node_json, nullptr, false);
  const Json& annotations = fields::at(fields::at(node, "metadata"), "annotations");
  const std::string text = fields::text(annotations, edgecontroller::kOfflinePolicyAnnotation);
  const Result<OfflinePolicy> parsed = edgecontroller::parse_offline_policy(text);
  ReadPolicy read;
  if (parsed) read.policy = *parsed;
  read.policy.admission_default = facts.admission_default;
  if (!parsed) {
    read.line = fmt::format("keep, because it is not understood: {}", parsed.error().what);
  } else if (parsed->evict_after) {
    read.line = fmt::format("evict-after={}s: pods leave when the node is away for so long",
                            parsed->evict_after->count());
  } else {
    read.line = "keep: pods stay while the node is away, but for the limits named below";
  }
  return read;
}

// ---- its pods ----------------------------------------------------------------------------------

std::string phase_of(const k8s::Object& pod) {
  if (!pod.status_json) return "no status";
  const Json status = Json::parse(*pod.status_json, nullptr, false);
  const std::string reason = fields::text(status, "reason");
  return fields::text(status, "phase", "no phase") + (reason.empty() ? "" : " (" + reason + ")");
}

/// Required ones that are missing, and optional ones are fine.
std::vector<std::string> reasons_to_wait(const NodeFacts& facts, const k8s::Object& pod) {
  std::vector<std::string> reasons;
  const auto references = k8s::referenced_objects(pod);
  if (!references) return {references.error().what};
  for (const auto& [key, need] : *references) {
    if (need == k8s::RefNeed::kRequired && facts.missing.contains(key)) {
      reasons.push_back(fmt::format("waits: {} does not exist", words(key)));
    }
  }
  if (!facts.view) return reasons;
  for (const edgecontroller::PodReferences& incomplete : facts.view->incomplete_pods) {
    if (incomplete.pod != pod.key) continue;
    for (const k8s::ObjectKey& key : incomplete.unknown) {
      reasons.push_back(
          fmt::format("not sent yet: cloudcore does not know whether {} exists", words(key)));
    }
  }
  return reasons;
}

void put_pod(const NodeFacts& facts,
             const OfflinePolicy& policy,
             const k8s::Object& pod,
             std::string& out) {
  out += fmt::format("  {}/{}  {}\n", pod.key.ns, pod.key.name, phase_of(pod));
  for (const std::string& reason : reasons_to_wait(facts, pod)) {
    out += fmt::format("    {}\n", reason);
  }
  for (const edgecontroller::ExplicitLimit& limit :
       edgecontroller::explicit_limits(*pod.json, policy)) {
    out += fmt::format("    leaves after {} s of {}: its own toleration says so and stays\n",
                       limit.limit.count(), limit.taint);
  }
}

}  // namespace

std::string explain(const NodeFacts& facts) {
  const ReadPolicy policy = read_policy(facts);
  std::string out = fmt::format("{}\n", facts.node.str());
  out += fmt::format("identity        {}\n", identity_line(facts));
  out += fmt::format("node            {}\n", node_line(facts));
  out += fmt::format("session         {}\n", session_line(facts));
  out += fmt::format("offline policy  {}\n", policy.line);
  out += facts.pods.empty() ? "pods            none\n" : "pods\n";
  for (const k8s::ObjectPtr& pod : facts.pods) put_pod(facts, policy.policy, *pod, out);
  return out;
}

}  // namespace skerry::cloudcore

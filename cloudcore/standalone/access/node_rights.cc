#include "cloudcore/standalone/access/node_rights.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/access/rbac_facts.h"
#include "cloudcore/standalone/controllers/api_client.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/pod_refs.h"
#include "common/k8s/selector.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::string_view kNodeUserPrefix = "system:node:";
constexpr const char* kNodeLeases = "kube-node-lease";

AccessDecision no(std::string why) { return {false, std::move(why)}; }

std::string unrelated(const std::string& node) {
  return "no relationship found between node '" + node + "' and this object";
}

AccessDecision by_rules(const AccessQuestion& question) {
  return {allows(node_rules(), question), ""};
}

bool is_one_of(const std::string& word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool reads(const AccessQuestion& question) {
  return is_one_of(question.verb, {"get", "list", "watch"});
}

AccessDecision own_node(const std::string& node, const AccessQuestion& question) {
  if (!question.subresource.empty() || !reads(question)) return by_rules(question);
  if (question.name == node) return {true, ""};
  const std::string which = question.name.empty() ? "all nodes" : "'" + question.name + "'";
  return no("node '" + node + "' cannot read " + which + ", only its own Node object");
}

AccessDecision own_lease(const std::string& node, const AccessQuestion& question) {
  if (!is_one_of(question.verb, {"get", "create", "update", "patch", "delete"})) {
    return no("can only get, create, update, patch, or delete a node lease");
  }
  if (question.ns != kNodeLeases) {
    return no(std::string("can only access leases in the \"") + kNodeLeases +
              "\" system namespace");
  }
  if (question.verb != "create" && question.name != node) {
    return no("can only access node lease with the same name as the requesting node");
  }
  return {true, ""};
}

AccessDecision own_csi_node(const std::string& node, const AccessQuestion& question) {
  if (!is_one_of(question.verb, {"get", "create", "update", "patch", "delete"})) {
    return no("can only get, create, update, patch, or delete a CSINode");
  }
  if (question.verb != "create" && question.name != node) {
    return no("can only access CSINode with the same name as the requesting node");
  }
  return {true, ""};
}

bool mentions_claim(const json& pod, const std::string& claim) {
  for (const json& volume : fields::list(fields::object(pod, "spec"), "volumes")) {
    const json& used = fields::object(volume, "persistentVolumeClaim");
    if (fields::text(used, "claimName") == claim) return true;
    const bool own = fields::at(volume, "ephemeral").is_object();
    const std::string made =
        fields::text(fields::object(pod, "metadata"), "name") + "-" + fields::text(volume, "name");
    if (own && made == claim) return true;
  }
  return false;
}

bool pod_refers(const json& pod, const AccessQuestion& to) {
  if (to.resource == "serviceaccounts") {
    return fields::text(fields::object(pod, "spec"), "serviceAccountName", "default") == to.name;
  }
  if (to.resource == "persistentvolumeclaims") return mentions_claim(pod, to.name);
  const auto wanted = to.resource == "secrets" ? k8s::Kind::kSecret : k8s::Kind::kConfigMap;
  const k8s::PodRefs refs = k8s::referenced_objects(pod);
  return std::any_of(refs.begin(), refs.end(), [&](const auto& each) {
    return each.first.kind == wanted && each.first.name == to.name;
  });
}

}  // namespace

std::optional<std::string> node_of(const User& user) {
  const std::string_view name = user.name;
  if (!name.starts_with(kNodeUserPrefix) || !user.in_group("system:nodes")) return std::nullopt;
  return std::string(name.substr(kNodeUserPrefix.size()));
}

AccessDecision NodeRights::decide(const std::string& node, const AccessQuestion& question) const {
  if (!question.is_resource) return no("");
  const std::string& group = question.group;
  const std::string& resource = question.resource;
  if (group.empty()) {
    if (resource == "nodes") return own_node(node, question);
    if (resource == "pods") return read_pods(node, question);
    if (resource == "secrets" || resource == "configmaps") return read_referenced(node, question);
    if (resource == "persistentvolumeclaims" && question.subresource == "status") {
      const bool right = is_one_of(question.verb, {"get", "update", "patch"});
      if (!right) return no("can only get/update/patch this type");
      return by_relation(node, question);
    }
    if (resource == "persistentvolumeclaims" || resource == "persistentvolumes") {
      return get_cluster_object(node, question);
    }
    if (resource == "serviceaccounts") return account(node, question);
  }
  if (group == "storage.k8s.io" && resource == "volumeattachments") {
    return get_cluster_object(node, question);
  }
  if (group == "storage.k8s.io" && resource == "csinodes") return own_csi_node(node, question);
  if (group == "coordination.k8s.io" && resource == "leases") return own_lease(node, question);
  return by_rules(question);
}

AccessDecision NodeRights::read_pods(const std::string& node,
                                     const AccessQuestion& question) const {
  if (!question.subresource.empty() || !reads(question)) return by_rules(question);
  if (question.verb != "get") {
    const auto selector = k8s::FieldSelector::parse(question.field_selector);
    if (selector && selector->required("spec.nodeName") == node) return {true, ""};
    if (question.name.empty()) {
      return no("can only list/watch pods with spec.nodeName field selector");
    }
  }
  const ObjectPlace place{"pods", question.ns, question.name};
  const StoredObjectPtr pod = store_.get(place);
  if (pod && pod->fields.at("spec.nodeName") == node) return {true, ""};
  return no(unrelated(node));
}

AccessDecision NodeRights::read_referenced(const std::string& node,
                                           const AccessQuestion& question) const {
  if (!reads(question)) return no("can only read resources of this type");
  if (!question.subresource.empty()) return no("cannot read subresource");
  if (question.ns.empty()) return no("can only read namespaced object of this type");
  if (question.name.empty()) return no("No Object name found");
  return by_relation(node, question);
}

AccessDecision NodeRights::get_cluster_object(const std::string& node,
                                              const AccessQuestion& question) const {
  if (question.verb != "get") return no("can only get individual resources of this type");
  if (!question.subresource.empty()) return no("cannot get subresource");
  return by_relation(node, question);
}

AccessDecision NodeRights::account(const std::string& node, const AccessQuestion& question) const {
  if (question.subresource.empty()) return read_referenced(node, question);
  if (question.verb != "create" || question.subresource != "token") {
    return no("can only create tokens for individual service accounts");
  }
  return by_relation(node, question);
}

AccessDecision NodeRights::by_relation(const std::string& node,
                                       const AccessQuestion& question) const {
  if (related(node, question)) return {true, ""};
  return no(unrelated(node));
}

bool NodeRights::pods_refer(const std::string& node,
                            const std::string& ns,
                            const AccessQuestion& to) const {
  ListQuery query;
  query.prefix = "pods";
  query.ns = ns;
  query.matches = [&](const StoredObject& pod) { return pod.fields.at("spec.nodeName") == node; };
  const auto page = store_.list(query);
  if (!page) return false;
  return std::any_of(page->items.begin(), page->items.end(),
                     [&](const StoredObjectPtr& pod) { return pod_refers(parsed(*pod), to); });
}

bool NodeRights::related(const std::string& node, const AccessQuestion& question) const {
  const bool of_pods =
      question.resource != "persistentvolumes" && question.resource != "volumeattachments";
  if (of_pods) return pods_refer(node, question.ns, question);
  const bool attachment = question.resource == "volumeattachments";
  const ObjectPlace place{attachment ? "volumeattachments.storage.k8s.io" : "persistentvolumes", "",
                          question.name};
  const StoredObjectPtr found = store_.get(place);
  if (!found) return false;
  const json object = parsed(*found);
  const json& spec = fields::object(object, "spec");
  if (attachment) return fields::text(spec, "nodeName") == node;
  const json& claim = fields::object(spec, "claimRef");
  AccessQuestion of_claim;
  of_claim.resource = "persistentvolumeclaims";
  of_claim.ns = fields::text(claim, "namespace");
  of_claim.name = fields::text(claim, "name");
  return !of_claim.name.empty() && pods_refer(node, of_claim.ns, of_claim);
}

}  // namespace skerry::standalone

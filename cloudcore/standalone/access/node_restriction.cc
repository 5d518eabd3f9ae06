#include "cloudcore/standalone/access/node_restriction.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cloudcore/standalone/access/node_rights.h"
#include "cloudcore/standalone/controllers/api_client.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/pod_refs.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using Operation = AdmissionRequest::Operation;
namespace fields = k8s::fields;

constexpr const char* kMirrorAnnotation = "kubernetes.io/config.mirror";
constexpr const char* kNodeLeases = "kube-node-lease";
constexpr std::string_view kOwnLabels[] = {
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/instance-type",
    "node.kubernetes.io/instance-type",
};

/// One node's write.
struct NodeWrite {
  const std::string& node;
  const AdmissionRequest& asked;

  const RequestInfo& info() const { return asked.request.info; }
  const json& given() const { return asked.object != nullptr ? *asked.object : *asked.old; }
  std::string name() const {
    const std::string& name = info().name;
    return name.empty() ? fields::text(fields::object(given(), "metadata"), "name") : name;
  }
  ApiFailure refused(const std::string& why) const {
    return forbidden(why, asked.request.row.get(), name());
  }
  std::string who() const { return "node \"" + node + "\""; }
};

std::string node_name(const json& pod) {
  return fields::text(fields::object(pod, "spec"), "nodeName");
}

bool within(std::string_view domain, std::string_view parent) {
  return domain == parent ||
         (domain.ends_with(parent) && domain[domain.size() - parent.size() - 1] == '.');
}

/// A label by which pods are placed or isolated: not the node's own to set.
bool is_restricted_label(const std::string& label) {
  const std::size_t slash = label.find('/');
  if (slash == std::string::npos) return false;
  const std::string_view domain = std::string_view(label).substr(0, slash);
  if (within(domain, "node-restriction.kubernetes.io")) return true;
  if (!within(domain, "kubernetes.io") && !within(domain, "k8s.io")) return false;
  if (std::find(std::begin(kOwnLabels), std::end(kOwnLabels), label) != std::end(kOwnLabels)) {
    return false;
  }
  return !within(domain, "kubelet.kubernetes.io") && !within(domain, "node.kubernetes.io");
}

std::string restricted(const json& now, const json& before) {
  const json& labels = fields::object(fields::object(now, "metadata"), "labels");
  const json& old = fields::object(fields::object(before, "metadata"), "labels");
  std::set<std::string> found;
  for (const json* each : {&labels, &old}) {
    for (const auto& [key, value] : each->items()) {
      const bool same = fields::at(labels, key) == fields::at(old, key);
      if (!same && is_restricted_label(key)) found.insert(key);
    }
  }
  std::string out;
  for (const std::string& key : found) out += (out.empty() ? "" : ", ") + key;
  return out;
}

Answer<void> admit_node(const NodeWrite& write) {
  if (write.name() != write.node) {
    return write.refused(write.who() + " is not allowed to modify node \"" + write.name() + "\"");
  }
  if (write.asked.operation == Operation::kDelete) return {};
  const json& object = *write.asked.object;
  if (write.asked.operation == Operation::kCreate) {
    const std::string labels = restricted(object, json::object());
    if (labels.empty()) return {};
    return write.refused("is not allowed to set the following labels: " + labels);
  }
  const json& old = *write.asked.old;
  const std::string labels = restricted(object, old);
  if (!labels.empty()) return write.refused("is not allowed to modify labels: " + labels);
  const auto taints = [](const json& node) {
    return fields::list(fields::object(node, "spec"), "taints");
  };
  if (taints(object) != taints(old)) {
    return write.refused(write.who() + " is not allowed to modify taints");
  }
  const auto owners = [](const json& node) {
    return fields::list(fields::object(node, "metadata"), "ownerReferences");
  };
  if (owners(object) != owners(old)) {
    return write.refused(write.who() + " is not allowed to modify ownerReferences");
  }
  return {};
}

Answer<void> admit_mirror_pod(const NodeWrite& write) {
  const json& pod = *write.asked.object;
  const json& spec = fields::object(pod, "spec");
  const json& annotations = fields::object(fields::object(pod, "metadata"), "annotations");
  if (!annotations.contains(kMirrorAnnotation)) {
    return write.refused(std::string("pod does not have \"") + kMirrorAnnotation +
                         "\" annotation, " + write.who() + " can only create mirror pods");
  }
  if (node_name(pod) != write.node) {
    return write.refused(write.who() + " can only create pods with spec.nodeName set to itself");
  }
  if (!fields::text(spec, "serviceAccountName").empty()) {
    return write.refused(write.who() + " can not create pods that reference a service account");
  }
  const k8s::PodRefs refs = k8s::referenced_objects(pod);
  for (const auto& [key, need] : refs) {
    const char* what = key.kind == k8s::Kind::kSecret ? "secrets" : "configmaps";
    return write.refused(write.who() + " can not create pods that reference " + what);
  }
  return {};
}

Answer<void> admit_pod(const ObjectStore& store, const NodeWrite& write) {
  const std::string& subresource = write.info().subresource;
  const Operation operation = write.asked.operation;
  if (subresource == "eviction") {
    const ObjectPlace place{"pods", write.info().ns, write.info().name};
    const StoredObjectPtr pod = store.get(place);
    if (!pod) return not_found(*write.asked.request.row, write.info().name);
    if (pod->fields.at("spec.nodeName") == write.node) return {};
    return write.refused(write.who() + " can only evict pods with spec.nodeName set to itself");
  }
  if (subresource == "status") {
    if (operation != Operation::kUpdate) {
      return write.refused("unexpected operation on pods/status");
    }
    if (node_name(*write.asked.old) != write.node) {
      return write.refused(write.who() +
                           " can only update pod status for pods with spec.nodeName set to itself");
    }
    const auto labels = [](const json& pod) {
      return fields::object(fields::object(pod, "metadata"), "labels");
    };
    if (labels(*write.asked.object) == labels(*write.asked.old)) return {};
    return write.refused(write.who() + " cannot update labels through pod status");
  }
  if (!subresource.empty()) {
    return write.refused("unexpected pod subresource \"" + subresource +
                         "\", only 'status' and 'eviction' are allowed");
  }
  if (operation == Operation::kCreate) return admit_mirror_pod(write);
  if (operation == Operation::kDelete) {
    if (node_name(*write.asked.old) == write.node) return {};
    return write.refused(write.who() + " can only delete pods with spec.nodeName set to itself");
  }
  return write.refused("unexpected operation \"UPDATE\", " + write.who() +
                       " can only create and delete mirror pods");
}

Answer<void> admit_lease(const NodeWrite& write) {
  if (write.info().ns != kNodeLeases) {
    return write.refused(std::string("can only access leases in the \"") + kNodeLeases +
                         "\" system namespace");
  }
  if (write.name() == write.node) return {};
  return write.refused("can only access node lease with the same name as the requesting node");
}

}  // namespace

Answer<void> admit_node_write(const ObjectStore& store, const AdmissionRequest& asked) {
  const User& user = asked.request.request->user;
  if (!user.in_group("system:nodes")) return {};
  const auto node = node_of(user);
  if (!node) {
    return forbidden("could not determine node identity from user \"" + user.name + "\"",
                     asked.request.row.get(), asked.request.info.name);
  }
  const NodeWrite write{*node, asked};
  const std::string& prefix = asked.request.row->storage_prefix;
  if (prefix == "nodes") return admit_node(write);
  if (prefix == "pods") return admit_pod(store, write);
  if (prefix == "leases.coordination.k8s.io") return admit_lease(write);
  if (prefix == "csinodes.storage.k8s.io" && write.name() != *node) {
    return write.refused("can only access CSINode with the same name as the requesting node");
  }
  return {};
}

Answer<void> admit_node_token(const ObjectStore& store,
                              const ResourceRequest& request,
                              const json& spec) {
  const auto node = node_of(request.request->user);
  if (!node) return {};
  const auto refused = [&](const std::string& why) {
    return forbidden(why, request.row.get(), request.info.name);
  };
  const json& bound = fields::object(spec, "boundObjectRef");
  if (fields::text(bound, "kind") != "Pod" || fields::text(bound, "apiVersion") != "v1") {
    return refused("node requested token not bound to a pod");
  }
  const std::string uid = fields::text(bound, "uid");
  if (uid.empty()) return refused("node requested token with a pod binding without a uid");
  const ObjectPlace place{"pods", request.info.ns, fields::text(bound, "name")};
  const StoredObjectPtr pod = store.get(place);
  if (!pod) return refused("pod not found");
  if (pod->uid != uid) {
    return refused("the UID in the bound object reference (" + uid +
                   ") does not match the UID in record (" + pod->uid + ")");
  }
  if (pod->fields.at("spec.nodeName") == *node) return {};
  return refused("node requested token bound to a pod scheduled on a different node");
}

}  // namespace skerry::standalone

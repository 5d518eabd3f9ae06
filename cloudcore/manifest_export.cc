#include "cloudcore/manifest_export.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "common/k8s/json_fields.h"

namespace skerry::cloudcore {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

/// "pods", "jobs.batch"
std::string qualified(const ExportedResource& resource) {
  return resource.group.empty() ? resource.plural : resource.plural + "." + resource.group;
}

const std::set<std::string, std::less<>>& left_out() {
  static const std::set<std::string, std::less<>> resources = {
      "apiservices.apiregistration.k8s.io",
      "certificatesigningrequests.certificates.k8s.io",
      "componentstatuses",
      "controllerrevisions.apps",
      "csinodes.storage.k8s.io",
      "csistoragecapacities.storage.k8s.io",
      "endpoints",
      "endpointslices.discovery.k8s.io",
      "events",
      "events.events.k8s.io",
      "flowschemas.flowcontrol.apiserver.k8s.io",
      "ipaddresses.networking.k8s.io",
      "leases.coordination.k8s.io",
      "nodes",
      "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
      "servicecidrs.networking.k8s.io",
      "volumeattachments.storage.k8s.io",
  };
  return resources;
}

struct RankRow {
  std::string_view resource;
  int rank;
};
constexpr int kRankOther = 6;
constexpr int kRankCustom = 8;
constexpr RankRow kRanks[] = {
    {"namespaces", 0},
    {"customresourcedefinitions.apiextensions.k8s.io", 0},
    {"priorityclasses.scheduling.k8s.io", 1},
    {"runtimeclasses.node.k8s.io", 1},
    {"storageclasses.storage.k8s.io", 1},
    {"csidrivers.storage.k8s.io", 1},
    {"limitranges", 1},
    {"resourcequotas", 1},
    {"serviceaccounts", 2},
    {"clusterroles.rbac.authorization.k8s.io", 3},
    {"roles.rbac.authorization.k8s.io", 3},
    {"clusterrolebindings.rbac.authorization.k8s.io", 4},
    {"rolebindings.rbac.authorization.k8s.io", 4},
    {"configmaps", 4},
    {"secrets", 4},
    {"persistentvolumes", 4},
    {"persistentvolumeclaims", 5},
    {"services", 5},
    {"pods", 7},
    {"mutatingwebhookconfigurations.admissionregistration.k8s.io", 9},
    {"validatingwebhookconfigurations.admissionregistration.k8s.io", 9},
};

bool is_built_in(const std::string& group) {
  static const std::set<std::string, std::less<>> kShort = {"", "apps", "autoscaling", "batch",
                                                            "policy"};
  return kShort.contains(group) || group.ends_with(".k8s.io");
}

// ---- what is left out ---------------------------------------------------------------------------

bool has_controller(const json& metadata) {
  const json& owners = fields::list(metadata, "ownerReferences");
  return std::ranges::any_of(owners,
                             [](const json& each) { return fields::flag(each, "controller"); });
}

/// What every cluster makes for itself.
bool is_default(const std::string& resource, const json& object) {
  static const std::set<std::string, std::less<>> kNamespaces = {"default", "kube-node-lease",
                                                                 "kube-public", "kube-system"};
  const json& metadata = fields::object(object, "metadata");
  const std::string name = fields::text(metadata, "name");
  const std::string ns = fields::text(metadata, "namespace");
  if (fields::object(metadata, "labels").contains("kubernetes.io/bootstrapping")) return true;
  if (resource == "namespaces") return kNamespaces.contains(name);
  if (resource == "serviceaccounts") return name == "default";
  if (resource == "configmaps") {
    return name == "kube-root-ca.crt" ||
           (ns == "kube-system" &&
            (name == "extension-apiserver-authentication" ||
             name == "kube-apiserver-legacy-service-account-token-tracking"));
  }
  if (resource == "services") return ns == "default" && name == "kubernetes";
  if (resource == "priorityclasses.scheduling.k8s.io") return name.starts_with("system-");
  if (resource != "secrets") return false;
  const std::string type = fields::text(object, "type");
  return type == "kubernetes.io/service-account-token" || type == "bootstrap.kubernetes.io/token";
}

bool has_true_condition(const json& status, std::string_view type) {
  return std::ranges::any_of(fields::list(status, "conditions"), [&](const json& each) {
    return fields::text(each, "type") == type && fields::text(each, "status") == "True";
  });
}

/// It would run again.
bool has_ended(const std::string& resource, const json& object) {
  const json& status = fields::object(object, "status");
  if (resource == "jobs.batch") {
    return has_true_condition(status, "Complete") || has_true_condition(status, "Failed");
  }
  const std::string phase = resource == "pods" ? fields::text(status, "phase") : std::string();
  return phase == "Succeeded" || phase == "Failed";
}

// ---- what is taken out --------------------------------------------------------------------------

void erase_all(json& object, std::initializer_list<const char*> names) {
  if (!object.is_object()) return;
  for (const char* name : names) object.erase(name);
}

/// Takes out what `drop` wants gone, and the list when nothing is left.
template <class F>
void erase_items(json& object, const char* list, const F& drop) {
  if (!object.is_object() || !object.contains(list) || !object[list].is_array()) return;
  json left = json::array();
  for (json& each : object[list]) {
    if (!drop(each)) left.push_back(std::move(each));
  }
  if (left.empty()) {
    object.erase(list);
  } else {
    object[list] = std::move(left);
  }
}

void strip_metadata(json& metadata) {
  erase_all(metadata, {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields",
                       "selfLink", "ownerReferences"});
  erase_items(metadata, "finalizers", [](const json& each) {
    const std::string name = each.is_string() ? each.get<std::string>() : std::string();
    return name == "foregroundDeletion" || name == "orphan" || name.starts_with("kubernetes.io/") ||
           name == "customresourcecleanup.apiextensions.k8s.io" ||
           name == "service.kubernetes.io/load-balancer-cleanup";
  });
  for (const char* map : {"annotations", "labels"}) {
    if (!metadata.contains(map) || !metadata[map].is_object()) continue;
    erase_all(metadata[map],
              {"deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation",
               "pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller",
               "pv.kubernetes.io/provisioned-by", "volume.kubernetes.io/selected-node",
               "volume.kubernetes.io/storage-provisioner",
               "volume.beta.kubernetes.io/storage-provisioner", "kubernetes.io/metadata.name"});
    if (metadata[map].empty()) metadata.erase(map);
  }
}

void strip_service(json& object) {
  json& spec = object["spec"];
  if (fields::text(spec, "clusterIP") != "None") erase_all(spec, {"clusterIP", "clusterIPs"});
  erase_all(spec, {"healthCheckNodePort", "ipFamilies"});
}

bool is_token_name(const json& named) {
  return fields::text(named, "name").starts_with("kube-api-access-");
}

/// A pod as it was before a cluster took it: bound to no node, without the token it was given.
void strip_pod(json& object) {
  json& spec = object["spec"];
  if (!spec.is_object()) return;
  erase_all(spec, {"nodeName", "priority", "preemptionPolicy"});
  erase_items(spec, "volumes", is_token_name);
  for (const char* list : {"initContainers", "containers"}) {
    if (!spec.contains(list) || !spec[list].is_array()) continue;
    for (json& each : spec[list]) erase_items(each, "volumeMounts", is_token_name);
  }
  erase_items(spec, "tolerations", [](const json& each) {
    const std::string key = fields::text(each, "key");
    return key == "node.kubernetes.io/not-ready" || key == "node.kubernetes.io/unreachable";
  });
}

/// A Job's selector is the uid of the object that it was.
void strip_job(json& object) {
  json& spec = object["spec"];
  if (!spec.is_object() || fields::flag(spec, "manualSelector")) return;
  spec.erase("selector");
  json& metadata = spec["template"]["metadata"];
  if (!metadata.is_object() || !metadata.contains("labels")) return;
  erase_all(metadata["labels"], {"controller-uid", "job-name", "batch.kubernetes.io/controller-uid",
                                 "batch.kubernetes.io/job-name"});
  if (metadata["labels"].empty()) metadata.erase("labels");
}

void strip_volume(json& object) {
  json& spec = object["spec"];
  if (spec.is_object() && spec.contains("claimRef")) {
    erase_all(spec["claimRef"], {"uid", "resourceVersion"});
  }
}

struct StripRow {
  std::string_view resource;
  void (*strip)(json& object);
};
constexpr StripRow kStrips[] = {
    {"services", strip_service},
    {"pods", strip_pod},
    {"jobs.batch", strip_job},
    {"persistentvolumes", strip_volume},
    {"namespaces", [](json& object) { object.erase("spec"); }},
    {"serviceaccounts", [](json& object) { object.erase("secrets"); }},
};

}  // namespace

std::vector<ExportedResource> exported_resources(const json& resource_list) {
  std::vector<ExportedResource> out;
  const std::string gv = fields::text(resource_list, "groupVersion");
  const auto slash = gv.find('/');
  for (const json& each : fields::list(resource_list, "resources")) {
    ExportedResource resource;
    resource.group = slash == std::string::npos ? std::string() : gv.substr(0, slash);
    resource.version = slash == std::string::npos ? gv : gv.substr(slash + 1);
    resource.plural = fields::text(each, "name");
    resource.kind = fields::text(each, "kind");
    resource.namespaced = fields::flag(each, "namespaced");
    const std::vector<std::string> verbs = fields::texts(each, "verbs");
    const auto allows = [&](const char* verb) {
      return std::ranges::find(verbs, verb) != verbs.end();
    };
    const bool whole = resource.plural.find('/') == std::string::npos;
    const bool wanted = whole && allows("list") && allows("create");
    if (wanted && !left_out().contains(qualified(resource))) out.push_back(std::move(resource));
  }
  return out;
}

std::optional<json> manifest_of(const ExportedResource& resource, json object) {
  const std::string what = qualified(resource);
  if (!object.is_object() || !fields::at(object, "metadata").is_object()) return std::nullopt;
  json& metadata = object["metadata"];
  const bool mirrored =
      fields::object(metadata, "annotations").contains("kubernetes.io/config.mirror");
  if (metadata.contains("deletionTimestamp") || has_controller(metadata) || mirrored) {
    return std::nullopt;
  }
  if (is_default(what, object) || has_ended(what, object)) return std::nullopt;
  object["apiVersion"] =
      resource.group.empty() ? resource.version : resource.group + "/" + resource.version;
  object["kind"] = resource.kind;
  object.erase("status");
  strip_metadata(metadata);
  for (const StripRow& row : kStrips) {
    if (row.resource == what) row.strip(object);
  }
  return object;
}

int apply_rank(const ExportedResource& resource) {
  const std::string what = qualified(resource);
  const auto row = std::ranges::find(kRanks, what, &RankRow::resource);
  if (row != std::end(kRanks)) return row->rank;
  return is_built_in(resource.group) ? kRankOther : kRankCustom;
}

}  // namespace skerry::cloudcore

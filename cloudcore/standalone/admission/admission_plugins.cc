#include "cloudcore/standalone/admission/admission_plugins.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/admission/pod_admission.h"
#include "cloudcore/standalone/admission/service_addresses.h"
#include "cloudcore/standalone/api/rest.h"
#include "cloudcore/standalone/kinds/kind_behaviour.h"
#include "common/base/assert.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;
using Operation = AdmissionRequest::Operation;

constexpr const char* kPriorityClasses = "priorityclasses.scheduling.k8s.io";
constexpr const char* kStorageClasses = "storageclasses.storage.k8s.io";
constexpr const char* kMirror = "kubernetes.io/config.mirror";

bool is_for(const AdmissionRequest& asked, std::string_view prefix, Operation operation) {
  return asked.operation == operation && asked.request.row->storage_prefix == prefix &&
         asked.request.info.subresource.empty();
}

std::string name_of(const json& object) {
  return fields::text(fields::object(object, "metadata"), "name");
}

/// null: there is none.
json stored(const ObjectStore& store, std::string prefix, std::string ns, std::string name) {
  const ObjectPlace place{std::move(prefix), std::move(ns), std::move(name)};
  const StoredObjectPtr found = store.get(place);
  return found ? json::parse(*found->json, nullptr, false) : json(nullptr);
}

/// All objects of a cluster-scoped kind of which there are few.
std::vector<json> all_of(const ObjectStore& store, const std::string& prefix) {
  ListQuery query;
  query.prefix = prefix;
  std::vector<json> out;
  const auto page = store.list(query);
  if (!page) return out;  // only a page at an old revision can fail
  for (const StoredObjectPtr& each : page->items) {
    out.push_back(json::parse(*each->json, nullptr, false));
  }
  return out;
}

// ---- namespaces ---------------------------------------------------------------------------------

Answer<void> keep_system_namespaces(AdmissionRequest& asked) {
  if (!is_for(asked, "namespaces", Operation::kDelete)) return {};
  const std::string name = name_of(*asked.old);
  if (name != "default" && name != "kube-system" && name != "kube-public") return {};
  return forbidden("this namespace may not be deleted", asked.request.row.get(), name);
}

// ---- pods ---------------------------------------------------------------------------------------

bool is_mirror(const json& pod) {
  return fields::object(fields::object(pod, "metadata"), "annotations").contains(kMirror);
}

AdmissionPlugin service_account_plugin(const ObjectStore& store,
                                       seam::World world,
                                       bool mount_tokens) {
  return [&store, world, mount_tokens](AdmissionRequest& asked) -> Answer<void> {
    if (!is_for(asked, "pods", Operation::kCreate) || is_mirror(*asked.object)) return {};
    const std::string ns = asked.request.info.ns;
    const std::string name = account_of(*asked.object);
    json account = stored(store, "serviceaccounts", ns, name);
    // A namespace's first Pod may come before its account, which is on its way.
    if (account.is_null() && name == "default") account = json::object();
    if (account.is_null()) {
      return forbidden("error looking up service account " + ns + "/" + name +
                           ": serviceaccount \"" + name + "\" not found",
                       asked.request.row.get(), name_of(*asked.object));
    }
    if (!mount_tokens) account["automountServiceAccountToken"] = false;
    give_account(*asked.object, account, world.random);
    return {};
  };
}

/// The class of a Pod that names none; null: there is no default.
json default_priority(const ObjectStore& store) {
  json chosen;
  for (json& each : all_of(store, kPriorityClasses)) {
    if (!fields::flag(each, "globalDefault")) continue;
    // Two can only come from the time before they were checked: the lower one is the safer.
    const bool lower = fields::number(each, "value") < fields::number(chosen, "value");
    if (chosen.is_null() || lower) chosen = std::move(each);
  }
  return chosen;
}

AdmissionPlugin priority_plugin(const ObjectStore& store) {
  return [&store](AdmissionRequest& asked) -> Answer<void> {
    if (!is_for(asked, "pods", Operation::kCreate)) return {};
    json& pod = *asked.object;
    const std::string name = fields::text(fields::object(pod, "spec"), "priorityClassName");
    json chosen =
        name.empty() ? default_priority(store) : stored(store, kPriorityClasses, "", name);
    if (!name.empty() && chosen.is_null()) {
      return forbidden("no PriorityClass with name " + name + " was found", asked.request.row.get(),
                       name_of(pod));
    }
    if (const Refusal refusal = give_priority(pod, chosen)) {
      return forbidden(*refusal, asked.request.row.get(), name_of(pod));
    }
    return {};
  };
}

Answer<void> one_default_priority(const ObjectStore& store, const AdmissionRequest& asked) {
  if (!fields::flag(*asked.object, "globalDefault")) return {};
  const std::string name = name_of(*asked.object);
  const json other = default_priority(store);
  if (other.is_null() || name_of(other) == name) return {};
  return forbidden("PriorityClass " + name_of(other) +
                       " is already marked as default. Only one default can exist",
                   asked.request.row.get(), name);
}

AdmissionPlugin priority_class_plugin(const ObjectStore& store) {
  return [&store](AdmissionRequest& asked) -> Answer<void> {
    const bool concerns = is_for(asked, kPriorityClasses, Operation::kCreate) ||
                          is_for(asked, kPriorityClasses, Operation::kUpdate);
    if (!concerns) return {};
    return one_default_priority(store, asked);
  };
}

AdmissionPlugin toleration_plugin(std::int64_t seconds) {
  return [seconds](AdmissionRequest& asked) -> Answer<void> {
    if (is_for(asked, "pods", Operation::kCreate)) give_tolerations(*asked.object, seconds);
    return {};
  };
}

// ---- volumes ------------------------------------------------------------------------------------

/// The newest of the classes that are marked as default.
std::string default_storage_class(const ObjectStore& store) {
  std::string chosen;
  std::string created;
  for (const json& each : all_of(store, kStorageClasses)) {
    const json& metadata = fields::object(each, "metadata");
    const std::string mark = fields::text(fields::object(metadata, "annotations"),
                                          "storageclass.kubernetes.io/is-default-class");
    const std::string time = fields::text(metadata, "creationTimestamp");
    if (mark != "true" || (!chosen.empty() && time <= created)) continue;
    chosen = fields::text(metadata, "name");
    created = time;
  }
  return chosen;
}

AdmissionPlugin storage_class_plugin(const ObjectStore& store) {
  return [&store](AdmissionRequest& asked) -> Answer<void> {
    if (!is_for(asked, "persistentvolumeclaims", Operation::kCreate)) return {};
    json& claim = *asked.object;
    const bool named = fields::object(claim, "spec").contains("storageClassName") ||
                       fields::object(fields::object(claim, "metadata"), "annotations")
                           .contains("volume.beta.kubernetes.io/storage-class");
    if (named) return {};
    const std::string chosen = default_storage_class(store);
    if (!chosen.empty()) claim["spec"]["storageClassName"] = chosen;
    return {};
  };
}

/// What is in use is deleted only when it is no longer: the controller takes the finalizer away.
Answer<void> protect_volumes(AdmissionRequest& asked) {
  const char* finalizer =
      is_for(asked, "persistentvolumeclaims", Operation::kCreate) ? "kubernetes.io/pvc-protection"
      : is_for(asked, "persistentvolumes", Operation::kCreate)    ? "kubernetes.io/pv-protection"
                                                                  : nullptr;
  if (finalizer == nullptr) return {};
  json& finalizers = (*asked.object)["metadata"]["finalizers"];
  const bool there = finalizers.is_array() &&
                     std::find(finalizers.begin(), finalizers.end(), finalizer) != finalizers.end();
  if (!there) finalizers.push_back(finalizer);
  return {};
}

// ---- services -----------------------------------------------------------------------------------

/// Keeps the tables as the stored Services are.
void follow_services(ObjectStore& store, const std::shared_ptr<ServiceAddresses>& addresses) {
  for (const json& each : all_of(store, "services")) addresses->add(each);
  store.listen([addresses](const std::string& prefix, const ObjectEvent& event) {
    if (prefix != "services") return;
    if (event.before) addresses->remove(json::parse(*event.before->json, nullptr, false));
    if (event.after) addresses->add(json::parse(*event.after->json, nullptr, false));
  });
}

AdmissionPlugin service_plugin(std::shared_ptr<ServiceAddresses> addresses, seam::World world) {
  return [addresses, world](AdmissionRequest& asked) -> Answer<void> {
    const bool concerns = is_for(asked, "services", Operation::kCreate) ||
                          is_for(asked, "services", Operation::kUpdate);
    if (!concerns) return {};
    // What is wrong with the Service itself is said first, and nothing is handed out for it.
    const KindBehaviour& behaviour = behaviour_of("services");
    if (!behaviour.validate(*asked.object).empty()) return {};
    if (asked.old != nullptr && !behaviour.validate_update(*asked.object, *asked.old).empty()) {
      return {};
    }
    const NumberClaim claim{asked.request.info.ns + "/" + name_of(*asked.object), world.clock.now(),
                            !asked.dry_run};
    const FieldErrors errors = addresses->complete(*asked.object, asked.old, world.random, claim);
    if (errors.empty()) return {};
    return invalid(*asked.request.row, name_of(*asked.object), errors);
  };
}

}  // namespace

void add_admission_plugins(Api& api,
                           ObjectStore& store,
                           seam::World world,
                           const AdmissionSettings& settings) {
  api.add_admission(keep_system_namespaces);
  api.add_admission(service_account_plugin(store, world, settings.mount_tokens));
  api.add_admission(toleration_plugin(settings.default_toleration_seconds));
  api.add_admission(priority_plugin(store));
  api.add_admission(priority_class_plugin(store));
  api.add_admission(storage_class_plugin(store));
  api.add_admission(protect_volumes);
  auto made = ServiceAddresses::create(settings.service_cidr, settings.node_port_first,
                                       settings.node_port_last);
  SKERRY_ASSERT(made.has_value(), "the range of Services' addresses was checked with the config");
  const auto addresses = std::make_shared<ServiceAddresses>(std::move(*made));
  follow_services(store, addresses);
  api.add_admission(service_plugin(addresses, world));
}

}  // namespace skerry::standalone

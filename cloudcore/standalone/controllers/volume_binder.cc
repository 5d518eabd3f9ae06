#include "cloudcore/standalone/controllers/volume_binder.h"

#include "cloudcore/standalone/controllers/volume_claims.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kCompleted = "pv.kubernetes.io/bind-completed";
constexpr const char* kByController = "pv.kubernetes.io/bound-by-controller";

std::string name_of(const json& object) {
  return fields::text(fields::object(object, "metadata"), "name");
}
std::string phase_of(const json& object) {
  return fields::text(fields::object(object, "status"), "phase");
}

/// Keys: "<ns>/<claim>", and "/<volume>".
class VolumeBinder final : public Controller {
 public:
  VolumeBinder(ApiClient& client, seam::World world) : client_(client), world_(world) {}

  std::string name() const override { return "persistentvolume-controller"; }

  std::vector<ControllerSource> sources() override {
    const auto of_volume = [this](const StoredObject& volume) {
      std::vector<std::string> out = {"/" + volume.name};
      for (const auto& claim : client_.list(resources::kPersistentVolumeClaims, "")) {
        const bool bound = claim->json->find(kCompleted) != std::string::npos;
        const bool here = claim->json->find("\"" + volume.name + "\"") != std::string::npos;
        if (!bound || here) out.push_back(claim->ns + "/" + claim->name);
      }
      return out;
    };
    const auto of_claim = [this](const StoredObject& claim) {
      std::vector<std::string> out = own_key(claim);
      for (const auto& volume : client_.list(resources::kPersistentVolumes, "")) {
        const bool held = volume->json->find(claim.uid) != std::string::npos;
        if (held) out.push_back("/" + volume->name);
      }
      return out;
    };
    return {{resources::kPersistentVolumes, of_volume},
            {resources::kPersistentVolumeClaims, of_claim}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    if (ns.empty()) co_return co_await keep_volume(name);
    co_return co_await keep_claim(ns, name);
  }

 private:
  // ---- claims -----------------------------------------------------------------------------------

  Task<Answer<LookAgain>> keep_claim(std::string ns, std::string name) {
    const auto claim = client_.get(resources::kPersistentVolumeClaims, ns, name);
    if (!claim || (*claim)["metadata"].contains("deletionTimestamp")) co_return LookAgain();
    if (is_bound(*claim)) co_return co_await keep_bound(*claim);
    std::vector<json> volumes;
    for (const auto& each : client_.list(resources::kPersistentVolumes, "")) {
      volumes.push_back(parsed(*each));
    }
    if (waits_for_consumer(*claim, volumes)) co_return co_await set_phase(*claim, "Pending");
    const json* volume = best_volume(volumes, *claim);
    if (volume == nullptr) co_return co_await set_phase(*claim, "Pending");
    co_return co_await bind(*claim, *volume);
  }

  /// Its class leaves the choice to the scheduler, which has not reserved a volume yet.
  bool waits_for_consumer(const json& claim, const std::vector<json>& volumes) const {
    const std::string wanted = fields::text(fields::object(claim, "spec"), "storageClassName");
    const auto found = client_.get(resources::kStorageClasses, "", wanted);
    if (!found || fields::text(*found, "volumeBindingMode") != "WaitForFirstConsumer") return false;
    for (const json& each : volumes) {
      const bool held = fields::object(each, "spec").contains("claimRef");
      if (held && is_reserved_for(each, claim)) return false;
    }
    return fields::text(fields::object(claim, "spec"), "volumeName").empty();
  }

  Task<Answer<LookAgain>> bind(json claim, json volume) {
    const std::string ns = fields::text(claim["metadata"], "namespace");
    if (!fields::object(volume["spec"], "claimRef").contains("uid")) {
      volume["spec"]["claimRef"] = {{"apiVersion", "v1"},
                                    {"kind", "PersistentVolumeClaim"},
                                    {"name", name_of(claim)},
                                    {"namespace", ns},
                                    {"uid", fields::text(claim["metadata"], "uid")}};
      volume["metadata"]["annotations"][kByController] = "yes";
      auto held = co_await client_.update(resources::kPersistentVolumes, std::move(volume));
      if (!held) co_return ApiFailure(held.error());
      volume = std::move(*held);
    }
    claim["spec"]["volumeName"] = name_of(volume);
    claim["metadata"]["annotations"][kCompleted] = "yes";
    claim["metadata"]["annotations"][kByController] = "yes";
    auto done = co_await client_.update(resources::kPersistentVolumeClaims, std::move(claim));
    if (!done) co_return ApiFailure(done.error());
    co_return co_await keep_bound(std::move(*done));
  }

  Task<Answer<LookAgain>> keep_bound(json claim) {
    const std::string name = fields::text(claim["spec"], "volumeName");
    const auto volume = client_.get(resources::kPersistentVolumes, "", name);
    if (!volume || !is_reserved_for(*volume, claim)) {
      co_return co_await set_phase(std::move(claim), "Lost");
    }
    const json& spec = fields::object(*volume, "spec");
    json& status = claim["status"];
    const json before = status;
    status["phase"] = "Bound";
    status["accessModes"] = fields::list(spec, "accessModes");
    status["capacity"] = fields::object(spec, "capacity");
    if (status == before) co_return LookAgain();
    const auto done =
        co_await client_.update(resources::kPersistentVolumeClaims, std::move(claim), "status");
    if (!done) co_return ApiFailure(done.error());
    co_return LookAgain();
  }

  Task<Answer<LookAgain>> set_phase(json claim, std::string phase) {
    if (phase_of(claim) == phase) co_return LookAgain();
    claim["status"]["phase"] = phase;
    const auto done =
        co_await client_.update(resources::kPersistentVolumeClaims, std::move(claim), "status");
    if (!done) co_return ApiFailure(done.error());
    co_return LookAgain();
  }

  // ---- volumes ----------------------------------------------------------------------------------

  Task<Answer<LookAgain>> keep_volume(std::string name) {
    auto volume = client_.get(resources::kPersistentVolumes, "", name);
    if (!volume || (*volume)["metadata"].contains("deletionTimestamp")) co_return LookAgain();
    const json& held_by = fields::object((*volume)["spec"], "claimRef");
    const std::string uid = fields::text(held_by, "uid");
    if (uid.empty()) co_return co_await set_volume_phase(std::move(*volume), "Available");
    const auto claim =
        client_.get(resources::kPersistentVolumeClaims, fields::text(held_by, "namespace"),
                    fields::text(held_by, "name"));
    const bool there = claim && fields::text((*claim)["metadata"], "uid") == uid;
    if (there) {
      if (!is_bound(*claim)) co_return LookAgain();
      co_return co_await set_volume_phase(std::move(*volume), "Bound");
    }
    const std::string policy =
        fields::text((*volume)["spec"], "persistentVolumeReclaimPolicy", "Retain");
    // What a hostPath holds stays on its node: only its object goes.
    const bool deletes = policy == "Delete" && (*volume)["spec"].contains("hostPath");
    if (!deletes) co_return co_await set_volume_phase(std::move(*volume), "Released");
    Removal removal;
    removal.uid = fields::text((*volume)["metadata"], "uid");
    const auto done = co_await client_.remove(resources::kPersistentVolumes, "", name, removal);
    if (!done && done.error().code != 404) co_return ApiFailure(done.error());
    co_return LookAgain();
  }

  Task<Answer<LookAgain>> set_volume_phase(json volume, std::string phase) {
    if (phase_of(volume) == phase) co_return LookAgain();
    volume["status"]["phase"] = phase;
    volume["status"]["lastPhaseTransitionTime"] = k8s::format_time(world_.clock.wall());
    const auto done =
        co_await client_.update(resources::kPersistentVolumes, std::move(volume), "status");
    if (!done) co_return ApiFailure(done.error());
    co_return LookAgain();
  }

  ApiClient& client_;
  seam::World world_;
};

}  // namespace

std::unique_ptr<Controller> make_volume_binder(ApiClient& client, seam::World world) {
  return std::make_unique<VolumeBinder>(client, world);
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/controllers/volume_protection.h"

#include <algorithm>

#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

const ResourceType kClaims{{"", "v1"}, "persistentvolumeclaims"};
const ResourceType kVolumes{{"", "v1"}, "persistentvolumes"};
constexpr const char* kClaimFinalizer = "kubernetes.io/pvc-protection";
constexpr const char* kVolumeFinalizer = "kubernetes.io/pv-protection";

std::string phase_of(const json& object) {
  return fields::text(fields::object(object, "status"), "phase");
}

/// A key is "<ns>/<name>" of a claim, "/<name>" of a volume.
class VolumeProtectionController final : public Controller {
 public:
  explicit VolumeProtectionController(ApiClient& client) : client_(client) {}

  std::string name() const override { return "volume-protection-controller"; }

  std::vector<ControllerSource> sources() override {
    const auto used = [](const StoredObject& pod) {
      std::vector<std::string> keys;
      for (const std::string& claim : claims_of(parsed(pod))) keys.push_back(pod.ns + "/" + claim);
      return keys;
    };
    return {{kClaims, own_key}, {kVolumes, own_key}, {resources::kPods, used}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const auto [ns, name] = split_key(key);
    const ResourceType& type = ns.empty() ? kVolumes : kClaims;
    auto found = client_.get(type, ns, name);
    if (!found || !(*found)["metadata"].contains("deletionTimestamp")) co_return LookAgain();
    if (ns.empty() ? phase_of(*found) == "Bound" : in_use(ns, name)) co_return LookAgain();
    std::vector<std::string> left = fields::texts((*found)["metadata"], "finalizers");
    const auto own =
        std::find(left.begin(), left.end(), ns.empty() ? kVolumeFinalizer : kClaimFinalizer);
    if (own == left.end()) co_return LookAgain();
    left.erase(own);
    (*found)["metadata"]["finalizers"] = left;
    const auto written = co_await client_.update(type, std::move(*found));
    if (!written && written.error().code != 404) co_return ApiFailure(written.error());
    co_return LookAgain();
  }

 private:
  bool in_use(const std::string& ns, const std::string& claim) const {
    for (const StoredObjectPtr& each : client_.list(resources::kPods, ns)) {
      const json pod = parsed(*each);
      const std::string phase = phase_of(pod);
      if (phase == "Succeeded" || phase == "Failed") continue;
      const std::vector<std::string> claims = claims_of(pod);
      if (std::find(claims.begin(), claims.end(), claim) != claims.end()) return true;
    }
    return false;
  }

  ApiClient& client_;
};

}  // namespace

std::vector<std::string> claims_of(const json& pod) {
  std::vector<std::string> out;
  const std::string name = fields::text(fields::object(pod, "metadata"), "name");
  for (const json& volume : fields::list(fields::object(pod, "spec"), "volumes")) {
    const std::string claim =
        fields::text(fields::object(volume, "persistentVolumeClaim"), "claimName");
    if (!claim.empty()) out.push_back(claim);
    if (volume.contains("ephemeral")) out.push_back(name + "-" + fields::text(volume, "name"));
  }
  return out;
}

std::unique_ptr<Controller> make_volume_protection_controller(ApiClient& client) {
  return std::make_unique<VolumeProtectionController>(client);
}

}  // namespace skerry::standalone

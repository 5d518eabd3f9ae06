#include "cloudcore/standalone/custom_resources/definition_controller.h"

#include "cloudcore/standalone/custom_resources/custom_resources.h"
#include "cloudcore/standalone/custom_resources/definition_status.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using async::Task;
using nlohmann::json;
namespace fields = k8s::fields;

const ResourceType kDefinitions{{"apiextensions.k8s.io", "v1"}, "customresourcedefinitions"};
constexpr const char* kCleanup = "customresourcecleanup.apiextensions.k8s.io";
constexpr auto kObjectsCheck = std::chrono::milliseconds(500);

class DefinitionController final : public Controller {
 public:
  DefinitionController(ApiClient& client, seam::World world) : client_(client), world_(world) {}

  std::string name() const override { return "custom-resource-definition-controller"; }

  std::vector<ControllerSource> sources() override {
    const auto keys = [this](const StoredObject& object) {
      std::vector<std::string> out = own_key(object);
      // A name that becomes free may be what another one waits for.
      for (const StoredObjectPtr& each : client_.list(kDefinitions, "")) {
        if (!has_condition(parsed(*each), "NamesAccepted")) out.push_back("/" + each->name);
      }
      return out;
    };
    return {{kDefinitions, keys}};
  }

  Task<Answer<LookAgain>> reconcile(std::string key) override {
    const std::string name = split_key(key).second;
    auto definition = client_.get(kDefinitions, "", name);
    if (!definition) co_return LookAgain();
    if ((*definition)["metadata"].contains("deletionTimestamp")) {
      co_return co_await end(std::move(*definition));
    }
    std::vector<json> others;
    for (const StoredObjectPtr& each : client_.list(kDefinitions, "")) {
      if (each->name != name) others.push_back(parsed(*each));
    }
    json status = next_status(*definition, others, world_.clock.wall());
    if (status == fields::at(*definition, "status")) co_return LookAgain();
    (*definition)["status"] = std::move(status);
    const auto done = co_await client_.update(kDefinitions, std::move(*definition), "status");
    if (!done) co_return ApiFailure(done.error());
    co_return LookAgain();
  }

 private:
  Task<Answer<LookAgain>> end(json definition) {
    const json& finalizers = fields::list(definition["metadata"], "finalizers");
    if (std::ranges::find(finalizers, json(kCleanup)) == finalizers.end()) co_return LookAgain();
    const std::string name = fields::text(definition["metadata"], "name");
    ListQuery all;
    all.prefix = name;
    const Result<ObjectPage> page = client_.store().list(all);
    for (const StoredObjectPtr& object : page->items) {
      const auto removed = co_await remove(name, object);
      if (!removed && removed.error().code != 404 && removed.error().code != 409) {
        co_return ApiFailure(removed.error());
      }
    }
    if (client_.store().count(name) > 0) co_return LookAgain(kObjectsCheck);
    json left = json::array();
    for (const json& each : finalizers) {
      if (each != kCleanup) left.push_back(each);
    }
    json change = {
        {"metadata",
         {{"finalizers", left.empty() ? json() : left},
          {"resourceVersion", fields::text(definition["metadata"], "resourceVersion")}}}};
    const auto done = co_await client_.patch(kDefinitions, "", name, std::move(change));
    if (!done && done.error().code != 404) co_return ApiFailure(done.error());
    co_return LookAgain();
  }

  Task<Answer<bool>> remove(std::string definition, StoredObjectPtr object) {
    for (const KindRow& row : client_.kinds().rows()) {
      if (row.storage_prefix != definition) continue;
      const ResourceType type{row.gv, row.plural};
      Removal removal;
      removal.uid = object->uid;
      const auto done = co_await client_.remove(type, object->ns, object->name, removal);
      if (!done) co_return ApiFailure(done.error());
      co_return true;
    }
    // No version is served: nobody can hold it by a finalizer either.
    ObjectPlace place{definition, object->ns, object->name};
    const auto done = co_await client_.store().write(std::move(place), nullptr, object->revision);
    if (!done && done.error().code != Code::kConflict) co_return storage_failed(done.error());
    co_return true;
  }

  ApiClient& client_;
  seam::World world_;
};

}  // namespace

std::unique_ptr<Controller> make_definition_controller(ApiClient& client, seam::World world) {
  return std::make_unique<DefinitionController>(client, world);
}

}  // namespace skerry::standalone

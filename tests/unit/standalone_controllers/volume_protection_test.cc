#include "cloudcore/standalone/controllers/volume_protection.h"

#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

namespace skerry::standalone {
namespace {

TEST_CASE("claims_of: the claims that a Pod names, and those of its ephemeral volumes",
          "[standalone]") {
  const auto pod = nlohmann::json::parse(R"({"metadata":{"name":"web"},"spec":{"volumes":[
    {"name":"a","persistentVolumeClaim":{"claimName":"data"}},
    {"name":"scratch","ephemeral":{"volumeClaimTemplate":{}}},{"name":"b","emptyDir":{}}]}})");
  CHECK(claims_of(pod) == std::vector<std::string>{"data", "web-scratch"});
  CHECK(claims_of(nlohmann::json::object()).empty());
}

}  // namespace
}  // namespace skerry::standalone

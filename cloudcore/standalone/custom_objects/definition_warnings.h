// What a CustomResourceDefinition says that is accepted and done in another way than its reader
// would think: rules and webhooks that nobody runs, formats that nobody knows.
//
// Pure; any thread. `definition` is valid.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace skerry::standalone {

std::vector<std::string> definition_warnings(const nlohmann::json& definition);

}  // namespace skerry::standalone

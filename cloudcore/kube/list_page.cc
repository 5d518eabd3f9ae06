#include "cloudcore/kube/list_page.h"

#include <nlohmann/json.hpp>

#include "cloudcore/kube/json_slice.h"
#include "cloudcore/kube/resource_version.h"

namespace skerry::kube {

Result<ListPage> parse_list_page(std::string body) {
  ListPage page;
  page.body = std::make_shared<const std::string>(std::move(body));
  const auto members = json_members(*page.body);
  if (!members) return fail("list", members.error());

  const auto metadata =
      nlohmann::json::parse(json_value(*members, "metadata"), nullptr, /*allow_exceptions=*/false);
  if (!metadata.is_object()) return fail(Code::kMalformed, "list: metadata is missing");
  const auto text = [&metadata](const char* name) {
    const auto field = metadata.find(name);
    return field != metadata.end() && field->is_string() ? field->get<std::string>()
                                                         : std::string();
  };
  const auto version = parse_resource_version(text("resourceVersion"));
  if (!version) return fail("list", version.error());
  page.resource_version = *version;
  page.continue_token = text("continue");

  const std::string_view items = json_value(*members, "items");
  if (items == "null") return page;
  auto elements = json_elements(items);
  if (!elements) return fail("list items", elements.error());
  page.items = std::move(*elements);
  return page;
}

}  // namespace skerry::kube

#include "cloudcore/kube/resource_version.h"

#include <charconv>

#include "cloudcore/kube/json_slice.h"

namespace skerry::kube {

Result<ResourceVersion> parse_resource_version(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0) {
    return fail(Code::kMalformed, "metadata.resourceVersion is missing or not a number");
  }
  return ResourceVersion(number);
}

Result<ResourceVersion> resource_version_of(std::string_view json) {
  const auto members = json_members(json);
  if (!members) return fail(members.error());
  const auto metadata = json_members(json_value(*members, "metadata"));
  if (!metadata) return fail("metadata", metadata.error());
  return parse_resource_version(json_plain_string(json_value(*metadata, "resourceVersion")));
}

}  // namespace skerry::kube

#include "cloudcore/kube/watch_event.h"

#include <optional>

#include "cloudcore/kube/api_error.h"
#include "cloudcore/kube/json_slice.h"
#include "cloudcore/kube/resource_version.h"

namespace skerry::kube {
namespace {

std::optional<WatchEventType> type_of(std::string_view word) {
  if (word == "ADDED") return WatchEventType::kAdded;
  if (word == "MODIFIED") return WatchEventType::kModified;
  if (word == "DELETED") return WatchEventType::kDeleted;
  if (word == "BOOKMARK") return WatchEventType::kBookmark;
  if (word == "ERROR") return WatchEventType::kError;
  return std::nullopt;
}

}  // namespace

Result<WatchEvent> parse_watch_event(std::string_view line) {
  const auto members = json_members(line);
  if (!members) return fail("watch event", members.error());
  const auto type = type_of(json_plain_string(json_value(*members, "type")));
  if (!type) return fail(Code::kMalformed, "watch event of an unknown type");

  WatchEvent event;
  event.type = *type;
  event.object = json_value(*members, "object");
  if (event.type == WatchEventType::kError) {
    event.error = status_error(event.object);
    return event;
  }
  const auto version = resource_version_of(event.object);
  if (!version) return fail("watch event", version.error());
  event.resource_version = *version;
  return event;
}

}  // namespace skerry::kube

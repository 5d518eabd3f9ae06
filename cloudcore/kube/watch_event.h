// One line of a watch stream.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/ids.h"
#include "common/base/result.h"

namespace skerry::kube {

enum class WatchEventType : std::uint8_t { kAdded, kModified, kDeleted, kBookmark, kError };

struct WatchEvent {
  WatchEventType type = WatchEventType::kAdded;
  ResourceVersion resource_version;  // of the object or bookmark
  std::string_view object;           // JSON, points into the line
  Error error;                       // kError only: the Status that the server sent
};

/// Errors: kMalformed (not JSON, unknown type, no numeric resourceVersion).
Result<WatchEvent> parse_watch_event(std::string_view line);

}  // namespace skerry::kube

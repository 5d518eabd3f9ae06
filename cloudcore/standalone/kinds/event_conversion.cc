#include "cloudcore/standalone/kinds/event_conversion.h"

#include <nlohmann/json.hpp>

namespace skerry::standalone {
namespace {

using nlohmann::json;

struct Name {
  const char* event;
  const char* core;
};
constexpr Name kNames[] = {
    {"note", "message"},
    {"regarding", "involvedObject"},
    {"reportingController", "reportingComponent"},
    {"deprecatedSource", "source"},
    {"deprecatedFirstTimestamp", "firstTimestamp"},
    {"deprecatedLastTimestamp", "lastTimestamp"},
    {"deprecatedCount", "count"},
};

void rename(json& object, const char* from, const char* to) {
  const auto found = object.find(from);
  if (found == object.end()) return;
  json value = std::move(*found);
  object.erase(from);
  object[to] = std::move(value);
}

}  // namespace

void event_to_core(json& object) {
  for (const Name& each : kNames) rename(object, each.event, each.core);
}

void event_from_core(json& object) {
  for (const Name& each : kNames) rename(object, each.core, each.event);
  // The core group writes these out when they are empty, this version does not.
  for (const char* field : {"reportingController", "reportingInstance"}) {
    if (object.contains(field) && object[field] == "") object.erase(field);
  }
}

std::string core_event_field(std::string_view path) {
  const std::string head(path.substr(0, path.find('.')));
  for (const Name& each : kNames) {
    if (head == each.event) return each.core + std::string(path.substr(head.size()));
  }
  return std::string(path);
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/kinds/conversion.h"

#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/event_conversion.h"
#include "cloudcore/standalone/kinds/scaler_conversion.h"
#include "cloudcore/standalone/schema/custom_version.h"
#include "cloudcore/standalone/schema/pruning.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

struct ConversionRow {
  std::string_view prefix;
  std::string_view served;  // group/version
  std::string_view stored;
  void (*to_stored)(json& object);
  void (*to_served)(json& object);
};
constexpr ConversionRow kRows[] = {
    {"horizontalpodautoscalers.autoscaling", "autoscaling/v1", "autoscaling/v2", scaler_v1_to_v2,
     scaler_v2_to_v1},
    {"events", "events.k8s.io/v1", "v1", event_to_core, event_from_core},
};

const ConversionRow* find(const KindRow& row) {
  for (const ConversionRow& each : kRows) {
    if (each.prefix == row.storage_prefix && each.served == row.gv.text()) return &each;
  }
  return nullptr;
}

void fit_custom(json& object, const GroupVersion& gv, const TypeSchema* type) {
  if (type == nullptr || !object.is_object()) return;
  object["apiVersion"] = gv.text();
  prune(object, *type);
  set_defaults(object, *type);
}

}  // namespace

bool is_converted(const KindRow& row) {
  return custom_version(row) != nullptr || find(row) != nullptr;
}

void to_stored_version(const KindRow& row, json& object) {
  if (const CustomVersion* custom = custom_version(row)) {
    return fit_custom(object, custom->stored, custom->stored_type);
  }
  const ConversionRow* const found = find(row);
  if (found == nullptr || !object.is_object()) return;
  found->to_stored(object);
  object["apiVersion"] = found->stored;
}

void to_served_version(const KindRow& row, json& object) {
  if (custom_version(row) != nullptr) return fit_custom(object, row.gv, row.type);
  const ConversionRow* const found = find(row);
  if (found == nullptr || !object.is_object()) return;
  found->to_served(object);
  object["apiVersion"] = found->served;
}

std::string stored_field(const KindRow& row, std::string_view path) {
  return row.storage_prefix == "events" && is_converted(row) ? core_event_field(path)
                                                             : std::string(path);
}

}  // namespace skerry::standalone

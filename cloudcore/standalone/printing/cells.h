// The cells of every kind: one function a kind, from the object and the time to its row. The
// columns they fill stand with them. Pure. Internal to cloudcore/standalone/printing. Source: what
// kube-apiserver 1.34 shows (k8s.io/kubernetes/pkg/printers/internalversion).
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cloudcore/standalone/printing/human_duration.h"
#include "common/base/units.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {

using Cells = nlohmann::json;  // an array
using CellFunction = Cells (*)(const nlohmann::json& object, WallTime now);

struct KindPrinter {
  std::string_view prefix;  // KindRow::storage_prefix
  /// "Name Desired:integer Age | Node_Selector": a type behind a colon (string: none; `name`: the
  /// format of a string), an underscore for a blank, wide columns (priority 1) behind `|` until
  /// `/`.
  std::string_view columns;
  CellFunction cells = nullptr;
};
const std::vector<KindPrinter>& core_printers();
const std::vector<KindPrinter>& workload_printers();
const std::vector<KindPrinter>& network_printers();
const std::vector<KindPrinter>& storage_printers();
const std::vector<KindPrinter>& policy_printers();
const std::vector<KindPrinter>& scaler_printers();

// ---- parts that many kinds share (cells.cc) -----------------------------------------------------

namespace cell {

using nlohmann::json;

inline const json& spec(const json& object) { return k8s::fields::object(object, "spec"); }
inline const json& status(const json& object) { return k8s::fields::object(object, "status"); }
inline const json& metadata(const json& object) { return k8s::fields::object(object, "metadata"); }
std::string name(const json& object);
std::string age(const json& object, WallTime now);
std::int64_t count(const json& object, std::string_view key);  // 0: absent
std::string or_none(std::string text);                         // "<none>" for an empty one
std::string title(bool value);                                 // "True", "False"
std::string joined(const std::vector<std::string>& texts, std::string_view separator = ",");
/// The condition's status; empty: there is none.
std::string condition(const json& object, std::string_view type);
/// "app=web,tier=front"; "<none>".
std::string labels(const json& map);
/// The same of a LabelSelector, in order of the keys.
std::string selector(const json& label_selector);
/// The names and the images of a pod template's containers.
std::string containers(const json& pod_spec);
std::string images(const json& pod_spec);
/// At most three: "a,b,c + 2 more...".
std::string first_three(const std::vector<std::string>& texts);
/// IPs or host names of status.loadBalancer.
std::vector<std::string> load_balancer(const json& object);

}  // namespace cell

Cells pod_cells(const nlohmann::json& object, WallTime now);  // pod_cells.cc

}  // namespace skerry::standalone

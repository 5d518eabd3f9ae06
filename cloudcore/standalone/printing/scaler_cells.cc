// HorizontalPodAutoscaler: what each metric is, and what it should be.
#include "cloudcore/standalone/printing/cells.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kUnknown = "<unknown>";

struct SourceRow {
  const char* type;
  const char* member;
  bool named;  // the resource's name stands before it
};
constexpr SourceRow kSources[] = {
    {"External", "external", false},
    {"Pods", "pods", false},
    {"Object", "object", false},
    {"Resource", "resource", true},
    {"ContainerResource", "containerResource", true},
};

std::string current_of(const json& status, const char* field) {
  const json& value = fields::at(fields::object(status, "current"), field);
  const std::string text = fields::text_or_number(value);
  return text.empty() ? kUnknown : text;
}

/// "cpu: 20%/80%", "<unknown>/10", "3/5 (avg)"
std::string metric_text(const json& spec, const json& statuses, std::size_t index) {
  const std::string type = fields::text(spec, "type");
  for (const SourceRow& row : kSources) {
    if (type != row.type) continue;
    const json& source = fields::object(spec, row.member);
    const json& target = fields::object(source, "target");
    static const json kNone = json::object();
    const json& status =
        index < statuses.size() ? fields::object(statuses[index], row.member) : kNone;
    const std::string before = row.named ? fields::text(source, "name") + ": " : "";
    if (target.contains("averageValue")) {
      const std::string average = fields::text_or_number(target["averageValue"]);
      const bool marked = type == "External" || type == "Object";
      return before + current_of(status, "averageValue") + "/" + average + (marked ? " (avg)" : "");
    }
    if (!row.named) {
      return current_of(status, "value") + "/" +
             fields::text_or_number(fields::at(target, "value"));
    }
    const auto wanted = fields::number(target, "averageUtilization");
    const std::string now = current_of(status, "averageUtilization");
    return before + (now == kUnknown ? now : now + "%") + "/" +
           (wanted ? std::to_string(*wanted) + "%" : "<auto>");
  }
  return "<unknown type>";
}

std::string metrics_text(const json& object) {
  constexpr std::size_t kShown = 2;
  const json& specs = fields::list(cell::spec(object), "metrics");
  const json& statuses = fields::list(cell::status(object), "currentMetrics");
  if (specs.empty()) return "<none>";
  std::vector<std::string> all;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    all.push_back(metric_text(specs[i], statuses, i));
  }
  if (all.size() <= kShown) return cell::joined(all, ", ");
  const std::string more = " + " + std::to_string(all.size() - kShown) + " more...";
  all.resize(kShown);
  return cell::joined(all, ", ") + more;
}

Cells scaler_cells(const json& object, WallTime now) {
  const json& spec = cell::spec(object);
  const json& target = fields::object(spec, "scaleTargetRef");
  const auto min = fields::number(spec, "minReplicas");
  return {cell::name(object),
          fields::text(target, "kind") + "/" + fields::text(target, "name"),
          metrics_text(object),
          min ? std::to_string(*min) : "<unset>",
          cell::count(spec, "maxReplicas"),
          cell::count(cell::status(object), "currentReplicas"),
          cell::age(object, now)};
}

}  // namespace

const std::vector<KindPrinter>& scaler_printers() {
  static const std::vector<KindPrinter> rows = {
      {"horizontalpodautoscalers.autoscaling",
       "Name Reference Targets MinPods MaxPods Replicas Age", scaler_cells},
  };
  return rows;
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/printing/table.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/printing/cells.h"
#include "cloudcore/standalone/printing/json_path.h"
#include "cloudcore/standalone/schema/custom_version.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
namespace fields = k8s::fields;

using Column = CustomVersion::Column;

/// Of a CustomResourceDefinition that names none.
const std::vector<Column>& custom_columns(const KindRow& row) {
  static const std::vector<Column> kAge = {
      {"Age", "date", "", "", 0, ".metadata.creationTimestamp"}};
  const bool has = custom_version(row) != nullptr && !custom_version(row)->columns.empty();
  return has ? custom_version(row)->columns : kAge;
}

/// A value as a column of that type shows it; null when it is of another one.
json custom_cell(const json& value, const std::string& type, WallTime now) {
  if (type == "string") {
    if (value.is_null()) return nullptr;
    return value.is_string() ? value : json(value.dump());
  }
  if (type == "integer" && value.is_number()) {
    constexpr double kMax = 9.2e18;  // beyond it is no integer of 64 bits
    if (value.is_number_float() && !(std::abs(value.get<double>()) < kMax)) return nullptr;
    return value.get<std::int64_t>();
  }
  if (type == "number" && value.is_number()) return value;
  if (type == "boolean" && value.is_boolean()) return value;
  if (type != "date" || !value.is_string()) return nullptr;
  const std::string age = human_age(value.get<std::string>(), now);
  return age == "<unknown>" ? json("<invalid>") : json(age);
}

Cells custom_cells(const KindRow& row, const json& object, WallTime now) {
  Cells cells = json::array({cell::name(object)});
  for (const Column& column : custom_columns(row)) {
    const auto path = JsonPath::parse(column.path);
    const auto found = path ? path->find(object) : std::vector<const json*>();
    cells.push_back(found.empty() ? json() : custom_cell(*found.front(), column.type, now));
  }
  return cells;
}

Cells default_cells(const json& object, WallTime) {
  return {cell::name(object), fields::text(cell::metadata(object), "creationTimestamp")};
}

constexpr KindPrinter kDefault = {"", "Name Created_At:date", default_cells};

const KindPrinter& printer_of(const KindRow& row) {
  for (const auto* table : {&core_printers(), &workload_printers(), &network_printers(),
                            &storage_printers(), &policy_printers(), &scaler_printers()}) {
    for (const KindPrinter& each : *table) {
      if (each.prefix == row.storage_prefix) return each;
    }
  }
  return kDefault;
}

ordered_json column(std::string_view text, int priority) {
  const auto colon = text.find(':');
  std::string name(text.substr(0, colon));
  for (char& c : name) c = c == '_' ? ' ' : c;
  std::string type =
      colon == std::string_view::npos ? "string" : std::string(text.substr(colon + 1));
  std::string format;
  if (name == "Name" || type == "name") {
    type = "string";
    format = "name";
  }
  return {{"name", name},
          {"type", type},
          {"format", format},
          {"description", ""},
          {"priority", priority}};
}

/// A pod that has ended says so: kubectl's --watch-only and sorts by it.
json row_conditions(const KindRow& row, const json& object) {
  if (row.storage_prefix != "pods") return nullptr;
  const std::string phase = fields::text(cell::status(object), "phase");
  if (phase != "Succeeded" && phase != "Failed") return nullptr;
  const bool failed = phase == "Failed";
  json condition = {{"type", "Completed"}, {"status", "True"}, {"reason", phase}};
  condition["message"] = failed ? "The pod failed." : "The pod has completed successfully.";
  return json::array({condition});
}

std::string partial_of(const json& object, const std::string& api_version) {
  return "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"" + api_version +
         "\",\"metadata\":" + cell::metadata(object).dump() + "}";
}

}  // namespace

std::string table_columns(const KindRow& row) {
  ordered_json out = ordered_json::array();
  if (row.custom) {
    out.push_back(column("Name", 0));
    for (const Column& each : custom_columns(row)) {
      out.push_back({{"name", each.name},
                     {"type", each.type},
                     {"format", each.format},
                     {"description", each.description},
                     {"priority", each.priority}});
    }
    return out.dump();
  }
  std::string_view text = printer_of(row).columns;
  int priority = 0;
  while (!text.empty()) {
    const auto end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (word == "|" || word == "/") {
      priority = word == "|" ? 1 : 0;
    } else {
      out.push_back(column(word, priority));
    }
  }
  return out.dump();
}

json table_cells(const KindRow& row, const json& object, WallTime now) {
  if (row.custom) return custom_cells(row, object, now);
  return printer_of(row).cells(object, now);
}

std::string shown_selector(const json& label_selector) { return cell::selector(label_selector); }

std::string table_row(const KindRow& row,
                      const std::string& text,
                      const RowOptions& options,
                      WallTime now) {
  const json object = json::parse(text, nullptr, false);
  std::string out = "{\"cells\":" + table_cells(row, object, now).dump();
  const json conditions = row_conditions(row, object);
  if (!conditions.is_null()) out += ",\"conditions\":" + conditions.dump();
  out += ",\"object\":";
  if (options.include == IncludeObject::kNone) out += "null";
  if (options.include == IncludeObject::kObject) out += text;
  if (options.include == IncludeObject::kMetadata) out += partial_of(object, options.api_version);
  return out + "}";
}

std::string partial_metadata(const std::string& text, const std::string& api_version) {
  return partial_of(json::parse(text, nullptr, false), api_version);
}

}  // namespace skerry::standalone

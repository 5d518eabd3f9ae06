#include "cloudcore/standalone/printing/table.h"

#include <nlohmann/json.hpp>

#include "cloudcore/standalone/printing/cells.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
namespace fields = k8s::fields;

/// Of kinds of CustomResourceDefinitions, and of others that have no printer.
Cells custom_cells(const json& object, WallTime now) {
  return {cell::name(object), cell::age(object, now)};
}

Cells default_cells(const json& object, WallTime) {
  return {cell::name(object), fields::text(cell::metadata(object), "creationTimestamp")};
}

constexpr KindPrinter kCustom = {"", "Name Age:date", custom_cells};
constexpr KindPrinter kDefault = {"", "Name Created_At:date", default_cells};

const KindPrinter& printer_of(const KindRow& row) {
  if (row.custom) return kCustom;
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

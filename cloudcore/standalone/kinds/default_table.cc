#include "cloudcore/standalone/kinds/default_table.h"

#include "common/base/assert.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

bool is_zero(const json& value) {
  return value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty()) ||
         (value.is_number_integer() && value == 0);
}

}  // namespace

DefaultTable::DefaultTable(std::initializer_list<DefaultRow> rows) {
  for (const DefaultRow& row : rows) {
    Row out;
    out.value = json::parse(row.value, nullptr, false);
    SKERRY_ASSERT(!out.value.is_discarded(), "a default is JSON");
    out.when = row.when;
    std::string_view rest = row.path;
    while (!rest.empty()) {
      const std::size_t dot = rest.find('.');
      std::string_view key = rest.substr(0, dot);
      const bool each = key.ends_with("[]");
      if (each) key.remove_suffix(2);
      out.steps.push_back({std::string(key), each});
      rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
    }
    SKERRY_ASSERT(!out.steps.empty() && !out.steps.back().each, "a default stands in a field");
    rows_.push_back(std::move(out));
  }
}

void DefaultTable::apply(json& object) const {
  for (const Row& row : rows_) apply(row, 0, object);
}

void DefaultTable::apply(const Row& row, std::size_t step, json& at) {
  if (!at.is_object()) return;
  const Step& now = row.steps[step];
  const auto found = at.find(now.key);
  if (step + 1 == row.steps.size()) {
    const bool absent = found == at.end() || found->is_null();
    if (absent || (row.when == DefaultRow::When::kZero && is_zero(*found))) at[now.key] = row.value;
    return;
  }
  if (found == at.end()) return;
  if (!now.each) return apply(row, step + 1, *found);
  if (!found->is_structured()) return;
  for (json& item : *found) apply(row, step + 1, item);
}

}  // namespace skerry::standalone

#include "edgecore/edged/resource_amounts.h"

#include "common/k8s/quantity.h"

namespace skerry::edged {

Result<std::int64_t> quantity_value(std::string_view text) {
  const Result<k8s::Quantity> quantity = k8s::parse_quantity(text);
  if (!quantity) return fail(quantity.error());
  return quantity->value();
}

Result<std::int64_t> quantity_milli(std::string_view text) {
  const Result<k8s::Quantity> quantity = k8s::parse_quantity(text);
  if (!quantity) return fail(quantity.error());
  return quantity->milli_value();
}

std::int64_t value_of(const StringMap& resources, const std::string& name) {
  const auto found = resources.find(name);
  return found == resources.end() ? 0 : quantity_value(found->second).value_or(0);
}

std::int64_t milli_of(const StringMap& resources, const std::string& name) {
  const auto found = resources.find(name);
  return found == resources.end() ? 0 : quantity_milli(found->second).value_or(0);
}

std::string format_bytes(std::int64_t bytes) { return k8s::Quantity::bytes(bytes).text(); }

}  // namespace skerry::edged

// What is wrong with a container's resources. Quantities have been parsed before: what is none
// never comes here.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cloudcore/standalone/kinds/name_rules.h"
#include "cloudcore/standalone/kinds/pod_parts.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/quantity.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

bool is_standard(const std::string& name) {
  return name == "cpu" || name == "memory" || name == "ephemeral-storage" ||
         name.starts_with("hugepages-");
}

/// Of a domain other than Kubernetes' own.
bool is_extended(const std::string& name) {
  return name.find('/') != std::string::npos && name.find("kubernetes.io/") == std::string::npos &&
         !name.starts_with("requests.");
}

bool overcommits(const std::string& name) {
  return name.find('/') == std::string::npos && !name.starts_with("hugepages-");
}

void check_name(const std::string& name, const std::string& field, FieldChecks& checks) {
  const auto problems = name_rules::qualified_name(name);
  checks.rule(field, name, problems);
  if (!problems.empty() && name.find('/') == std::string::npos) return;
  if (name.find('/') == std::string::npos) {
    if (is_standard(name)) return;
    checks.invalid(field, name, "must be a standard resource type or fully qualified");
    checks.invalid(field, name, "must be a standard resource for containers");
  } else if (!problems.empty() || !is_extended(name)) {
    if (!name.starts_with("kubernetes.io/")) {
      checks.invalid(field, name, "doesn't follow extended resource name standard");
    }
  }
}

k8s::Quantity quantity_of(const json& list, const std::string& name) {
  const auto parsed = k8s::parse_quantity(fields::text_or_number(fields::at(list, name)));
  return parsed ? *parsed : k8s::Quantity();
}

void check_value(const json& list,
                 const std::string& name,
                 const std::string& field,
                 FieldChecks& checks) {
  const k8s::Quantity quantity = quantity_of(list, name);
  if (quantity.milli_value() < 0) checks.invalid(field, quantity.text(), kNotNegative);
  const bool whole = quantity.milli_value() % 1000 == 0;
  if (name.find('/') != std::string::npos && !whole) {
    checks.invalid(field, quantity.text(), "must be an integer");
  }
}

void check_request(const json& requests,
                   const json& limits,
                   const std::string& name,
                   const std::string& path,
                   FieldChecks& checks) {
  const k8s::Quantity asked = quantity_of(requests, name);
  if (!limits.contains(name)) {
    if (!overcommits(name)) {
      checks.required(path + ".limits", "Limit must be set for non overcommitable resources");
    }
    return;
  }
  const k8s::Quantity limit = quantity_of(limits, name);
  const bool bigger = asked.value() > limit.value() || asked.milli_value() > limit.milli_value();
  const bool same = asked.milli_value() == limit.milli_value() && asked.value() == limit.value();
  if (!overcommits(name) && !same) {
    checks.invalid(path + ".requests", asked.text(),
                   "must be equal to " + name + " limit of " + limit.text());
  } else if (overcommits(name) && bigger) {
    checks.invalid(path + ".requests", asked.text(),
                   "must be less than or equal to " + name + " limit of " + limit.text());
  }
}

}  // namespace

void check_resources(const json& resources, const std::string& path, FieldChecks& checks) {
  const json& limits = fields::object(resources, "limits");
  const json& requests = fields::object(resources, "requests");
  for (const auto& [name, value] : limits.items()) {
    const std::string field = at_key(path + ".limits", name);
    check_name(name, field, checks);
    check_value(limits, name, field, checks);
  }
  for (const auto& [name, value] : requests.items()) {
    const std::string field = at_key(path + ".requests", name);
    check_name(name, field, checks);
    check_value(requests, name, field, checks);
    check_request(requests, limits, name, path, checks);
  }
}

}  // namespace skerry::standalone

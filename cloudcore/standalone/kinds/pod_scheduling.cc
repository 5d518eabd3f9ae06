// What is wrong with where a Pod may run: affinity, spread, tolerations, gates.
#include <nlohmann/json.hpp>
#include <set>

#include "cloudcore/standalone/kinds/name_rules.h"
#include "cloudcore/standalone/kinds/pod_parts.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kRequired = "requiredDuringSchedulingIgnoredDuringExecution";
constexpr const char* kPreferred = "preferredDuringSchedulingIgnoredDuringExecution";

void check_node_expression(const json& expression, const std::string& at, FieldChecks& checks) {
  const std::string op = fields::text(expression, "operator");
  const std::size_t values = fields::list(expression, "values").size();
  if (op == "In" || op == "NotIn") {
    if (values == 0) {
      checks.required(at + ".values", "must be specified when `operator` is 'In' or 'NotIn'");
    }
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (values > 0) {
      checks.forbidden(at + ".values",
                       "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    }
  } else if (op == "Gt" || op == "Lt") {
    if (values != 1) {
      checks.required(at + ".values",
                      "must be specified single value when `operator` is 'Lt' or 'Gt'");
    }
  } else {
    checks.invalid(at + ".operator", op, "not a valid selector operator");
  }
  const std::string key = fields::text(expression, "key");
  checks.rule(at + ".key", key, name_rules::qualified_name(key));
}

void check_node_field(const json& expression, const std::string& at, FieldChecks& checks) {
  const std::string op = fields::text(expression, "operator");
  if (op != "In" && op != "NotIn") {
    checks.invalid(at + ".operator", op, "not a valid selector operator");
  } else if (fields::list(expression, "values").size() != 1) {
    checks.required(at + ".values",
                    "must be only one value when `operator` is 'In' or 'NotIn' for node field "
                    "selector");
  }
  const std::string key = fields::text(expression, "key");
  if (key != "metadata.name") checks.invalid(at + ".key", key, "not a valid field selector key");
}

void check_weight(const json& preferred, const std::string& at, FieldChecks& checks) {
  const std::int64_t weight = fields::number(preferred, "weight").value_or(0);
  if (weight < 1 || weight > 100) {
    checks.invalid(at + ".weight", weight, "must be in the range 1-100");
  }
}

void check_node_affinity(const json& affinity, const std::string& path, FieldChecks& checks) {
  if (const json& needed = fields::at(affinity, kRequired); needed.is_object()) {
    check_node_selector_terms(needed, path + "." + kRequired, checks);
  }
  const json& preferred = fields::list(affinity, kPreferred);
  for (std::size_t i = 0; i < preferred.size(); ++i) {
    const std::string at = at_index(path + "." + kPreferred, i);
    check_weight(preferred[i], at, checks);
    check_node_selector_term(fields::object(preferred[i], "preference"), at + ".preference",
                             checks);
  }
}

void check_affinity_term(const json& term, const std::string& at, FieldChecks& checks) {
  for (const char* key : {"labelSelector", "namespaceSelector"}) {
    if (term.contains(key)) checks.label_selector(at + "." + key, term[key]);
  }
  for (const std::string& ns : fields::texts(term, "namespaces")) {
    checks.rule(at + ".namespace", ns, name_rules::dns_label(ns));
  }
  const std::string key = fields::text(term, "topologyKey");
  if (key.empty()) checks.required(at + ".topologyKey", "can not be empty");
  checks.rule(at + ".topologyKey", key, name_rules::qualified_name(key));
}

void check_pod_affinity(const json& affinity, const std::string& path, FieldChecks& checks) {
  const json& needed = fields::list(affinity, kRequired);
  for (std::size_t i = 0; i < needed.size(); ++i) {
    check_affinity_term(needed[i], at_index(path + "." + kRequired, i), checks);
  }
  const json& preferred = fields::list(affinity, kPreferred);
  for (std::size_t i = 0; i < preferred.size(); ++i) {
    const std::string at = at_index(path + "." + kPreferred, i);
    check_weight(preferred[i], at, checks);
    check_affinity_term(fields::object(preferred[i], "podAffinityTerm"), at + ".podAffinityTerm",
                        checks);
  }
}

void check_policies(const json& spread, const std::string& at, FieldChecks& checks) {
  for (const std::string key : {"nodeAffinityPolicy", "nodeTaintsPolicy"}) {
    if (const json& policy = fields::at(spread, key); policy.is_string()) {
      checks.one_of(at + "." + key, policy.get<std::string>(), {"Honor", "Ignore"});
    }
  }
  if (!fields::list(spread, "matchLabelKeys").empty() && !spread.contains("labelSelector")) {
    checks.forbidden(at + ".matchLabelKeys", "must not be specified when labelSelector is not set");
  }
}

void check_domains(const json& spread,
                   const std::string& when,
                   const std::string& at,
                   FieldChecks& checks) {
  const auto domains = fields::number(spread, "minDomains");
  if (!domains) return;
  if (*domains <= 0) {
    checks.invalid(at + ".minDomains", *domains, "must be greater than zero");
  }
  if (when != "DoNotSchedule") {
    checks.invalid(at + ".minDomains", *domains,
                   "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not " + when);
  }
}

void check_spread(const json& spec, const std::string& path, FieldChecks& checks) {
  const json& all = fields::list(spec, "topologySpreadConstraints");
  const auto pair_of = [](const json& each) {
    return "{" + fields::text(each, "topologyKey") + ", " +
           fields::text(each, "whenUnsatisfiable") + "}";
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string at = at_index(path + ".topologySpreadConstraints", i);
    const std::int64_t skew = fields::number(all[i], "maxSkew").value_or(0);
    if (skew <= 0) checks.invalid(at + ".maxSkew", skew, "must be greater than zero");
    if (fields::text(all[i], "topologyKey").empty()) {
      checks.required(at + ".topologyKey", "can not be empty");
    }
    const std::string when = fields::text(all[i], "whenUnsatisfiable");
    if (when != "DoNotSchedule" && when != "ScheduleAnyway") {
      checks.not_supported(at + ".whenUnsatisfiable", when, {"DoNotSchedule", "ScheduleAnyway"});
    }
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      if (pair_of(all[j]) != pair_of(all[i])) continue;
      checks.duplicate(at + ".{topologyKey, whenUnsatisfiable}", pair_of(all[i]));
      break;
    }
    check_domains(all[i], when, at, checks);
    check_policies(all[i], at, checks);
    if (all[i].contains("labelSelector")) {
      checks.label_selector(at + ".labelSelector", all[i]["labelSelector"]);
    }
  }
}

void check_toleration(const json& each, const std::string& at, FieldChecks& checks) {
  const std::string key = fields::text(each, "key");
  const std::string op = fields::text(each, "operator");
  const std::string value = fields::text(each, "value");
  const std::string effect = fields::text(each, "effect");
  if (!key.empty()) checks.rule(at + ".key", key, name_rules::qualified_name(key));
  if (key.empty() && op != "Exists") {
    checks.invalid(at + ".operator", op,
                   "operator must be Exists when `key` is empty, which means \"match all values "
                   "and all keys\"");
  }
  if (each.contains("tolerationSeconds") && effect != "NoExecute") {
    checks.invalid(at + ".effect", effect,
                   "effect must be 'NoExecute' when `tolerationSeconds` is set");
  }
  if (op == "Equal" || op.empty()) {
    checks.rule(at + ".operator", value, name_rules::label_value(value));
  } else if (op == "Exists") {
    if (!value.empty()) {
      checks.invalid(at + ".operator", value, "value must be empty when `operator` is 'Exists'");
    }
  } else {
    checks.not_supported(at + ".operator", op, {"Equal", "Exists"});
  }
  if (!effect.empty()) {
    checks.one_of(at + ".effect", effect, {"NoSchedule", "PreferNoSchedule", "NoExecute"});
  }
}

void check_gates(const json& spec, const std::string& path, FieldChecks& checks) {
  std::set<std::string> names;
  const json& gates = fields::list(spec, "schedulingGates");
  for (std::size_t i = 0; i < gates.size(); ++i) {
    const std::string at = at_index(path + ".schedulingGates", i);
    const std::string name = fields::text(gates[i], "name");
    checks.rule(at, name, name_rules::qualified_name(name));
    if (!names.insert(name).second) checks.duplicate(at, name);
  }
}

}  // namespace

void check_node_selector_term(const json& term, const std::string& path, FieldChecks& checks) {
  const json& expressions = fields::list(term, "matchExpressions");
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    check_node_expression(expressions[i], at_index(path + ".matchExpressions", i), checks);
  }
  const json& by_field = fields::list(term, "matchFields");
  for (std::size_t i = 0; i < by_field.size(); ++i) {
    check_node_field(by_field[i], at_index(path + ".matchFields", i), checks);
  }
}

void check_node_selector_terms(const json& selector, const std::string& path, FieldChecks& checks) {
  const json& terms = fields::list(selector, "nodeSelectorTerms");
  if (terms.empty()) {
    checks.required(path + ".nodeSelectorTerms", "must have at least one node selector term");
  }
  for (std::size_t i = 0; i < terms.size(); ++i) {
    check_node_selector_term(terms[i], at_index(path + ".nodeSelectorTerms", i), checks);
  }
}

void check_affinity(const json& spec, const std::string& path, FieldChecks& checks) {
  const json& affinity = fields::object(spec, "affinity");
  const std::string at = path + ".affinity";
  check_node_affinity(fields::object(affinity, "nodeAffinity"), at + ".nodeAffinity", checks);
  for (const std::string key : {"podAffinity", "podAntiAffinity"}) {
    check_pod_affinity(fields::object(affinity, key), at + "." + key, checks);
  }
}

void check_topology(const json& spec, const std::string& path, FieldChecks& checks) {
  check_gates(spec, path, checks);
  check_spread(spec, path, checks);
}

void check_tolerations(const json& tolerations, const std::string& path, FieldChecks& checks) {
  for (std::size_t i = 0; i < tolerations.size(); ++i) {
    check_toleration(tolerations[i], at_index(path, i), checks);
  }
}

}  // namespace skerry::standalone

// What is wrong with a container's probes and lifecycle hooks.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/name_rules.h"
#include "cloudcore/standalone/kinds/pod_parts.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kHeaderAdvice =
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', "
    "regex used for validation is '[-A-Za-z0-9]+')";

/// A port by number or by the name of a container's port.
void check_port(const json& port, const std::string& field, FieldChecks& checks) {
  if (port.is_string()) {
    const std::string name = port.get<std::string>();
    return checks.rule(field, name, name_rules::port_name(name));
  }
  const std::int64_t number = port.is_number_integer() ? port.get<std::int64_t>() : 0;
  checks.rule(field, number, name_rules::port_number(number));
}

bool is_header_name(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-';
  });
}

void check_http_get(const json& action, const std::string& path, FieldChecks& checks) {
  if (fields::text(action, "path").empty()) checks.required(path + ".path");
  check_port(fields::at(action, "port"), path + ".port", checks);
  checks.one_of(path + ".scheme", fields::text(action, "scheme"), {"HTTP", "HTTPS"});
  for (const json& header : fields::list(action, "httpHeaders")) {
    const std::string name = fields::text(header, "name");
    if (!is_header_name(name)) checks.invalid(path + ".httpHeaders", name, kHeaderAdvice);
  }
}

void check_handler_kind(const std::string& kind,
                        const json& action,
                        const std::string& path,
                        FieldChecks& checks) {
  if (kind == "exec") {
    if (fields::list(action, "command").empty()) checks.required(path + ".command");
  } else if (kind == "httpGet") {
    check_http_get(action, path, checks);
  } else if (kind == "tcpSocket") {
    check_port(fields::at(action, "port"), path + ".port", checks);
  } else if (kind == "grpc") {
    const std::int64_t port = fields::number(action, "port").value_or(0);
    checks.rule(path + ".port", port, name_rules::port_number(port));
  }
}

/// Exactly one of `kinds`.
void check_handler(const json& handler,
                   const std::vector<std::string>& kinds,
                   const std::string& path,
                   FieldChecks& checks) {
  bool found = false;
  for (const std::string& kind : kinds) {
    const json& action = fields::at(handler, kind);
    if (!action.is_object()) continue;
    const std::string at = path + "." + kind;
    if (found) {
      checks.forbidden(at, "may not specify more than 1 handler type");
    } else {
      check_handler_kind(kind, action, at, checks);
    }
    found = true;
  }
  if (!found) checks.required(path, "must specify a handler type");
}

void check_probe(const json& container,
                 const std::string& key,
                 const std::string& path,
                 FieldChecks& checks) {
  const json& probe = fields::at(container, key);
  if (!probe.is_object()) return;
  const std::string at = path + "." + key;
  check_handler(probe, {"exec", "httpGet", "tcpSocket", "grpc"}, at, checks);
  for (const char* number : {"initialDelaySeconds", "timeoutSeconds", "periodSeconds",
                             "successThreshold", "failureThreshold"}) {
    checks.not_negative(probe, number, at);
  }
  const auto grace = fields::number(probe, "terminationGracePeriodSeconds");
  if (key == "readinessProbe") {
    if (grace) {
      checks.invalid(at + ".terminationGracePeriodSeconds", *grace,
                     "must not be set for readinessProbes");
    }
    return;
  }
  if (grace && *grace <= 0) {
    checks.invalid(at + ".terminationGracePeriodSeconds", *grace, "must be greater than 0");
  }
  const std::int64_t success = fields::number(probe, "successThreshold").value_or(1);
  if (success != 1) checks.invalid(at + ".successThreshold", success, "must be 1");
}

}  // namespace

void check_probes(const json& container, const std::string& path, FieldChecks& checks) {
  const json& lifecycle = fields::object(container, "lifecycle");
  for (const std::string key : {"postStart", "preStop"}) {
    if (!lifecycle.contains(key)) continue;
    check_handler(lifecycle[key], {"exec", "httpGet", "tcpSocket", "sleep"},
                  path + ".lifecycle." + key, checks);
  }
  for (const char* key : {"livenessProbe", "readinessProbe", "startupProbe"}) {
    check_probe(container, key, path, checks);
  }
}

}  // namespace skerry::standalone

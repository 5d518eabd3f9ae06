#include "cloudcore/standalone/kinds/certificate_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/name_rules.h"
#include "common/base/base64.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::int64_t kExpirationSecondsMin = 600;

const std::vector<std::string>& usages() {
  static const std::vector<std::string> all = {"any",
                                               "cert sign",
                                               "client auth",
                                               "code signing",
                                               "content commitment",
                                               "crl sign",
                                               "data encipherment",
                                               "decipher only",
                                               "digital signature",
                                               "email protection",
                                               "encipher only",
                                               "ipsec end system",
                                               "ipsec tunnel",
                                               "ipsec user",
                                               "key agreement",
                                               "key encipherment",
                                               "microsoft sgc",
                                               "netscape sgc",
                                               "ocsp signing",
                                               "s/mime",
                                               "server auth",
                                               "signing",
                                               "timestamping"};
  return all;
}

void check_signer(FieldChecks& checks, const std::string& name) {
  const std::string path = "spec.signerName";
  if (name.empty()) return checks.required(path);
  if (name == "kubernetes.io/legacy-unknown") {
    return checks.invalid(path, name, "the legacy signerName is not allowed via this API version");
  }
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == name.size()) {
    return checks.invalid(
        path, name,
        "must be a fully qualified domain and path of the form 'example.com/signer-name'");
  }
  const std::string domain = name.substr(0, slash);
  if (domain.find('.') == std::string::npos) {
    return checks.invalid(path, domain,
                          "should be a domain with at least two segments separated by dots");
  }
  for (std::size_t begin = 0; begin <= domain.size();) {
    const std::size_t end = std::min(domain.find('.', begin), domain.size());
    const std::string label = domain.substr(begin, end - begin);
    for (const std::string& problem : name_rules::dns_label(label)) {
      checks.invalid(path, domain, "validating label \"" + label + "\": " + problem);
    }
    begin = end + 1;
  }
}

void check_usages(FieldChecks& checks, const json& spec) {
  const json& given = fields::list(spec, "usages");
  if (given.empty()) return checks.required("spec.usages");
  std::set<std::string> seen;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string usage = given[i].is_string() ? given[i].get<std::string>() : "";
    const std::string at = at_index("spec.usages", i);
    const auto& all = usages();
    if (std::find(all.begin(), all.end(), usage) == all.end()) {
      checks.not_supported(at, usage, all);
    }
    if (!seen.insert(usage).second) checks.duplicate(at, usage);
  }
}

bool is_decision(const json& condition) {
  const std::string type = fields::text(condition, "type");
  return type == "Approved" || type == "Denied";
}

/// Conditions of one side: the decision, or what the signer says.
void take_conditions(json& to, const json& from, bool decisions) {
  for (json condition : fields::list(fields::object(from, "status"), "conditions")) {
    if (is_decision(condition) != decisions) continue;
    const bool undated = !condition.contains("lastTransitionTime");
    if (undated && condition.contains("lastUpdateTime")) {
      condition["lastTransitionTime"] = condition["lastUpdateTime"];
    }
    to.push_back(std::move(condition));
  }
}

}  // namespace

FieldErrors validate_signing_request(const json& object) {
  FieldChecks checks;
  const json& spec = fields::object(object, "spec");
  const std::string request = fields::text(spec, "request");
  const auto pem = decode_base64(request);
  if (!pem || pem->find("-----BEGIN CERTIFICATE REQUEST-----") == std::string::npos) {
    checks.invalid("spec.request", request, "PEM block type must be CERTIFICATE REQUEST");
  }
  check_usages(checks, spec);
  check_signer(checks, fields::text(spec, "signerName"));
  const auto seconds = fields::number(spec, "expirationSeconds");
  if (seconds && *seconds < kExpirationSecondsMin) {
    checks.invalid("spec.expirationSeconds", *seconds,
                   "may not specify a duration less than 600 seconds (10 minutes)");
  }
  return checks.take();
}

void keep_signing_request(json& object, const json& old) {
  object["spec"] = fields::at(old, "spec");
}

void keep_signing_request_part(json& object, const json& old, std::string_view part) {
  const bool approval = part == "approval";
  json conditions = json::array();
  take_conditions(conditions, approval ? object : old, true);
  take_conditions(conditions, approval ? old : object, false);
  json status = approval ? fields::object(old, "status") : fields::object(object, "status");
  status.erase("conditions");
  if (!conditions.empty()) status["conditions"] = std::move(conditions);
  object["status"] = std::move(status);
}

}  // namespace skerry::standalone

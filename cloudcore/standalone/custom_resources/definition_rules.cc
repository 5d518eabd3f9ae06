#include "cloudcore/standalone/custom_resources/definition_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cloudcore/standalone/api/metadata.h"
#include "cloudcore/standalone/custom_resources/version_rules.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;
using Kind = FieldError::Kind;

constexpr const char* kLabelAdvice =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
constexpr const char* kSubdomainAdvice =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr const char* kApproved = "api-approved.kubernetes.io";

const json& spec_of(const json& definition) { return fields::object(definition, "spec"); }

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

bool is_1035_label(const std::string& text) {
  return is_dns_label(text) && text.front() >= 'a' && text.front() <= 'z';
}

void check_label(const std::string& text, const std::string& path, FieldErrors& errors) {
  if (text.empty()) return complain_required(errors, path);
  if (!is_1035_label(text)) complain_invalid(errors, path, text, kLabelAdvice);
}

void check_kind(const std::string& text, const std::string& path, FieldErrors& errors) {
  if (text.empty()) return complain_required(errors, path);
  if (is_1035_label(lower(text))) return;
  complain_invalid(errors, path, text,
                   std::string("may have mixed case, but should otherwise match: ") + kLabelAdvice);
}

void check_names(const json& names, FieldErrors& errors) {
  check_label(fields::text(names, "plural"), "spec.names.plural", errors);
  check_label(fields::text(names, "singular"), "spec.names.singular", errors);
  check_kind(fields::text(names, "kind"), "spec.names.kind", errors);
  check_kind(fields::text(names, "listKind"), "spec.names.listKind", errors);
  for (const char* list : {"shortNames", "categories"}) {
    const std::vector<std::string> all = fields::texts(names, list);
    for (std::size_t i = 0; i < all.size(); ++i) {
      check_label(all[i], std::string("spec.names.") + list + "[" + std::to_string(i) + "]",
                  errors);
    }
  }
  const std::string kind = fields::text(names, "kind");
  if (!kind.empty() && kind == fields::text(names, "listKind")) {
    complain_invalid(errors, "spec.names.listKind", kind, "kind and listKind may not be the same");
  }
}

void check_one_of(const std::string& value,
                  const std::vector<std::string>& supported,
                  const std::string& path,
                  FieldErrors& errors) {
  if (value.empty()) return complain_required(errors, path);
  if (std::ranges::find(supported, value) != supported.end()) return;
  errors.push_back({Kind::kNotSupported, path, "", value, supported});
}

/// A complaint about all versions, which shows them as Go prints the internal type; what all share
/// stands elsewhere there, and is null here.
void complain_versions(FieldErrors& errors, const json& versions, const char* detail) {
  std::string shown;
  for (const json& each : versions) {
    const json warning = fields::at(each, "deprecationWarning");
    const auto flag = [&](const char* name) { return fields::flag(each, name) ? "true" : "false"; };
    shown += (shown.empty() ? "{\"Name\":" : ",{\"Name\":") +
             json(fields::text(each, "name")).dump() + ",\"Served\":" + flag("served") +
             ",\"Storage\":" + flag("storage") + ",\"Deprecated\":" + flag("deprecated") +
             ",\"DeprecationWarning\":" + warning.dump() +
             ",\"Schema\":null,\"Subresources\":null,\"AdditionalPrinterColumns\":null,"
             "\"SelectableFields\":null}";
  }
  FieldError& error = errors.emplace_back();
  error.field = "spec.versions";
  error.detail = detail;
  error.shown = "[" + shown + "]";
}

void check_version_names(const json& versions, FieldErrors& errors) {
  std::set<std::string> seen;
  std::size_t stored = 0;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    const std::string at = "spec.versions[" + std::to_string(i) + "]";
    const std::string name = fields::text(versions[i], "name");
    seen.insert(name);
    stored += fields::flag(versions[i], "storage") ? 1 : 0;
    if (!is_1035_label(name)) complain_invalid(errors, at + ".name", name, kLabelAdvice);
    const std::string warning = fields::text(versions[i], "deprecationWarning");
    if (!warning.empty() && !fields::flag(versions[i], "deprecated")) {
      complain_invalid(errors, at + ".deprecationWarning", warning,
                       "can only be set for deprecated versions");
    }
  }
  if (!versions.empty() && !is_1035_label(fields::text(versions[0], "name"))) {
    complain_invalid(errors, "spec.version", fields::text(versions[0], "name"), kLabelAdvice);
  }
  if (seen.size() != versions.size()) {
    complain_versions(errors, versions, "must contain unique version names");
  }
  if (stored != 1) {
    complain_versions(errors, versions, "must have exactly one version marked as storage version");
  }
}

void check_group(const std::string& group, FieldErrors& errors) {
  if (group.empty()) return complain_required(errors, "spec.group");
  if (!is_dns_subdomain(group))
    return complain_invalid(errors, "spec.group", group, kSubdomainAdvice);
  if (group.find('.') == std::string::npos) {
    complain_invalid(errors, "spec.group", group, "should be a domain with at least one dot");
  }
}

void check_conversion(const json& conversion, FieldErrors& errors) {
  const std::string strategy = fields::text(conversion, "strategy");
  check_one_of(strategy, {"None", "Webhook"}, "spec.conversion.strategy", errors);
  const json& webhook = fields::object(conversion, "webhook");
  const bool has_client = webhook.contains("clientConfig");
  const bool has_versions = !fields::list(webhook, "conversionReviewVersions").empty();
  constexpr const char* kClient = "spec.conversion.webhookClientConfig";
  constexpr const char* kVersions = "spec.conversion.conversionReviewVersions";
  if (strategy == "Webhook") {
    if (!has_client) complain_required(errors, kClient, "required when strategy is set to Webhook");
    if (!has_versions) complain_required(errors, kVersions);
    return;
  }
  const std::string detail = "should not be set when strategy is not set to Webhook";
  if (has_client) errors.push_back({Kind::kForbidden, kClient, detail, nullptr, {}});
  if (has_versions) errors.push_back({Kind::kForbidden, kVersions, detail, nullptr, {}});
}

bool is_protected(const std::string& group) {
  for (const std::string& owner : {std::string("k8s.io"), std::string("kubernetes.io")}) {
    if (group == owner || group.ends_with("." + owner)) return true;
  }
  return false;
}

void check_approval(const json& definition, FieldErrors& errors) {
  if (!is_protected(fields::text(spec_of(definition), "group"))) return;
  const std::string path = std::string("metadata.annotations[") + kApproved + "]";
  const json& annotations = fields::object(fields::object(definition, "metadata"), "annotations");
  const std::string value = fields::text(annotations, kApproved);
  const std::string see = ", see https://github.com/kubernetes/enhancements/pull/1111";
  if (value.empty()) {
    return complain_required(
        errors, path,
        std::string("protected groups must have approval annotation \"") + kApproved + "\"" + see);
  }
  const bool says = value.starts_with("unapproved") || value.starts_with("https://");
  if (says) return;
  complain_invalid(errors, path, value,
                   "protected groups must have approval annotation \"" + std::string(kApproved) +
                       "\" with either a URL or a reason starting with \"unapproved\"" + see);
}

std::string storage_version(const json& definition) {
  for (const json& each : fields::list(spec_of(definition), "versions")) {
    if (fields::flag(each, "storage")) return fields::text(each, "name");
  }
  return {};
}

void check_stored_versions(const json& definition, FieldErrors& errors) {
  const json& status = fields::object(definition, "status");
  const std::vector<std::string> stored = fields::texts(status, "storedVersions");
  if (stored.empty()) {
    return complain_invalid(errors, "status.storedVersions", nullptr,
                            "must have at least one stored version");
  }
  const json& versions = fields::list(spec_of(definition), "versions");
  for (const json& each : versions) {
    const std::string name = fields::text(each, "name");
    const bool held = std::ranges::find(stored, name) != stored.end();
    if (!fields::flag(each, "storage") || held) continue;
    complain_invalid(errors, "status.storedVersions", stored,
                     "must have the storage version " + name);
  }
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const bool there = std::ranges::any_of(
        versions, [&](const json& each) { return fields::text(each, "name") == stored[i]; });
    if (there) continue;
    complain_invalid(errors, "status.storedVersions[" + std::to_string(i) + "]", stored[i],
                     "missing from spec.versions; " + stored[i] +
                         " was previously a storage version, and must remain in spec.versions "
                         "until a storage migration ensures no data remains persisted in " +
                         stored[i] + " and removes " + stored[i] + " from status.storedVersions");
  }
}

void add(FieldErrors& to, FieldErrors from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

/// Without what only a new definition must be.
FieldErrors validate_spec(const json& definition) {
  FieldErrors errors;
  const json& spec = spec_of(definition);
  check_group(fields::text(spec, "group"), errors);
  check_one_of(fields::text(spec, "scope"), {"Cluster", "Namespaced"}, "spec.scope", errors);
  const json& versions = fields::list(spec, "versions");
  if (fields::flag(spec, "preserveUnknownFields")) {
    complain_invalid(errors, "spec.preserveUnknownFields", true,
                     "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
                     "spec.versions[*].schema instead");
  }
  check_version_names(versions, errors);
  check_names(fields::object(spec, "names"), errors);
  add(errors, validate_versions(versions));
  check_conversion(fields::object(spec, "conversion"), errors);
  check_stored_versions(definition, errors);
  check_approval(definition, errors);
  return errors;
}

bool is_established(const json& definition) {
  const json& status = fields::object(definition, "status");
  return std::ranges::any_of(fields::list(status, "conditions"), [](const json& each) {
    return fields::text(each, "type") == "Established" && fields::text(each, "status") == "True";
  });
}

}  // namespace

void set_definition_defaults(json& definition) {
  json& spec = definition["spec"];
  if (!spec.is_object()) spec = json::object();
  json& names = spec["names"];
  if (!names.is_object()) names = json::object();
  const std::string kind = fields::text(names, "kind");
  if (fields::text(names, "singular").empty()) names["singular"] = lower(kind);
  if (fields::text(names, "listKind").empty() && !kind.empty()) names["listKind"] = kind + "List";
  if (!fields::flag(spec, "preserveUnknownFields")) spec.erase("preserveUnknownFields");
  json& conversion = spec["conversion"];
  if (!conversion.is_object()) conversion = json::object();
  if (fields::text(conversion, "strategy").empty()) conversion["strategy"] = "None";
  const json& client = fields::object(fields::object(conversion, "webhook"), "clientConfig");
  if (client.contains("service") && !client["service"].contains("port")) {
    conversion["webhook"]["clientConfig"]["service"]["port"] = 443;
  }
}

void note_stored_version(json& definition) {
  json& status = definition["status"];
  if (!status.is_object()) {
    status = {{"conditions", nullptr}, {"acceptedNames", {{"plural", ""}, {"kind", ""}}}};
  }
  json stored = fields::list(status, "storedVersions");
  const std::string storage = storage_version(definition);
  const bool there = std::ranges::find(stored, json(storage)) != stored.end();
  if (!storage.empty() && !there) stored.push_back(storage);
  status["storedVersions"] = std::move(stored);
}

FieldErrors validate_definition(const json& definition) {
  FieldErrors errors;
  const json& spec = spec_of(definition);
  const std::string name = fields::text(fields::object(definition, "metadata"), "name");
  const std::string plural = fields::text(fields::object(spec, "names"), "plural");
  if (name != plural + "." + fields::text(spec, "group")) {
    complain_invalid(errors, "metadata.name", name, "must be spec.names.plural+\".\"+spec.group");
  }
  add(errors, validate_spec(definition));
  return errors;
}

FieldErrors validate_definition_update(const json& definition, const json& old) {
  FieldErrors errors = validate_spec(definition);
  const json& spec = spec_of(definition);
  const json& former = spec_of(old);
  const auto must_stay = [&](const json& now, const json& before, const char* path) {
    if (now != before) complain_invalid(errors, path, now, "field is immutable");
  };
  const json& names = fields::object(spec, "names");
  const json& former_names = fields::object(former, "names");
  if (is_established(old)) {
    must_stay(fields::at(spec, "scope"), fields::at(former, "scope"), "spec.scope");
    must_stay(fields::at(names, "kind"), fields::at(former_names, "kind"), "spec.names.kind");
  }
  must_stay(fields::at(spec, "group"), fields::at(former, "group"), "spec.group");
  must_stay(fields::at(names, "plural"), fields::at(former_names, "plural"), "spec.names.plural");
  return errors;
}

}  // namespace skerry::standalone

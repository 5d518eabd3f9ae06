#include "cloudcore/standalone/access/rbac_facts.h"

#include <algorithm>

#include "cloudcore/standalone/api/decode.h"
#include "common/base/assert.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using Words = std::vector<std::string>;
namespace fields = k8s::fields;

constexpr const char* kGroup = "rbac.authorization.k8s.io";
constexpr const char* kGroupVersion = "rbac.authorization.k8s.io/v1";
constexpr const char* kAutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";

Words split(std::string_view text, char by) {
  Words out;
  while (!text.empty()) {
    const std::size_t end = text.find(by);
    if (end != 0) out.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

/// "a,b"; a dash is the empty word.
Words words_of(const std::string& text) {
  Words out = split(text, ',');
  for (std::string& each : out) {
    if (each == "-") each.clear();
  }
  return out;
}

std::string place_word(const std::string& word) { return word == "-" ? std::string() : word; }

const char* kind_of(const std::string& plural) {
  if (plural == "clusterroles") return "ClusterRole";
  if (plural == "roles") return "Role";
  return plural == "clusterrolebindings" ? "ClusterRoleBinding" : "RoleBinding";
}

/// The line that begins an object: its kind, place and what else the format names.
BootstrapObject head(const Words& words) {
  SKERRY_ASSERT(words.size() >= 3, "a line of rbac_facts.txt");
  BootstrapObject out{words[0], place_word(words[1]), words[2], json::object()};
  json metadata = {{"name", out.name},
                   {"labels", {{"kubernetes.io/bootstrapping", "rbac-defaults"}}},
                   {"annotations", {{kAutoUpdate, "true"}}}};
  if (!out.ns.empty()) metadata["namespace"] = out.ns;
  json selectors = json::array();
  for (std::size_t i = 3; i < words.size(); ++i) {
    const std::size_t sign = words[i].find_first_of("=/");
    const std::string key = words[i].substr(0, sign);
    const std::string value = words[i].substr(sign + 1);
    if (key == "label") metadata["labels"][value] = "true";
    if (key == "aggregate") selectors.push_back({{"matchLabels", {{value, "true"}}}});
    if (key == "ClusterRole" || key == "Role") {
      out.object["roleRef"] = {{"apiGroup", kGroup}, {"kind", key}, {"name", value}};
    }
  }
  out.object["apiVersion"] = kGroupVersion;
  out.object["kind"] = kind_of(out.plural);
  out.object["metadata"] = std::move(metadata);
  if (!selectors.empty()) out.object["aggregationRule"]["clusterRoleSelectors"] = selectors;
  if (!out.plural.ends_with("bindings")) out.object["rules"] = json::array();
  return out;
}

json rule_of(const Words& words) {
  PolicyRule rule;
  rule.verbs = words_of(words[1]);
  if (words[0] == "url") {
    rule.urls = words_of(words[2]);
  } else {
    rule.groups = words_of(words[2]);
    rule.resources = words_of(words[3]);
    if (words.size() > 4) rule.names = words_of(words[4]);
  }
  return to_json(rule);
}

json subject_of(const Words& words) {
  json out = {{"kind", words[1]}, {"name", words[3]}};
  if (words[1] == "ServiceAccount") {
    out["namespace"] = words[2];
  } else {
    out["apiGroup"] = kGroup;
  }
  return out;
}

/// Adds what `wanted` has and `existing` has not; true: something.
bool add_missing(json& existing, const json& wanted) {
  bool changed = false;
  if (!existing.is_array()) existing = json::array();
  for (const json& each : wanted) {
    if (std::find(existing.begin(), existing.end(), each) != existing.end()) continue;
    existing.push_back(each);
    changed = true;
  }
  return changed;
}

bool add_missing_labels(json& existing, const json& wanted) {
  bool changed = false;
  for (const auto& [key, value] : wanted.items()) {
    if (fields::at(fields::object(existing, "labels"), key) == value) continue;
    existing["labels"][key] = value;
    changed = true;
  }
  return changed;
}

}  // namespace

std::vector<BootstrapObject> parse_rbac_facts(std::string_view text) {
  std::vector<BootstrapObject> out;
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with('#')) continue;
    const Words words = split(line, ' ');
    if (!line.starts_with(' ')) {
      out.push_back(head(words));
      continue;
    }
    SKERRY_ASSERT(!out.empty() && words.size() >= 3, "a line of rbac_facts.txt");
    json& object = out.back().object;
    if (words[0] == "subject") {
      object["subjects"].push_back(subject_of(words));
    } else {
      object["rules"].push_back(rule_of(words));
    }
  }
  return out;
}

std::vector<BootstrapObject> cloudcore_rights(std::string_view yaml) {
  std::vector<BootstrapObject> out;
  while (!yaml.empty()) {
    const std::size_t end = yaml.find("\n---");
    const auto document = decode_body("application/yaml", yaml.substr(0, end), "");
    SKERRY_ASSERT(document.has_value(), "deploy/rbac.yaml is YAML");
    yaml = end == std::string_view::npos ? std::string_view() : yaml.substr(end + 4);
    const std::string kind = fields::text(*document, "kind");
    const bool role = kind.ends_with("Role");
    if (!role && !kind.ends_with("Binding")) continue;
    const json& metadata = fields::object(*document, "metadata");
    std::string plural = kind + "s";
    std::transform(plural.begin(), plural.end(), plural.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    BootstrapObject each{plural, fields::text(metadata, "namespace"),
                         fields::text(metadata, "name"), *document};
    if (!role) {
      each.object["subjects"] =
          json::array({{{"apiGroup", kGroup}, {"kind", "User"}, {"name", kCloudcoreUser}}});
    }
    out.push_back(std::move(each));
  }
  return out;
}

const PolicyRules& node_rules() {
  static const PolicyRules rules = [] {
    for (const BootstrapObject& each : parse_rbac_facts(kRbacFactsText)) {
      if (each.plural == "clusterroles" && each.name == "system:node") {
        return rules_of(each.object);
      }
    }
    return PolicyRules();
  }();
  return rules;
}

std::optional<json> completed(json existing, const json& wanted) {
  const json& metadata = fields::object(existing, "metadata");
  if (fields::text(fields::object(metadata, "annotations"), kAutoUpdate) == "false") return {};
  bool changed = add_missing_labels(existing["metadata"],
                                    fields::object(fields::object(wanted, "metadata"), "labels"));
  if (wanted.contains("aggregationRule")) {
    changed |= add_missing(existing["aggregationRule"]["clusterRoleSelectors"],
                           wanted["aggregationRule"]["clusterRoleSelectors"]);
  } else if (wanted.contains("rules")) {
    const PolicyRules lacking = uncovered(rules_of(existing), rules_of(wanted));
    for (const PolicyRule& rule : lacking) existing["rules"].push_back(to_json(rule));
    changed |= !lacking.empty();
  }
  if (wanted.contains("subjects")) {
    changed |= add_missing(existing["subjects"], wanted["subjects"]);
  }
  if (!changed) return std::nullopt;
  return existing;
}

}  // namespace skerry::standalone

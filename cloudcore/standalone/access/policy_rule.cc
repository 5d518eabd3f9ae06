#include "cloudcore/standalone/access/policy_rule.h"

#include <algorithm>

#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using Words = std::vector<std::string>;
namespace fields = k8s::fields;

constexpr const char* kAll = "*";

bool has(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool has_or_all(const Words& words, std::string_view word) {
  return has(words, word) || has(words, kAll);
}

bool resource_matches(const Words& resources, const AccessQuestion& question) {
  const std::string& subresource = question.subresource;
  for (const std::string& each : resources) {
    if (each == kAll) return true;
    if (subresource.empty()) {
      if (each == question.resource) return true;
      continue;
    }
    const std::size_t slash = each.find('/');
    if (slash == std::string::npos || each.compare(slash + 1, each.npos, subresource) != 0) {
      continue;
    }
    const std::string_view resource = std::string_view(each).substr(0, slash);
    if (resource == kAll || resource == question.resource) return true;
  }
  return false;
}

bool url_matches(const Words& urls, std::string_view path) {
  return std::any_of(urls.begin(), urls.end(), [&](const std::string& each) {
    if (each == kAll || each == path) return true;
    return each.ends_with('*') && path.starts_with(each.substr(0, each.size() - 1));
  });
}

/// One rule for each verb, group, resource and name, so that each has to be held by one rule.
PolicyRules broken_down(const PolicyRule& rule) {
  PolicyRules out;
  for (const std::string& verb : rule.verbs) {
    for (const std::string& url : rule.urls) out.push_back({{verb}, {}, {}, {}, {url}});
  }
  Words names = rule.names;
  if (names.empty()) names.emplace_back();  // all
  for (const std::string& group : rule.groups) {
    for (const std::string& resource : rule.resources) {
      for (const std::string& name : names) {
        for (const std::string& verb : rule.verbs) {
          PolicyRule each{{verb}, {group}, {resource}, {}, {}};
          if (!name.empty()) each.names = {name};
          out.push_back(std::move(each));
        }
      }
    }
  }
  return out;
}

bool holds_resource(const Words& held, const std::string& wanted) {
  if (has_or_all(held, wanted)) return true;
  const std::size_t slash = wanted.find('/');
  return slash != std::string::npos && has(held, "*" + wanted.substr(slash));
}

/// `wanted` has one word of each.
bool holds(const PolicyRule& held, const PolicyRule& wanted) {
  if (!has_or_all(held.verbs, wanted.verbs.front())) return false;
  if (!wanted.urls.empty()) {
    const std::string& url = wanted.urls.front();
    const bool prefix = url.size() > 1 && url.ends_with('*');
    return url_matches(held.urls, prefix ? url.substr(0, url.size() - 1) : url) ||
           has(held.urls, url);
  }
  if (!has_or_all(held.groups, wanted.groups.front())) return false;
  if (!holds_resource(held.resources, wanted.resources.front())) return false;
  return held.names.empty() || (!wanted.names.empty() && has(held.names, wanted.names.front()));
}

/// Adds to the rule that differs in its verbs alone.
void add_compact(PolicyRules& to, const PolicyRule& rule) {
  for (PolicyRule& each : to) {
    const bool same = each.groups == rule.groups && each.resources == rule.resources &&
                      each.names == rule.names && each.urls == rule.urls;
    if (!same) continue;
    if (!has(each.verbs, rule.verbs.front())) each.verbs.push_back(rule.verbs.front());
    return;
  }
  to.push_back(rule);
}

void add_words(std::string& out, const char* name, const Words& words) {
  if (words.empty()) return;
  out += std::string(out.size() > 1 ? ", " : "") + name + ":[";
  for (std::size_t i = 0; i < words.size(); ++i) {
    out += (i == 0 ? "\"" : " \"") + words[i] + "\"";
  }
  out += "]";
}

}  // namespace

PolicyRules rules_of(const json& role) {
  PolicyRules out;
  for (const json& rule : fields::list(role, "rules")) {
    out.push_back({fields::texts(rule, "verbs"), fields::texts(rule, "apiGroups"),
                   fields::texts(rule, "resources"), fields::texts(rule, "resourceNames"),
                   fields::texts(rule, "nonResourceURLs")});
  }
  return out;
}

json to_json(const PolicyRule& rule) {
  json out = {{"verbs", rule.verbs}};
  if (!rule.groups.empty()) out["apiGroups"] = rule.groups;
  if (!rule.resources.empty()) out["resources"] = rule.resources;
  if (!rule.names.empty()) out["resourceNames"] = rule.names;
  if (!rule.urls.empty()) out["nonResourceURLs"] = rule.urls;
  return out;
}

bool allows(const PolicyRule& rule, const AccessQuestion& question) {
  if (!has_or_all(rule.verbs, question.verb)) return false;
  if (!question.is_resource) return url_matches(rule.urls, question.path);
  return has_or_all(rule.groups, question.group) && resource_matches(rule.resources, question) &&
         (rule.names.empty() || has(rule.names, question.name));
}

bool allows(const PolicyRules& rules, const AccessQuestion& question) {
  return std::any_of(rules.begin(), rules.end(),
                     [&](const PolicyRule& rule) { return allows(rule, question); });
}

PolicyRules uncovered(const PolicyRules& held, const PolicyRules& wanted) {
  PolicyRules out;
  for (const PolicyRule& rule : wanted) {
    for (const PolicyRule& each : broken_down(rule)) {
      const bool covered = std::any_of(held.begin(), held.end(),
                                       [&](const PolicyRule& own) { return holds(own, each); });
      if (!covered) add_compact(out, each);
    }
  }
  return out;
}

std::string text_of(const PolicyRule& rule) {
  std::string out = "{";
  add_words(out, "APIGroups", rule.groups);
  add_words(out, "Resources", rule.resources);
  add_words(out, "NonResourceURLs", rule.urls);
  add_words(out, "ResourceNames", rule.names);
  add_words(out, "Verbs", rule.verbs);
  return out + "}";
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/printing/cells.h"

#include <algorithm>
#include <set>

#include "common/k8s/selector.h"

namespace skerry::standalone::cell {
namespace fields = k8s::fields;

std::string name(const json& object) { return fields::text(metadata(object), "name"); }

std::string age(const json& object, WallTime now) {
  return human_age(fields::text(metadata(object), "creationTimestamp"), now);
}

std::int64_t count(const json& object, std::string_view key) {
  return fields::number(object, key).value_or(0);
}

std::string or_none(std::string text) { return text.empty() ? "<none>" : text; }

std::string title(bool value) { return value ? "True" : "False"; }

std::string joined(const std::vector<std::string>& texts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out += separator;
    out += texts[i];
  }
  return out;
}

std::string condition(const json& object, std::string_view type) {
  for (const json& each : fields::list(status(object), "conditions")) {
    if (fields::text(each, "type") == type) return fields::text(each, "status");
  }
  return {};
}

std::string labels(const json& map) {
  std::vector<std::string> out;
  if (map.is_object()) {
    for (const auto& [key, value] : map.items()) {
      out.push_back(key + "=" + fields::text_or_number(value));
    }
  }
  return or_none(joined(out));
}

namespace {

std::string requirement(const k8s::Requirement& each) {
  using Operator = k8s::Requirement::Operator;
  std::vector<std::string> values = each.values;
  std::sort(values.begin(), values.end());
  const std::string list = joined(values);
  switch (each.op) {
    case Operator::kIn:
      return each.key + " in (" + list + ")";
    case Operator::kNotIn:
      return each.key + " notin (" + list + ")";
    case Operator::kExists:
      return each.key;
    case Operator::kAbsent:
      return "!" + each.key;
    case Operator::kGreater:
      return each.key + ">" + list;
    case Operator::kLess:
      return each.key + "<" + list;
  }
  return {};
}

}  // namespace

std::string selector(const json& label_selector) {
  json expressions = label_selector;
  if (expressions.is_object()) expressions.erase("matchLabels");
  const auto parsed = k8s::LabelSelector::from_object(expressions);
  if (!parsed) return "<error>";
  std::vector<std::pair<std::string, std::string>> all;  // by key
  for (const auto& [key, value] : fields::text_map(label_selector, "matchLabels")) {
    all.emplace_back(key, key + "=" + value);
  }
  for (const auto& each : parsed->requirements()) all.emplace_back(each.key, requirement(each));
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> texts;
  for (auto& [key, text] : all) texts.push_back(std::move(text));
  return or_none(joined(texts));
}

namespace {

std::string of_containers(const json& pod_spec, std::string_view key) {
  std::vector<std::string> out;
  for (const json& each : fields::list(pod_spec, "containers")) {
    out.push_back(fields::text(each, key));
  }
  return joined(out);
}

}  // namespace

std::string containers(const json& pod_spec) { return of_containers(pod_spec, "name"); }
std::string images(const json& pod_spec) { return of_containers(pod_spec, "image"); }

std::string first_three(const std::vector<std::string>& texts) {
  constexpr std::size_t kShown = 3;
  if (texts.size() <= kShown) return joined(texts);
  const std::vector<std::string> shown(texts.begin(), texts.begin() + kShown);
  return joined(shown) + " + " + std::to_string(texts.size() - kShown) + " more...";
}

std::vector<std::string> load_balancer(const json& object) {
  std::set<std::string> out;
  for (const json& each : fields::list(fields::object(status(object), "loadBalancer"), "ingress")) {
    const std::string ip = fields::text(each, "ip");
    out.insert(ip.empty() ? fields::text(each, "hostname") : ip);
  }
  return {out.begin(), out.end()};
}

}  // namespace skerry::standalone::cell

#include "cloudcore/standalone/patch/field_set.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

constexpr const char* kSelf = ".";

bool has_below(const FieldSet& node) {
  return node.is_object() && node.size() > (node.contains(kSelf) ? 1U : 0U);
}

/// The one form of a node: null, {}, or elements with "." among them when it is a member.
void settle(FieldSet& node, bool member) {
  const bool more = has_below(node);
  if (!member && !more) {
    node = nullptr;
  } else if (member && !more) {
    node = json::object();
  } else if (member) {
    node[kSelf] = json::object();
  } else {
    node.erase(kSelf);
  }
}

std::string path_step(const std::string& element) {
  const std::string rest = element.substr(2);
  if (element.starts_with("f:")) return "." + rest;
  if (element.starts_with("v:")) return "[=" + rest + "]";
  if (!element.starts_with("k:")) return "[" + rest + "]";
  const json keys = json::parse(rest, nullptr, false);
  std::string out;
  if (!keys.is_object()) return "[" + rest + "]";
  for (const auto& [name, value] : keys.items()) {
    out += (out.empty() ? "" : ",") + name + "=" + value.dump();
  }
  return "[" + out + "]";
}

void add_paths(const FieldSet& node, const std::string& prefix, std::vector<std::string>& out) {
  if (!node.is_object()) return;
  for (const auto& [element, child] : node.items()) {
    if (element != kSelf && is_member(child)) out.push_back(prefix + path_step(element));
  }
  for (const auto& [element, child] : node.items()) {
    if (element != kSelf) add_paths(child, prefix + path_step(element), out);
  }
}

bool is_set_below(const json& node, int depth) {
  if (!node.is_object() || depth > kFieldSetDepthMax) return false;
  for (const auto& [element, child] : node.items()) {
    const bool known = element == kSelf || element.starts_with("f:") || element.starts_with("k:") ||
                       element.starts_with("v:") || element.starts_with("i:");
    if (!known || !is_set_below(child, depth + 1)) return false;
  }
  return true;
}

}  // namespace

std::string field_element(std::string_view name) { return std::string("f:").append(name); }

bool is_member(const FieldSet& node) {
  return node.is_object() && (node.empty() || node.contains(kSelf));
}

void make_member(FieldSet& node) { settle(node, true); }

void put_below(FieldSet& node, std::string element, FieldSet child) {
  if (child.is_null()) return;
  if (node.is_null()) node = json::object();
  node[std::move(element)] = std::move(child);
}

const FieldSet& below(const FieldSet& node, std::string_view element) {
  static const FieldSet kNone;
  if (!node.is_object()) return kNone;
  const auto found = node.find(element);
  return found == node.end() ? kNone : *found;
}

void unite(FieldSet& set, const FieldSet& with) {
  if (with.is_null()) return;
  if (set.is_null()) {
    set = with;
    return;
  }
  const bool member = is_member(set) || is_member(with);
  for (const auto& [element, child] : with.items()) {
    if (element != kSelf) unite(set[element], child);
  }
  settle(set, member);
}

void subtract(FieldSet& set, const FieldSet& other) {
  if (set.is_null() || other.is_null()) return;
  const bool member = is_member(set) && !is_member(other);
  for (const auto& [element, child] : other.items()) {
    const auto mine = element == kSelf ? set.end() : set.find(element);
    if (mine == set.end()) continue;
    subtract(*mine, child);
    if (mine->is_null()) set.erase(mine);
  }
  settle(set, member);
}

void subtract_whole(FieldSet& set, const FieldSet& other) {
  if (set.is_null() || other.is_null()) return;
  if (is_member(other)) {
    set = nullptr;
    return;
  }
  const bool member = is_member(set);
  for (const auto& [element, child] : other.items()) {
    const auto mine = set.find(element);
    if (mine == set.end()) continue;
    subtract_whole(*mine, child);
    if (mine->is_null()) set.erase(mine);
  }
  settle(set, member);
}

FieldSet intersection(const FieldSet& a, const FieldSet& b) {
  if (a.is_null() || b.is_null()) return nullptr;
  FieldSet out;
  for (const auto& [element, child] : a.items()) {
    if (element == kSelf) continue;
    put_below(out, element, intersection(child, below(b, element)));
  }
  settle(out, is_member(a) && is_member(b));
  return out;
}

bool is_field_set(const json& set) { return is_set_below(set, 0); }

std::vector<std::string> field_paths(const FieldSet& set) {
  std::vector<std::string> out;
  add_paths(set, "", out);
  return out;
}

}  // namespace skerry::standalone

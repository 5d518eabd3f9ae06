#include "cloudcore/standalone/manifests/manifest_reader.h"

#include <algorithm>

#include "cloudcore/standalone/manifests/yaml_value.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::string_view kEarlyKinds[] = {"Namespace",
                                            "CustomResourceDefinition",
                                            "PriorityClass",
                                            "StorageClass",
                                            "RuntimeClass",
                                            "ServiceAccount",
                                            "ClusterRole",
                                            "Role",
                                            "ClusterRoleBinding",
                                            "RoleBinding",
                                            "Secret",
                                            "ConfigMap"};

/// A line "---", alone or with a comment or tag behind it, begins the next document.
std::vector<std::string_view> split_documents(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  std::size_t line = 0;
  while (line < text.size()) {
    const std::size_t end = std::min(text.find('\n', line), text.size());
    const std::string_view here = text.substr(line, end - line);
    const bool marks = here.starts_with("---") &&
                       (here.size() == 3 || here[3] == ' ' || here[3] == '\r' || here[3] == '\t');
    if (marks) {
      out.push_back(text.substr(begin, line - begin));
      begin = std::min(end + 1, text.size());
    }
    line = end + 1;
  }
  out.push_back(text.substr(begin));
  return out;
}

bool only_comments(std::string_view document) {
  std::size_t line = 0;
  while (line < document.size()) {
    const std::size_t end = std::min(document.find('\n', line), document.size());
    const std::string_view here = document.substr(line, end - line);
    const std::size_t first = here.find_first_not_of(" \t\r");
    if (first != std::string_view::npos && here[first] != '#') return false;
    line = end + 1;
  }
  return true;
}

std::string problem_of(const json& object) {
  if (!object.is_object()) return "is no object";
  if (fields::text(object, "apiVersion").empty()) return "has no apiVersion";
  if (fields::text(object, "kind").empty()) return "has no kind";
  const json& metadata = fields::object(object, "metadata");
  if (fields::text(metadata, "name").empty()) return "has no metadata.name";
  return {};
}

void add(std::vector<ManifestObject>& out, ManifestObject where, json value) {
  const bool list = fields::text(value, "kind").ends_with("List") && value.contains("items");
  if (list) {
    for (const json& each : fields::list(value, "items")) add(out, where, each);
    return;
  }
  where.error = problem_of(value);
  where.object = std::move(value);
  out.push_back(std::move(where));
}

}  // namespace

std::string ManifestObject::place() const {
  return file + ", document " + std::to_string(document);
}

bool is_manifest_name(std::string_view file_name) {
  if (file_name.starts_with('.')) return false;
  return file_name.ends_with(".yaml") || file_name.ends_with(".yml") ||
         file_name.ends_with(".json");
}

std::vector<ManifestObject> read_manifest(const std::string& file, std::string_view text) {
  std::vector<ManifestObject> out;
  int number = 0;
  for (const std::string_view document : split_documents(text)) {
    if (only_comments(document)) continue;
    ManifestObject where{file, ++number, nullptr, ""};
    auto read = read_yaml_value(document);
    if (!read) {
      where.error = read.error().what;
      out.push_back(std::move(where));
    } else if (!read->is_null()) {
      add(out, std::move(where), std::move(*read));
    }
  }
  return out;
}

void sort_for_creation(std::vector<ManifestObject>& objects) {
  const auto rank = [](const ManifestObject& each) {
    const auto found = std::find(std::begin(kEarlyKinds), std::end(kEarlyKinds),
                                 fields::text(each.object, "kind"));
    return found - std::begin(kEarlyKinds);
  };
  std::stable_sort(objects.begin(), objects.end(),
                   [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
}

json manifest_patch(const json& last_applied, const json& wanted) {
  json out = wanted;
  if (!last_applied.is_object() || !wanted.is_object()) return out;
  for (const auto& [key, before] : last_applied.items()) {
    const auto now = wanted.find(key);
    if (now == wanted.end()) {
      out[key] = nullptr;
    } else if (before.is_object() && now->is_object()) {
      out[key] = manifest_patch(before, *now);
    }
  }
  return out;
}

}  // namespace skerry::standalone

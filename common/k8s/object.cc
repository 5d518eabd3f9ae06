#include "common/k8s/object.h"

#include <algorithm>
#include <charconv>

#include "common/base/units.h"
#include "common/k8s/json_tree.h"
#include "common/k8s/status_projection.h"

namespace skerry::k8s {
namespace {

using Index = JsonTree::Index;
using Type = JsonTree::Type;

tl::unexpected<Error> malformed(Kind kind, std::string_view what) {
  return fail(Code::kMalformed, std::string(info(kind).kind_name) + ": " + std::string(what));
}

/// List items lack apiVersion and kind; watch events, GET and PATCH replies have them.
Result<void> fill_type(Kind kind, JsonTree& tree) {
  const std::pair<std::string_view, std::string_view> wanted[] = {
      {"apiVersion", info(kind).api_version}, {"kind", info(kind).kind_name}};
  for (const auto& [field, value] : wanted) {
    const auto at = tree.find(tree.root(), field);
    const bool absent = !at || tree.type(*at) == Type::kNull ||
                        (tree.type(*at) == Type::kString && tree.text(*at).empty());
    if (!absent && (tree.type(*at) != Type::kString || tree.text(*at) != value)) {
      return malformed(kind, "another " + std::string(field));
    }
    if (absent) tree.put(tree.root(), field, Type::kString, value);
  }
  return {};
}

ResourceVersion parse_resource_version(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? ResourceVersion(value)
                                                                  : ResourceVersion();
}

Result<void> read_metadata(const JsonTree& tree, Index metadata, Object& object) {
  object.key.ns = tree.string_at(metadata, "namespace");
  object.key.name = tree.string_at(metadata, "name");
  object.uid = Uid(std::string(tree.string_at(metadata, "uid")));
  object.resource_version = parse_resource_version(tree.string_at(metadata, "resourceVersion"));
  const Kind kind = object.key.kind;
  if (object.key.name.empty()) return malformed(kind, "no metadata.name");
  if (object.uid.empty()) return malformed(kind, "no metadata.uid");
  if (info(kind).namespaced == object.key.ns.empty()) {
    return malformed(kind, "metadata.namespace does not fit the kind");
  }
  return {};
}

// ---- the status that the edge owns --------------------------------------------------------------

/// Conditions that spec.readinessGates names come from others than the edge, and edged needs them
/// to compute Ready: they are content.
std::vector<std::pair<std::string, std::string>> gate_conditions(const JsonTree& tree,
                                                                 Index status) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto spec = tree.find(tree.root(), "spec");
  const auto gates = spec ? tree.find(*spec, "readinessGates") : std::nullopt;
  const auto conditions = tree.find(status, "conditions");
  if (!gates || !conditions) return out;
  for (const Index gate : tree.children(*gates)) {
    const std::string_view type = tree.string_at(gate, "conditionType");
    for (const Index condition : tree.children(*conditions)) {
      if (type.empty() || tree.string_at(condition, "type") != type) continue;
      out.emplace_back(type, tree.string_at(condition, "status"));
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void put_gate_conditions(JsonTree& tree,
                         const std::vector<std::pair<std::string, std::string>>& gates) {
  if (gates.empty()) return;
  const Index status = tree.put(tree.root(), "status", Type::kObject);
  const Index conditions = tree.put(status, "conditions", Type::kArray);
  for (const auto& [type, value] : gates) {
    const Index condition = tree.append(conditions, Type::kObject);
    tree.put(condition, "type", Type::kString, type);
    tree.put(condition, "status", Type::kString, value);
  }
}

Result<void> cut_status(JsonTree& tree, Object& object) {
  if (const auto status = tree.find(tree.root(), "status")) {
    if (!tree.is_object(*status)) return malformed(object.key.kind, "status is not an object");
  } else {
    tree.put(tree.root(), "status", Type::kObject);
  }
  const Index status = *tree.find(tree.root(), "status");
  object.status_json = std::make_shared<const std::string>(tree.write(status));
  const auto gates = gate_conditions(tree, status);
  project_status(object.key.kind, tree, status);
  object.status_hash = StatusHash(digest(tree.write(status)));
  tree.erase(tree.root(), "status");
  put_gate_conditions(tree, gates);
  return {};
}

}  // namespace

std::string ObjectKey::text() const {
  std::string out(info(kind).wire);
  if (!ns.empty()) (out += '/') += ns;
  return (out += '/') += name;
}

Result<ObjectPtr> make_object(Kind kind, std::string_view json) {
  if (json.size() > kObjectBytesMax) {
    return fail(Code::kTooLarge, std::string(info(kind).kind_name) + " of " +
                                     std::to_string(json.size()) + " bytes; at most " +
                                     std::to_string(kObjectBytesMax) + " are handled");
  }
  auto tree = JsonTree::parse(json);
  if (!tree) return fail(info(kind).kind_name, tree.error());
  const auto metadata = tree->find(tree->root(), "metadata");
  if (!metadata || !tree->is_object(*metadata)) return malformed(kind, "no metadata");

  auto object = std::make_shared<Object>();
  object->key.kind = kind;
  if (auto filled = fill_type(kind, *tree); !filled) return fail(filled.error());
  if (auto read = read_metadata(*tree, *metadata, *object); !read) return fail(read.error());
  tree->erase(*metadata, "managedFields");
  if (info(kind).status_owner == StatusOwner::kEdge) {
    tree->erase(*metadata, "resourceVersion");
    if (auto cut = cut_status(*tree, *object); !cut) return fail(cut.error());
  }
  object->json = std::make_shared<const std::string>(tree->write(tree->root()));
  object->version = ContentVersion(digest(*object->json));
  return ObjectPtr(std::move(object));
}

ObjectPtr received_object(ObjectKey key,
                          Uid uid,
                          ContentVersion version,
                          ResourceVersion resource_version,
                          std::string canonical_json) {
  auto object = std::make_shared<Object>();
  object->key = std::move(key);
  object->uid = std::move(uid);
  object->version = version;
  object->resource_version = resource_version;
  object->json = std::make_shared<const std::string>(std::move(canonical_json));
  return object;
}

}  // namespace skerry::k8s

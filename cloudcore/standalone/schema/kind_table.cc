#include "cloudcore/standalone/schema/kind_table.h"

#include <algorithm>

#include "cloudcore/standalone/schema/fact_table.h"

namespace skerry::standalone {

struct BuiltInKinds::Types {
  FactTable table;
};

std::string GroupVersion::text() const { return group.empty() ? version : group + "/" + version; }

const KindRow* BuiltInKinds::find(const GroupVersion& gv, std::string_view kind) const {
  const auto found = std::ranges::find_if(
      rows, [&](const KindRow& row) { return row.gv == gv && row.kind == kind; });
  return found != rows.end() ? &*found : nullptr;
}

const TypeSchema* BuiltInKinds::type(std::string_view name) const {
  const auto found = types->table.types.find(name);
  return found != types->table.types.end() ? found->second : nullptr;
}

const TypeSchema* BuiltInKinds::type_of(const GroupVersion& gv, std::string_view kind) const {
  if (kind == "DeleteOptions") return type("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");
  if (const KindRow* row = find(gv, kind)) return row->type;
  const nlohmann::json wanted = {
      {"group", gv.group}, {"version", gv.version}, {"kind", std::string(kind)}};
  for (const auto& [name, type] : types->table.types) {
    const auto kinds = type->annotations.find("x-kubernetes-group-version-kind");
    if (kinds == type->annotations.end()) continue;
    if (std::ranges::find(*kinds, wanted) != kinds->end()) return type;
  }
  return nullptr;
}

std::shared_ptr<const BuiltInKinds> built_in_kinds() {
  static const std::shared_ptr<const BuiltInKinds> kinds = [] {
    auto types = std::make_shared<BuiltInKinds::Types>(parse_facts(kFactsText));
    auto built = std::make_shared<BuiltInKinds>();
    built->rows = std::move(types->table.rows);
    built->types = std::move(types);
    return built;
  }();
  return kinds;
}

Subresource subresource_of(const KindRow& row, std::string_view name) {
  struct Exception {
    std::string_view name;
    const char* group;  // nullptr: the row's own group and version
    const char* kind;   // with a leading -: after the row's kind; nullptr: the row's own
    std::vector<std::string> verbs;
  };
  static const std::vector<std::string> kChange = {"get", "patch", "update"};
  static const std::vector<std::string> kProxy = {"create", "delete", "get", "patch", "update"};
  static const std::vector<Exception> kExceptions = {
      {"attach", nullptr, "-AttachOptions", {"create", "get"}},
      {"binding", nullptr, "Binding", {"create"}},
      {"eviction", "policy", "Eviction", {"create"}},
      {"exec", nullptr, "-ExecOptions", {"create", "get"}},
      {"finalize", nullptr, nullptr, {"update"}},
      {"log", nullptr, nullptr, {"get"}},
      {"portforward", nullptr, "-PortForwardOptions", {"create", "get"}},
      {"proxy", nullptr, "-ProxyOptions", kProxy},
      {"scale", "autoscaling", "Scale", kChange},
      {"token", "authentication.k8s.io", "TokenRequest", {"create"}},
  };
  const auto found = std::ranges::find(kExceptions, name, &Exception::name);
  if (found == kExceptions.end()) return {row.gv, row.kind, kChange};
  Subresource out{row.gv, row.kind, found->verbs};
  if (found->group != nullptr) out.gv = {found->group, "v1"};
  if (found->kind != nullptr)
    out.kind = *found->kind == '-' ? row.kind + (found->kind + 1) : found->kind;
  return out;
}

}  // namespace skerry::standalone

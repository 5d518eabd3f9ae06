#include "cloudcore/standalone/schema/fact_table.h"

#include <algorithm>
#include <set>

#include "tests/support/catch.h"

using namespace skerry::standalone;
using Shape = TypeSchema::Shape;
using Ownership = TypeSchema::Ownership;

namespace {

const TypeSchema& type_named(std::string_view name) {
  INFO(name);
  const TypeSchema* type = built_in_kinds()->type(name);
  REQUIRE(type != nullptr);
  return *type;
}

const FieldSchema& field_at(std::string_view type, std::string_view path) {
  const TypeSchema* at = &type_named(type);
  const FieldSchema* field = nullptr;
  while (!path.empty()) {
    const auto dot = std::min(path.find('.'), path.size());
    while (at->item != nullptr) at = at->item;
    field = at->field(path.substr(0, dot));
    INFO(type << " " << path);
    REQUIRE(field != nullptr);
    at = field->type;
    path.remove_prefix(std::min(path.size(), dot + 1));
  }
  return *field;
}

}  // namespace

TEST_CASE("Facts: a pod's containers are merged by name", "[standalone_schema]") {
  const FieldSchema& containers = field_at("io.k8s.api.core.v1.Pod", "spec.containers");
  CHECK(containers.required);
  CHECK(containers.patch_merge);
  CHECK(containers.patch_merge_key == "name");
  CHECK(containers.type->shape == Shape::kList);
  CHECK(containers.type->ownership == Ownership::kByKeys);
  CHECK(containers.type->list_map_keys == std::vector<std::string>{"name"});
  CHECK(containers.type->item == &type_named("io.k8s.api.core.v1.Container"));
  CHECK(containers.type->item_default == nlohmann::json::object());
}

TEST_CASE("Facts: a service's ports have other keys for apply than for patch",
          "[standalone_schema]") {
  const FieldSchema& ports = field_at("io.k8s.api.core.v1.Service", "spec.ports");
  CHECK(ports.patch_merge);
  CHECK(ports.patch_merge_key == "port");
  CHECK(ports.type->list_map_keys == std::vector<std::string>{"port", "protocol"});
  const FieldSchema& protocol = field_at("io.k8s.api.core.v1.Service", "spec.ports.protocol");
  CHECK(protocol.default_value == nlohmann::json("TCP"));
  CHECK(protocol.type->enum_values == std::vector<nlohmann::json>{"SCTP", "TCP", "UDP"});
}

TEST_CASE("Facts: lists, maps and objects say how they are owned", "[standalone_schema]") {
  const std::string_view deployment = "io.k8s.api.apps.v1.Deployment";
  const FieldSchema& tolerations = field_at(deployment, "spec.template.spec.tolerations");
  CHECK(tolerations.type->ownership == Ownership::kAtomic);
  CHECK_FALSE(tolerations.patch_merge);
  CHECK(field_at(deployment, "spec.selector").type->ownership == Ownership::kAtomic);
  CHECK(field_at(deployment, "spec.template.spec.nodeSelector").type->ownership ==
        Ownership::kAtomic);
  CHECK(field_at(deployment, "metadata.labels").type->ownership == Ownership::kGranular);
  CHECK(field_at(deployment, "metadata.finalizers").type->ownership == Ownership::kSet);
  CHECK(field_at(deployment, "spec.strategy").patch_retain_keys);
  CHECK(field_at("io.k8s.api.policy.v1.PodDisruptionBudget", "spec.selector").patch_replace);
  // One field owns a shared type in another way than the others do.
  const FieldSchema& claim = field_at("io.k8s.api.core.v1.PersistentVolume", "spec.claimRef");
  CHECK(claim.type->ownership == Ownership::kGranular);
  CHECK(claim.type->field("uid") != nullptr);
  CHECK(type_named("io.k8s.api.core.v1.ObjectReference").ownership == Ownership::kAtomic);
}

TEST_CASE("Facts: scalars keep their formats", "[standalone_schema]") {
  const std::string_view pod = "io.k8s.api.core.v1.Pod";
  const TypeSchema& limits = *field_at(pod, "spec.containers.resources.limits").type;
  CHECK(limits.shape == Shape::kMap);
  CHECK(limits.item->shape == Shape::kString);
  CHECK(limits.item->format == "quantity");
  CHECK(field_at("io.k8s.api.core.v1.Service", "spec.ports.targetPort").type->shape ==
        Shape::kIntOrString);
  const TypeSchema& data = *field_at("io.k8s.api.core.v1.Secret", "data").type;
  CHECK(data.item->format == "byte");
  CHECK_FALSE(data.item_default);
  CHECK(field_at(pod, "metadata.creationTimestamp").type->format == "date-time");
  CHECK(field_at(pod, "metadata.generation").type->format == "int64");
  CHECK(field_at("io.k8s.api.apps.v1.ControllerRevision", "data").type->shape == Shape::kAny);
  const TypeSchema& extra =
      *field_at("io.k8s.api.authentication.v1.TokenReview", "status.user.extra").type;
  CHECK(extra.item->shape == Shape::kList);
  CHECK(extra.item->item->shape == Shape::kString);
}

TEST_CASE("Facts: values of an enum may hold spaces", "[standalone_schema]") {
  const auto& usages =
      *field_at("io.k8s.api.certificates.v1.CertificateSigningRequest", "spec.usages").type;
  CHECK(usages.ownership == Ownership::kAtomic);
  const auto& values = usages.item->enum_values;
  CHECK(std::ranges::find(values, nlohmann::json("digital signature")) != values.end());
}

TEST_CASE("Facts: every type is whole, and fields are sorted", "[standalone_schema]") {
  const FactTable table = parse_facts(kFactsText);
  CHECK(table.types.size() > 400);
  for (const TypeSchema& type : table.store) {
    INFO(type.name);
    const bool has_items = type.shape == Shape::kList || type.shape == Shape::kMap;
    REQUIRE((type.item != nullptr) == has_items);
    REQUIRE(std::ranges::is_sorted(type.fields, {}, &FieldSchema::name));
    REQUIRE((type.ownership == Ownership::kByKeys) == !type.list_map_keys.empty());
    for (const FieldSchema& field : type.fields) REQUIRE(field.type != nullptr);
    for (const std::string& key : type.list_map_keys) REQUIRE(type.item->field(key) != nullptr);
  }
}

TEST_CASE("Facts: the kinds", "[standalone_schema]") {
  const auto kinds = built_in_kinds();
  std::set<std::pair<GroupVersion, std::string>> seen;
  for (const KindRow& row : kinds->rows) {
    INFO(row.gv.text() << " " << row.kind);
    CHECK(seen.emplace(row.gv, row.kind).second);
    REQUIRE(row.type != nullptr);
    CHECK(row.type->field("metadata") != nullptr);
    CHECK_FALSE(row.verbs.empty());
    CHECK(kinds->find(row.gv, row.kind) == &row);
  }
  const KindRow* deployment = kinds->find({"apps", "v1"}, "Deployment");
  REQUIRE(deployment != nullptr);
  CHECK(deployment->plural == "deployments");
  CHECK(deployment->singular == "deployment");
  CHECK(deployment->namespaced);
  CHECK(deployment->short_names == std::vector<std::string>{"deploy"});
  CHECK(deployment->categories == std::vector<std::string>{"all"});
  CHECK(deployment->subresources == std::vector<std::string>{"scale", "status"});
  CHECK(deployment->storage_prefix == "deployments.apps");
  CHECK(deployment->type == &type_named("io.k8s.api.apps.v1.Deployment"));
  CHECK_FALSE(kinds->find({"", "v1"}, "Node")->namespaced);
  CHECK(kinds->find({"", "v1"}, "Event")->storage_prefix ==
        kinds->find({"events.k8s.io", "v1"}, "Event")->storage_prefix);
  CHECK(kinds->find({"apps", "v1beta1"}, "Deployment") == nullptr);
  CHECK(kinds->type("io.k8s.api.core.v1.Nothing") == nullptr);
  CHECK(type_named("io.k8s.api.core.v1.PodExecOptions").field("command") != nullptr);
}

TEST_CASE("Facts: subresources", "[standalone_schema]") {
  const KindRow& pod = *built_in_kinds()->find({"", "v1"}, "Pod");
  CHECK(subresource_of(pod, "status").kind == "Pod");
  CHECK(subresource_of(pod, "exec").kind == "PodExecOptions");
  CHECK(subresource_of(pod, "eviction").gv == GroupVersion{"policy", "v1"});
  CHECK(subresource_of(pod, "binding").kind == "Binding");
  CHECK(subresource_of(pod, "log").verbs == std::vector<std::string>{"get"});
}

#include "cloudcore/standalone/api/stored_object.h"

#include <nlohmann/json.hpp>

#include "common/base/assert.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

constexpr std::string_view kHead = "{\"metadata\":{";

struct SelectableRow {
  std::string_view prefix;
  std::vector<std::string> fields;
};

const std::vector<SelectableRow>& selectable_table() {
  static const std::vector<SelectableRow> rows = {
      {"pods",
       {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
        "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"}},
      {"nodes", {"spec.unschedulable"}},
      {"namespaces", {"status.phase"}},
      {"secrets", {"type"}},
      {"services", {"spec.clusterIP", "spec.type"}},
      {"replicasets.apps", {"status.replicas"}},
      {"jobs.batch", {"status.successful"}},
      {"events",
       {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
        "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
        "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type"}},
      {"certificatesigningrequests.certificates.k8s.io", {"spec.signerName"}},
  };
  return rows;
}

/// The value at a dotted path as a selector compares it; empty when it is absent.
std::string at_path(const json& object, std::string_view path) {
  const json* at = &object;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    const std::string step(path.substr(0, dot));
    if (!at->is_object()) return {};
    const auto found = at->find(step);
    if (found == at->end()) return {};
    at = &*found;
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  if (at->is_string()) return at->get<std::string>();
  return at->is_null() || at->is_structured() ? std::string() : at->dump();
}

std::string selected_field(const json& object, const std::string& path) {
  std::string value = at_path(object, path);
  // These are booleans that the API leaves out when they are false.
  if (value.empty() && (path == "spec.unschedulable" || path == "spec.hostNetwork")) return "false";
  if (path == "source") return at_path(object, "source.component");
  return value;
}

/// `rest`: the bytes after the opening brace of the metadata.
std::shared_ptr<const std::string> with_revision(std::string_view rest, Revision revision) {
  std::string out;
  out.reserve(rest.size() + kHead.size() + 48);
  out.append(kHead).append("\"resourceVersion\":\"").append(std::to_string(revision));
  out.append("\",").append(rest);
  return std::make_shared<const std::string>(std::move(out));
}

}  // namespace

const std::vector<std::string>& selectable_fields(std::string_view storage_prefix) {
  static const std::vector<std::string> none;
  for (const SelectableRow& row : selectable_table()) {
    if (row.prefix == storage_prefix) return row.fields;
  }
  return none;
}

std::string stored_bytes(const json& object) {
  SKERRY_ASSERT(object.contains("metadata") && object["metadata"].contains("name"),
                "an object to store has a name");
  json metadata = object["metadata"];
  metadata.erase("resourceVersion");
  // Invalid UTF-8 was refused when the body was parsed; `replace` only keeps dump() from throwing.
  const auto text = [](const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
  };
  std::string out = "{\"metadata\":" + text(metadata);
  for (const auto& [key, value] : object.items()) {
    if (key == "metadata") continue;
    out += "," + text(json(key)) + ":" + text(value);
  }
  return out + "}";
}

Result<StoredObjectPtr> served_object(std::string_view storage_prefix,
                                      std::string_view stored,
                                      Revision revision) {
  const json object = json::parse(stored, nullptr, false);
  if (!stored.starts_with(kHead) || !object.is_object()) {
    return fail(Code::kMalformed, "a row of " + std::string(storage_prefix) + " is no object");
  }
  auto out = std::make_shared<StoredObject>();
  const json& metadata = object["metadata"];
  out->ns = k8s::fields::text(metadata, "namespace");
  out->name = k8s::fields::text(metadata, "name");
  out->uid = k8s::fields::text(metadata, "uid");
  out->revision = revision;
  const json& labels = k8s::fields::object(metadata, "labels");
  for (const auto& [key, value] : labels.items()) {
    if (value.is_string()) out->labels.emplace(key, value.get<std::string>());
  }
  for (const json& owner : k8s::fields::list(metadata, "ownerReferences")) {
    out->owners.push_back(k8s::fields::text(owner, "uid"));
    if (k8s::fields::flag(owner, "controller")) out->controller = out->owners.back();
  }
  for (const std::string& path : selectable_fields(storage_prefix)) {
    out->fields.emplace(path, selected_field(object, path));
  }
  out->json = with_revision(stored.substr(kHead.size()), revision);
  return StoredObjectPtr(std::move(out));
}

StoredObjectPtr at_revision(const StoredObject& object, Revision revision) {
  auto out = std::make_shared<StoredObject>(object);
  const std::size_t rest = object.json->find(',', kHead.size()) + 1;
  out->revision = revision;
  out->json = with_revision(std::string_view(*object.json).substr(rest), revision);
  return out;
}

std::string storage_key(std::string_view storage_prefix,
                        std::string_view ns,
                        std::string_view name) {
  std::string key(storage_prefix);
  return key.append("/").append(ns).append("/").append(name);
}

}  // namespace skerry::standalone

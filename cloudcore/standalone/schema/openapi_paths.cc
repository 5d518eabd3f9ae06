#include "cloudcore/standalone/schema/openapi_paths.h"

#include <algorithm>
#include <span>
#include <string_view>

namespace skerry::standalone {

namespace {

using nlohmann::json;
using Strings = std::vector<std::string>;

constexpr std::string_view kMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

constexpr std::string_view kListParameters[] = {
    "allowWatchBookmarks", "continue",         "fieldSelector",        "labelSelector",
    "limit",               "resourceVersion",  "resourceVersionMatch", "sendInitialEvents",
    "timeoutSeconds",      "watch"};
constexpr std::string_view kWriteParameters[] = {"dryRun", "fieldManager", "fieldValidation"};
constexpr std::string_view kPatchParameters[] = {"dryRun",
                                                 "fieldManager",
                                                 "fieldValidation",
                                                 "force"};
constexpr std::string_view kDeleteParameters[] = {"dryRun",
                                                  "gracePeriodSeconds",
                                                  "orphanDependents",
                                                  "propagationPolicy"};
constexpr std::string_view kDeleteCollectionParameters[] = {
    "continue",        "dryRun",               "fieldSelector",     "gracePeriodSeconds",
    "labelSelector",   "limit",                "orphanDependents",  "propagationPolicy",
    "resourceVersion", "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds"};

Strings strings(std::span<const std::string_view> words) { return {words.begin(), words.end()}; }

std::string capital(std::string_view word) {
  std::string out(word);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z')
    out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out;
}

/// "RbacAuthorization" of "rbac.authorization.k8s.io"; "Core" of the legacy group.
std::string group_word(std::string_view group) {
  if (group.empty()) return "Core";
  if (group.ends_with(".k8s.io")) group.remove_suffix(std::string_view(".k8s.io").size());
  std::string out;
  while (!group.empty()) {
    const auto end = std::min(group.find_first_of(".-"), group.size());
    out += capital(group.substr(0, end));
    group.remove_prefix(std::min(group.size(), end + 1));
  }
  return out;
}

std::string tag_of(const GroupVersion& gv) {
  std::string word = group_word(gv.group);
  word[0] = static_cast<char>(word[0] - 'A' + 'a');
  return word + "_" + gv.version;
}

std::string root_of(const GroupVersion& gv) {
  return gv.group.empty() ? "/api/" + gv.version : "/apis/" + gv.group + "/" + gv.version;
}

std::string type_named(const GroupVersion& gv, const std::string& kind) {
  const KindRow* row = built_in_kinds()->find(gv, kind);
  if (row != nullptr) return row->type->name;
  std::string_view package = gv.group.empty() ? "core" : std::string_view(gv.group);
  package = package.substr(0, package.find('.'));
  return std::string("io.k8s.api.").append(package).append(".") + gv.version + "." + kind;
}

bool has(const Strings& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

class Paths {
 public:
  explicit Paths(const KindRow& row)
      : row_(row),
        type_(component_name(row)),
        word_(group_word(row.gv.group) + capital(row.gv.version)) {}

  std::vector<PathItem> all() {
    collection();
    if (row_.namespaced && has(row_.verbs, "list")) everywhere();
    item();
    for (const std::string& name : row_.subresources) subresource(name);
    std::erase_if(out_, [](const PathItem& each) { return each.operations.empty(); });
    if (row_.custom)
      for (PathItem& item : out_)
        for (Operation& each : item.operations) as_custom(each);
    for (PathItem& item : out_) {  // what all operations share stands at the path
      if (item.operations.size() != 1) continue;
      Strings& own = item.operations.front().parameters;
      item.parameters.insert(item.parameters.end(), own.begin(), own.end());
      own.clear();
    }
    return std::move(out_);
  }

 private:
  std::string scope() const { return row_.namespaced ? "Namespaced" : ""; }

  std::string collection_path() const {
    return root_of(row_.gv) + (row_.namespaced ? "/namespaces/{namespace}/" : "/") + row_.plural;
  }

  PathItem& add(std::string path, bool of_item) {
    PathItem& item = out_.emplace_back();
    item.path = std::move(path);
    item.tag = tag_of(row_.gv);
    if (of_item) item.path_parameters.emplace_back("name");
    if (row_.namespaced) item.path_parameters.emplace_back("namespace");
    item.parameters = {"pretty"};
    return item;
  }

  Operation operation(std::string method,
                      const std::string& verb,
                      const std::string& object) const {
    Operation out;
    out.method = std::move(method);
    out.id = verb + word_ + object;
    out.action = out.method;
    out.gv = row_.gv;
    out.kind = row_.kind;
    out.answer = type_;
    return out;
  }

  Operation listing(const std::string& object) const {
    Operation list = operation("get", "list", object);
    list.action = "list";
    list.answer = type_ + "List";
    return list;
  }

  void collection() {
    PathItem& item = add(collection_path(), false);
    const std::string object = scope() + row_.kind;
    if (has(row_.verbs, "list")) {
      Operation list = listing(object);
      list.parameters = strings(kListParameters);
      item.operations.push_back(std::move(list));
    }
    if (has(row_.verbs, "create"))
      item.operations.push_back(write(operation("post", "create", object), {200, 201, 202}));
    if (has(row_.verbs, "deletecollection")) {
      Operation all = deletion(operation("delete", "delete", "Collection" + object), {200});
      all.action = "deletecollection";
      all.parameters = strings(kDeleteCollectionParameters);
      all.answer = std::string(kMeta) + "Status";
      item.operations.push_back(std::move(all));
    }
  }

  void everywhere() {
    PathItem& item = add(root_of(row_.gv) + "/" + row_.plural, false);
    item.path_parameters.clear();
    item.parameters = strings(kListParameters);
    item.parameters.emplace_back("pretty");
    item.operations.push_back(listing(row_.kind + "ForAllNamespaces"));
  }

  void item() {
    PathItem& item = add(collection_path() + "/{name}", true);
    const std::string object = scope() + row_.kind;
    if (has(row_.verbs, "get")) item.operations.push_back(operation("get", "read", object));
    if (has(row_.verbs, "update"))
      item.operations.push_back(write(operation("put", "replace", object), {200, 201}));
    if (has(row_.verbs, "delete")) {
      Operation one = deletion(operation("delete", "delete", object), {200, 202});
      one.answer = deletion_answer();
      item.operations.push_back(std::move(one));
    }
    if (has(row_.verbs, "patch"))
      item.operations.push_back(patch(operation("patch", "patch", object)));
  }

  void subresource(const std::string& name) {
    const Subresource sub = subresource_of(row_, name);
    const std::string object = scope() + row_.kind + capital(name);
    PathItem& item = add(collection_path() + "/{name}/" + name, true);
    if (sub.kind.ends_with("Options")) return connect(item, sub, object);
    if (name == "log") return log(item, object);
    const auto of_sub = [&](const char* method, const char* verb) {
      Operation out = operation(method, verb, object);
      out.gv = sub.gv;
      out.kind = sub.kind;
      if (sub.gv != row_.gv || sub.kind != row_.kind) out.answer = type_named(sub.gv, sub.kind);
      return out;
    };
    if (has(sub.verbs, "get")) item.operations.push_back(of_sub("get", "read"));
    if (has(sub.verbs, "create"))
      item.operations.push_back(write(of_sub("post", "create"), {200, 201, 202}));
    if (has(sub.verbs, "update"))
      item.operations.push_back(write(of_sub("put", "replace"), {200, 201}));
    if (has(sub.verbs, "patch")) item.operations.push_back(patch(of_sub("patch", "patch")));
  }

  /// Where Kubernetes shows the operations of custom kinds in another way than those of its own.
  void as_custom(Operation& operation) const {
    operation.gv = row_.gv;  // also of scale
    operation.kind = row_.kind;
    if (operation.action == "get") operation.parameters = {"resourceVersion"};
    if (operation.action == "deletecollection") {
      operation.parameters = strings(kListParameters);
      operation.body.clear();
    }
    if (operation.action != "patch")
      operation.body_formats = {"application/json", "application/yaml"};
  }

  void log(PathItem& item, const std::string& object) const {
    Operation read = operation("get", "read", object);
    read.answer.clear();
    add_options(item, "PodLogOptions");
    item.operations.push_back(std::move(read));
  }

  /// Streams: the options are in the query, and any method may open one.
  void connect(PathItem& item, const Subresource& sub, const std::string& object) const {
    static const std::vector<std::pair<const char*, const char*>> kMethods = {
        {"create", "post"}, {"delete", "delete"}, {"get", "get"},
        {"patch", "patch"}, {"update", "put"}};
    for (const auto& [verb, method] : kMethods) {
      if (!has(sub.verbs, verb)) continue;
      Operation out = operation(method, "connect", object);
      out.id = "connect" + word_ + capital(method) + object;
      out.action = "connect";
      out.kind = sub.kind;
      out.answer.clear();
      item.operations.push_back(std::move(out));
    }
    item.parameters.clear();
    add_options(item, sub.kind);
  }

  static void add_options(PathItem& item, const std::string& kind) {
    const TypeSchema* options = built_in_kinds()->type("io.k8s.api.core.v1." + kind);
    if (options == nullptr) return;
    for (const FieldSchema& field : options->fields) item.parameters.push_back(field.name);
  }

  static Operation write(Operation out, std::vector<int> codes) {
    out.parameters = strings(kWriteParameters);
    out.body = out.answer;
    out.codes = std::move(codes);
    return out;
  }

  Operation patch(Operation out) const {
    out.parameters = strings(kPatchParameters);
    out.body = std::string(kMeta) + "Patch";
    out.body_formats = {"application/apply-patch+yaml", "application/json-patch+json",
                        "application/merge-patch+json"};
    if (!row_.custom) out.body_formats.emplace_back("application/strategic-merge-patch+json");
    out.codes = row_.custom ? std::vector<int>{200} : std::vector<int>{200, 201};
    return out;
  }

  static Operation deletion(Operation out, std::vector<int> codes) {
    out.parameters = strings(kDeleteParameters);
    out.body = std::string(kMeta) + "DeleteOptions";
    out.body_required = false;
    out.codes = std::move(codes);
    return out;
  }

  /// These few give back what they delete.
  std::string deletion_answer() const {
    static const Strings kObjects = {"Pod", "PersistentVolume", "PersistentVolumeClaim",
                                     "Service", "ServiceAccount", "PodTemplate"};
    const bool storage =
        row_.gv.group == "storage.k8s.io" && row_.kind != "CSIStorageCapacity";
    const bool core = row_.gv.group.empty() && has(kObjects, row_.kind);
    return storage || core ? type_ : std::string(kMeta) + "Status";
  }

  const KindRow& row_;
  const std::string type_;
  const std::string word_;  // "AppsV1"
  std::vector<PathItem> out_;
};

json parameter(const std::string& name, const char* in, OpenApi version) {
  static const Strings kBooleans = {"allowWatchBookmarks", "follow", "force",
                                    "insecureSkipTLSVerifyBackend", "orphanDependents", "previous",
                                    "sendInitialEvents", "stderr", "stdin", "stdout", "timestamps",
                                    "tty", "watch"};
  static const Strings kIntegers = {"gracePeriodSeconds", "limit", "limitBytes", "ports",
                                    "sinceSeconds", "tailLines", "timeoutSeconds"};
  const char* type = has(kBooleans, name) ? "boolean" : has(kIntegers, name) ? "integer" : "string";
  json out = {{"name", name}, {"in", in}};
  if (*in == 'p') out["required"] = true;
  json schema = {{"type", type}, {"uniqueItems", true}};
  if (version == OpenApi::kV2)
    out.update(schema);
  else
    out["schema"] = std::move(schema);
  return out;
}

json answer_schema(const Operation& operation, OpenApi version) {
  if (operation.answer.empty()) return {{"type", "string"}};
  return schema_reference(operation.answer, version);
}

/// What the server writes: JSON; a log and a stream are whatever the container wrote.
Strings answer_formats(const Operation& operation) {
  if (operation.answer.empty()) return {operation.action == "connect" ? "*/*" : "text/plain"};
  if (operation.action == "list") return {"application/json", "application/json;stream=watch"};
  return {"application/json"};
}

const char* code_text(int code) {
  return code == 200 ? "OK" : code == 201 ? "Created" : code == 202 ? "Accepted" : "Unauthorized";
}

void put_body(json& out, const Operation& operation, OpenApi version) {
  json schema = schema_reference(operation.body, version);
  if (version == OpenApi::kV2) {
    out["consumes"] = operation.body_formats;
    json body = {{"name", "body"}, {"in", "body"}};
    if (operation.body_required) body["required"] = true;
    body["schema"] = std::move(schema);
    out["parameters"].push_back(std::move(body));
    return;
  }
  json content = json::object();
  for (const std::string& format : operation.body_formats) content[format]["schema"] = schema;
  out["requestBody"]["content"] = std::move(content);
  if (operation.body_required) out["requestBody"]["required"] = true;
}

json operation_object(const Operation& operation, const std::string& tag, OpenApi version) {
  json out = {{"tags", json::array({tag})}, {"operationId", operation.id}};
  if (!operation.body.empty())
    put_body(out, operation, version);
  else if (version == OpenApi::kV2)
    out["consumes"] = json::array({"*/*"});
  const Strings formats = answer_formats(operation);
  if (version == OpenApi::kV2) {
    out["produces"] = formats;
    out["schemes"] = json::array({"https"});
  }
  for (const std::string& name : operation.parameters)
    out["parameters"].push_back(parameter(name, "query", version));
  out["responses"]["401"] = {{"description", code_text(401)}};
  for (const int code : operation.codes) {
    json& answer = out["responses"][std::to_string(code)];
    answer["description"] = code_text(code);
    if (version == OpenApi::kV2) answer["schema"] = answer_schema(operation, version);
    if (version == OpenApi::kV3)
      for (const std::string& format : formats)
        answer["content"][format]["schema"] = answer_schema(operation, version);
  }
  if (!operation.action.empty()) {
    out["x-kubernetes-action"] = operation.action;
    out["x-kubernetes-group-version-kind"] = {{"group", operation.gv.group},
                                              {"version", operation.gv.version},
                                              {"kind", operation.kind}};
  }
  return out;
}

}  // namespace

std::string component_name(const KindRow& row) {
  if (!row.custom) return row.type->name;
  std::string name, group = row.gv.group;
  while (!group.empty()) {
    const auto dot = group.rfind('.');
    name += group.substr(dot == group.npos ? 0 : dot + 1) + ".";
    group.resize(dot == group.npos ? 0 : dot);
  }
  return name + row.gv.version + "." + row.kind;
}

std::vector<PathItem> paths_of(const KindRow& row) { return Paths(row).all(); }

PathItem discovery_path(const GroupVersion& gv) {
  PathItem item;
  item.path = root_of(gv) + "/";
  item.tag = tag_of(gv);
  Operation get;
  get.method = "get";
  get.id = "get" + group_word(gv.group) + capital(gv.version) + "APIResources";
  get.answer = std::string(kMeta) + "APIResourceList";
  item.operations.push_back(std::move(get));
  return item;
}

json path_object(const PathItem& item, OpenApi version) {
  json out = json::object();
  for (const std::string& name : item.path_parameters)
    out["parameters"].push_back(parameter(name, "path", version));
  for (const std::string& name : item.parameters)
    out["parameters"].push_back(parameter(name, "query", version));
  for (const Operation& operation : item.operations)
    out[operation.method] = operation_object(operation, item.tag, version);
  return out;
}

}  // namespace skerry::standalone

#include "edgecore/edged/env.h"

#include <algorithm>
#include <optional>

#include "common/base/quote.h"
#include "edgecore/edged/resource_amounts.h"

namespace skerry::edged {
namespace {

using Vars = std::map<std::string, std::string>;

/// The variables in the order of their first declaration.
class EnvBuilder {
 public:
  void set(const std::string& name, std::string value) {
    if (!vars_.contains(name)) order_.push_back(name);
    vars_[name] = std::move(value);
  }
  const Vars& vars() const { return vars_; }
  EnvList list() const {
    EnvList list;
    list.reserve(order_.size());
    for (const std::string& name : order_) list.push_back({name, vars_.at(name)});
    return list;
  }

 private:
  Vars vars_;
  std::vector<std::string> order_;
};

struct Reference {
  std::string text;  // what follows the '$', to be put as it is unless is_name
  bool is_name = false;
  std::size_t read = 0;
};

/// `rest` follows a '$'. Source: tryReadVariableName.
Reference read_reference(std::string_view rest) {
  if (rest.front() == '$') return {"$", false, 1};
  if (rest.front() != '(') return {"$" + std::string(1, rest.front()), false, 1};
  const std::size_t close = rest.find(')');
  if (close == std::string_view::npos) return {"$(", false, 1};
  return {std::string(rest.substr(1, close - 1)), true, close + 1};
}

Result<ObjectDataPtr> required_object(const EnvInputs& inputs,
                                      k8s::Kind kind,
                                      const std::string& name,
                                      bool optional) {
  ObjectDataPtr object = inputs.objects(kind, name);
  if (object || optional) return object;
  const std::string plural = kind == k8s::Kind::kSecret ? "secret" : "configmap";
  return fail(Code::kNotFound, plural + " \"" + name + "\" not found");
}

Result<void> add_env_from(const EnvInputs& inputs, const EnvFrom& source, EnvBuilder& env) {
  const bool secret = source.source == EnvFrom::Source::kSecret;
  Result<ObjectDataPtr> object = required_object(
      inputs, secret ? k8s::Kind::kSecret : k8s::Kind::kConfigMap, source.name, source.optional);
  if (!object) return fail(object.error());
  if (!*object) return {};
  for (const auto& [key, value] : (*object)->data) env.set(source.prefix + key, value);
  return {};
}

/// Nothing: an optional source that is not there, so the variable is not set.
Result<std::optional<std::string>> key_value(const EnvInputs& inputs,
                                             k8s::Kind kind,
                                             const ConfigMapKeyRef& ref) {
  Result<ObjectDataPtr> object = required_object(inputs, kind, ref.name, ref.optional);
  if (!object) return fail(object.error());
  if (!*object) return std::nullopt;
  const auto found = (*object)->data.find(ref.key);
  if (found != (*object)->data.end()) return found->second;
  if (ref.optional) return std::nullopt;
  const std::string word = kind == k8s::Kind::kSecret ? "Secret " : "ConfigMap ";
  return fail(Code::kNotFound,
              "couldn't find key " + ref.key + " in " + word + inputs.pod.ns + "/" + ref.name);
}

/// Turns one source of a variable into its value.
struct ValueOf {
  const EnvInputs& inputs;
  const EnvVar& var;
  const Vars& vars;
  using Value = Result<std::optional<std::string>>;

  Value operator()(std::monostate) const { return expand_references(var.value, vars); }
  Value operator()(const FieldRef& ref) const {
    Result<std::string> value = field_value(ref.path, inputs.pod, inputs.facts);
    if (!value) return fail(value.error());
    return std::move(*value);
  }
  Value operator()(const ResourceFieldRef& ref) const {
    Result<std::string> value = resource_value(ref, inputs.pod, &inputs.container, inputs.facts);
    if (!value) return fail(value.error());
    return std::move(*value);
  }
  Value operator()(const ConfigMapKeyRef& ref) const {
    return key_value(inputs, k8s::Kind::kConfigMap, ref);
  }
  Value operator()(const SecretKeyRef& ref) const {
    return key_value(inputs, k8s::Kind::kSecret, {ref.name, ref.key, ref.optional});
  }
};

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

/// fieldpath.FormatMap: key="value" lines, sorted by key.
std::string formatted(const StringMap& map) {
  std::string text;
  for (const auto& [key, value] : map) {
    text += (text.empty() ? "" : "\n") + key + "=" + quote(value);
  }
  return text;
}

/// The x of metadata.labels['x']; nothing when the path is not of this form.
std::optional<std::string> subscript_of(std::string_view path, std::string_view field) {
  const std::string open = std::string(field) + "['";
  if (!path.starts_with(open) || !path.ends_with("']")) return std::nullopt;
  if (path.size() < open.size() + 2) return std::nullopt;
  return std::string(path.substr(open.size(), path.size() - open.size() - 2));
}

std::string entry_of(const StringMap& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? "" : found->second;
}

/// One row per resource that a resourceFieldRef may name.
struct ResourceRow {
  std::string_view name;
  bool in_milli;
  std::int64_t PodFacts::* allocatable;
};
constexpr ResourceRow kResources[] = {
    {"cpu", true, &PodFacts::allocatable_cpu_milli},
    {"memory", false, &PodFacts::allocatable_memory_bytes},
    {"ephemeral-storage", false, &PodFacts::allocatable_storage_bytes},
};

std::int64_t divided_up(std::int64_t amount, std::int64_t divisor) {
  return amount / divisor + (amount % divisor > 0 ? 1 : 0);
}

}  // namespace

std::string expand_references(std::string_view text, const Vars& vars) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t dollar = text.find('$', at);
    if (dollar == std::string_view::npos || dollar + 1 == text.size()) break;
    out += text.substr(at, dollar - at);
    const Reference reference = read_reference(text.substr(dollar + 1));
    if (!reference.is_name) {
      out += reference.text;
    } else if (const auto found = vars.find(reference.text); found != vars.end()) {
      out += found->second;
    } else {
      out += "$(" + reference.text + ")";
    }
    at = dollar + 1 + reference.read;
  }
  out += text.substr(at);
  return out;
}

Result<EnvList> expand_env(const EnvInputs& inputs) {
  EnvBuilder env;
  for (const EnvFrom& source : inputs.container.env_from) {
    if (Result<void> added = add_env_from(inputs, source, env); !added) return fail(added.error());
  }
  // References see the container's variables first, then the service's.
  const PodFacts& facts = inputs.facts;
  const bool with_service = !facts.kubernetes_service_host.empty();
  Vars visible = env.vars();
  if (with_service) {
    visible.emplace("KUBERNETES_SERVICE_HOST", facts.kubernetes_service_host);
    visible.emplace("KUBERNETES_SERVICE_PORT", facts.kubernetes_service_port);
  }
  for (const EnvVar& var : inputs.container.env) {
    Result<std::optional<std::string>> value = std::visit(ValueOf{inputs, var, visible}, var.from);
    if (!value) return fail(value.error());
    if (!*value) continue;
    visible[var.name] = **value;
    env.set(var.name, std::move(**value));
  }
  if (with_service) {
    const auto add_missing = [&env](const std::string& name, const std::string& value) {
      if (!env.vars().contains(name)) env.set(name, value);
    };
    add_missing("KUBERNETES_SERVICE_HOST", facts.kubernetes_service_host);
    add_missing("KUBERNETES_SERVICE_PORT", facts.kubernetes_service_port);
  }
  return env.list();
}

CommandLine expand_command(const ContainerSpec& container, const EnvList& env) {
  Vars vars;
  for (const EnvEntry& entry : env) vars[entry.name] = entry.value;
  CommandLine line;
  for (const std::string& word : container.command) {
    line.command.push_back(expand_references(word, vars));
  }
  for (const std::string& word : container.args) line.args.push_back(expand_references(word, vars));
  return line;
}

std::vector<std::string> expand_static(const std::vector<std::string>& command,
                                       const std::vector<EnvVar>& env) {
  Vars vars;
  for (const EnvVar& var : env) vars[var.name] = var.value;
  std::vector<std::string> words;
  for (const std::string& word : command) words.push_back(expand_references(word, vars));
  return words;
}

Result<std::string> expand_sub_path(std::string_view expression, const EnvList& env) {
  Vars vars;
  for (const EnvEntry& entry : env) vars[entry.name] = entry.value;
  // A name that is not known would stay as $(NAME) and become a directory of that name.
  for (std::size_t at = 0; at + 1 < expression.size();) {
    if (expression[at] != '$') {
      ++at;
      continue;
    }
    const Reference reference = read_reference(expression.substr(at + 1));
    const auto found = vars.find(reference.text);
    if (reference.is_name && (found == vars.end() || found->second.empty())) {
      return fail(Code::kNotFound, "missing value for \"" + reference.text + "\"");
    }
    at += 1 + reference.read;
  }
  return expand_references(expression, vars);
}

Result<std::string> field_value(const std::string& path,
                                const PodSpec& pod,
                                const PodFacts& facts) {
  if (path == "metadata.name") return pod.name;
  if (path == "metadata.namespace") return pod.ns;
  if (path == "metadata.uid") return pod.uid.str();
  if (path == "metadata.labels") return formatted(pod.labels);
  if (path == "metadata.annotations") return formatted(pod.annotations);
  if (const auto key = subscript_of(path, "metadata.labels")) return entry_of(pod.labels, *key);
  if (const auto key = subscript_of(path, "metadata.annotations")) {
    return entry_of(pod.annotations, *key);
  }
  if (path == "spec.nodeName") return pod.node_name;
  if (path == "spec.serviceAccountName") return pod.service_account;
  if (path == "status.hostIP") return facts.host_ips.empty() ? "" : facts.host_ips.front();
  if (path == "status.hostIPs") return joined(facts.host_ips);
  if (path == "status.podIP") return facts.pod_ips.empty() ? "" : facts.pod_ips.front();
  if (path == "status.podIPs") return joined(facts.pod_ips);
  return fail(Code::kMalformed, "unsupported fieldPath: " + path);
}

Result<std::string> resource_value(const ResourceFieldRef& ref,
                                   const PodSpec& pod,
                                   const ContainerSpec* self,
                                   const PodFacts& facts) {
  const ContainerSpec* container = ref.container.empty() ? self : pod.container(ref.container);
  if (container == nullptr) {
    return fail(Code::kNotFound, "container " + ref.container + " not found");
  }
  const bool limits = ref.resource.starts_with("limits.");
  const bool requests = ref.resource.starts_with("requests.");
  const std::size_t dot = ref.resource.find('.');
  const std::string name = dot == std::string::npos ? "" : ref.resource.substr(dot + 1);
  for (const ResourceRow& row : kResources) {
    if (row.name != name || (!limits && !requests)) continue;
    const StringMap& amounts = limits ? container->resources.limits : container->resources.requests;
    std::int64_t amount = row.in_milli ? milli_of(amounts, name) : value_of(amounts, name);
    if (limits && amount == 0) amount = facts.*row.allocatable;
    Result<std::int64_t> divisor = row.in_milli
                                       ? quantity_milli(ref.divisor.empty() ? "1" : ref.divisor)
                                       : quantity_value(ref.divisor.empty() ? "1" : ref.divisor);
    if (!divisor) return fail(divisor.error());
    if (*divisor == 0) divisor = row.in_milli ? 1000 : 1;
    return std::to_string(divided_up(amount, *divisor));
  }
  return fail(Code::kMalformed, "unsupported container resource : " + ref.resource);
}

}  // namespace skerry::edged

#include "cloudcore/standalone/patch/json_patch.h"

#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "cloudcore/standalone/patch/go_format.h"
#include "common/k8s/json_fields.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kDecoding = "error decoding patch: json: cannot unmarshal ";

tl::unexpected<Error> misfit(std::string what) { return fail(Code::kConflict, std::move(what)); }

/// As Go's decoder names a JSON value.
std::string json_kind(const json& value) {
  if (value.is_boolean()) return "bool";
  return value.is_number() ? "number" : value.type_name();
}

std::string unescaped(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size();
    if (escape && (token[i + 1] == '0' || token[i + 1] == '1')) {
      out += token[++i] == '0' ? '~' : '/';
    } else {
      out += token[i];
    }
  }
  return out;
}

/// The steps of a pointer; nothing: it does not begin with "/".
std::optional<std::vector<std::string>> steps_of(std::string_view pointer) {
  if (!pointer.starts_with('/')) return std::nullopt;
  std::vector<std::string> out;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::size_t slash = std::min(pointer.find('/'), pointer.size());
    out.push_back(unescaped(pointer.substr(0, slash)));
    pointer.remove_prefix(slash);
  }
  return out;
}

std::optional<long> index_of(const std::string& step) {
  long out = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), out);
  if (error != std::errc() || end != step.data() + step.size()) return std::nullopt;
  return out;
}

/// A place in a list of `size`, from the end when it is negative.
std::optional<std::size_t> place_in(const std::string& step, std::size_t size) {
  auto index = index_of(step);
  if (!index) return std::nullopt;
  if (*index < 0) *index += static_cast<long>(size);
  if (*index < 0 || *index >= static_cast<long>(size)) return std::nullopt;
  return static_cast<std::size_t>(*index);
}

/// One path in one document: the structure that has the last step, and that step.
struct Target {
  json* parent = nullptr;
  std::string last;

  json* find() const {
    if (parent->is_object()) {
      const auto found = parent->find(last);
      return found == parent->end() ? nullptr : &*found;
    }
    const auto place = place_in(last, parent->size());
    return place ? &(*parent)[*place] : nullptr;
  }
};

Result<Target> target_of(json& document, const std::string& pointer) {
  auto steps = steps_of(pointer);
  if (!steps) return misfit("missing container: " + pointer);
  Target out{&document, steps->back()};
  for (std::size_t i = 0; i + 1 < steps->size(); ++i) {
    out.last = (*steps)[i];
    json* next = out.parent->is_structured() ? out.find() : nullptr;
    if (next == nullptr) return misfit("missing container: " + pointer);
    out.parent = next;
  }
  if (!out.parent->is_structured()) return misfit("missing container: " + pointer);
  out.last = steps->back();
  return out;
}

Result<void> add_at(const Target& target, json value) {
  json& parent = *target.parent;
  if (parent.is_object()) {
    parent[target.last] = std::move(value);
    return {};
  }
  if (target.last == "-") {
    parent.push_back(std::move(value));
    return {};
  }
  auto index = index_of(target.last);
  const long size = static_cast<long>(parent.size());
  if (index && *index < 0) *index += size + 1;
  if (!index || *index < 0 || *index > size) return misfit("invalid index: " + target.last);
  parent.insert(parent.begin() + *index, std::move(value));
  return {};
}

Result<void> remove_at(const Target& target) {
  json* const there = target.find();
  if (there == nullptr) return misfit("nothing to remove at " + target.last);
  if (target.parent->is_object()) {
    target.parent->erase(target.last);
  } else {
    target.parent->erase(static_cast<std::size_t>(there - &(*target.parent)[0]));
  }
  return {};
}

/// What copy and move read; a member that is not there is null.
Result<json> value_at(const Target& target) {
  const json* const there = target.find();
  if (there != nullptr) return *there;
  if (target.parent->is_object()) return json(nullptr);
  return misfit("invalid index: " + target.last);
}

class Operations {
 public:
  explicit Operations(json document) : document_(std::move(document)) {}

  Result<void> run(const json& operation) {
    const json& path = fields::at(operation, "path");
    if (!path.is_string()) return misfit("an operation has no path");
    const std::string op = fields::text(operation, "op");
    const std::string pointer = path.get<std::string>();
    const json& value = fields::at(operation, "value");
    if (pointer.empty() && op == "replace") {
      document_ = value;
      return {};
    }
    if (pointer.empty() && op == "test") {
      if (document_ == value) return {};
      return misfit("testing path failed");
    }
    auto target = target_of(document_, pointer);
    if (!target) return fail(target.error());
    if (op == "add") return add_at(*target, value);
    if (op == "remove") return remove_at(*target);
    if (op == "replace") return replace(*target, value);
    if (op == "test") return test(*target, value);
    if (op == "copy" || op == "move") return transfer(operation, pointer, op == "move");
    return misfit("unexpected kind: " + op);
  }

  json take() { return std::move(document_); }

 private:
  static Result<void> replace(const Target& target, const json& value) {
    json* const there = target.find();
    if (there != nullptr) {
      *there = value;
      return {};
    }
    if (target.parent->is_object()) return add_at(target, value);
    return misfit("missing key: " + target.last);
  }

  static Result<void> test(const Target& target, const json& value) {
    const json* const there = target.find();
    if (there == nullptr && target.parent->is_array()) return misfit("invalid index");
    const bool passes = there == nullptr ? value.is_null() : *there == value;
    if (!passes) return misfit("testing value failed");
    return {};
  }

  Result<void> transfer(const json& operation, const std::string& pointer, bool moves) {
    auto source = target_of(document_, fields::text(operation, "from"));
    if (!source) return fail(source.error());
    auto value = value_at(*source);
    if (!value) return fail(value.error());
    if (moves) {
      if (auto removed = remove_at(*source); !removed) return removed;
    } else {
      copied_ += value->dump(-1, ' ', false, json::error_handler_t::replace).size();
      if (copied_ > kJsonPatchCopiedBytesMax) return misfit("the copies are too large");
    }
    auto target = target_of(document_, pointer);  // again: the document has changed
    if (!target) return fail(target.error());
    return add_at(*target, std::move(*value));
  }

  json document_;
  std::size_t copied_ = 0;
};

}  // namespace

Result<json> json_patch(json document, const json& patch) {
  if (patch.is_null()) return document;
  if (!patch.is_array()) {
    return fail(Code::kMalformed,
                kDecoding + json_kind(patch) + " into Go value of type []handlers.jsonPatchOp");
  }
  for (const json& each : patch) {
    if (each.is_object()) continue;
    return fail(Code::kMalformed,
                kDecoding + json_kind(each) + " into Go value of type handlers.jsonPatchOp");
  }
  if (patch.size() > kJsonPatchOperationsMax) {
    return fail(Code::kTooLarge, "The allowed maximum operations in a JSON patch is " +
                                     std::to_string(kJsonPatchOperationsMax) + ", got " +
                                     std::to_string(patch.size()));
  }
  Operations operations(std::move(document));
  for (const json& each : patch) {
    if (auto done = operations.run(each); !done) return fail(done.error());
  }
  return operations.take();
}

Result<json> merge_patch(json document, const json& patch) {
  if (patch.is_null()) return fail(Code::kMalformed, "Invalid JSON Patch");
  if (!patch.is_object()) {
    return fail(Code::kMalformed,
                kDecoding + json_kind(patch) + " into Go value of type map[string]interface {}");
  }
  document.merge_patch(patch);
  return document;
}

}  // namespace skerry::standalone

#include "common/config/yaml_document.h"

#include <yaml-cpp/yaml.h>

#include <set>

#include "common/base/units.h"

namespace skerry::config {
namespace {

std::string at_line(const YAML::Mark& mark) {
  return mark.is_null() ? std::string() : "line " + std::to_string(mark.line + 1) + ": ";
}

/// Copies yaml-cpp's tree into ours; every limit is checked on the way.
class Reader {
 public:
  Result<YamlNode> read(const YAML::Node& node, std::size_t depth) {
    if (depth > kJsonDepthMax) {
      return fail(Code::kTooLarge, at_line(node.Mark()) + "nested too deeply");
    }
    if (++nodes_ > kYamlNodesMax) return fail(Code::kTooLarge, "too many values in one file");
    YamlNode out;
    out.line = node.Mark().is_null() ? 0 : node.Mark().line + 1;
    if (node.IsScalar()) return read_scalar(node, std::move(out));
    if (node.IsSequence()) return read_list(node, std::move(out), depth);
    if (node.IsMap()) return read_map(node, std::move(out), depth);
    return out;
  }

 private:
  static Result<YamlNode> read_scalar(const YAML::Node& node, YamlNode out) {
    out.type = YamlNode::Type::kScalar;
    out.scalar = node.Scalar();
    out.quoted = node.Tag() == "!";
    return out;
  }

  Result<YamlNode> read_list(const YAML::Node& node, YamlNode out, std::size_t depth) {
    out.type = YamlNode::Type::kList;
    for (const YAML::Node& item : node) {
      Result<YamlNode> child = read(item, depth + 1);
      if (!child) return child;
      out.items.push_back(std::move(*child));
    }
    return out;
  }

  Result<YamlNode> read_map(const YAML::Node& node, YamlNode out, std::size_t depth) {
    out.type = YamlNode::Type::kMap;
    std::set<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        return fail(Code::kMalformed, at_line(entry.first.Mark()) + "a key must be a plain word");
      }
      std::string key = entry.first.Scalar();
      if (!seen.insert(key).second) {
        return fail(Code::kMalformed, at_line(entry.first.Mark()) + "key \"" + key +
                                          "\" is there twice; keep one of them");
      }
      Result<YamlNode> child = read(entry.second, depth + 1);
      if (!child) return child;
      if (child->line == 0) child->line = entry.first.Mark().line + 1;
      out.entries.push_back({std::move(key), std::move(*child)});
    }
    return out;
  }

  std::size_t nodes_ = 0;
};

}  // namespace

Result<YamlNode> parse_yaml(std::string_view text) {
  if (text.size() > kYamlBytesMax) return fail(Code::kTooLarge, "more than 1 MiB of YAML");
  try {
    return Reader().read(YAML::Load(std::string(text)), 0);
  } catch (const YAML::Exception& thrown) {
    return fail(Code::kMalformed, at_line(thrown.mark) + "not valid YAML: " + thrown.msg);
  }
}

}  // namespace skerry::config

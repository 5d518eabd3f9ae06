#include "common/config/label_list.h"

#include "common/config/edge_config.h"

namespace skerry::config {
namespace {

constexpr std::size_t kNameMax = 63;

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Letters, digits, '-', '_', '.', beginning and ending with a letter or digit.
bool is_name(std::string_view text) {
  if (text.empty() || text.size() > kNameMax) return false;
  for (const char c : text) {
    if (!is_alnum(c) && c != '-' && c != '_' && c != '.') return false;
  }
  return is_alnum(text.front()) && is_alnum(text.back());
}

bool is_key(std::string_view key) {
  const std::size_t slash = key.find('/');
  if (slash == std::string_view::npos) return is_name(key);
  return is_node_name(key.substr(0, slash)) && is_name(key.substr(slash + 1));
}

}  // namespace

Result<std::map<std::string, std::string>> parse_label_list(std::string_view text) {
  std::map<std::string, std::string> labels;
  while (!text.empty()) {
    const std::string_view label = text.substr(0, text.find(','));
    text.remove_prefix(std::min(label.size() + 1, text.size()));
    const std::string_view key = label.substr(0, label.find('='));
    const std::string_view value =
        key.size() < label.size() ? label.substr(key.size() + 1) : std::string_view();
    if (!is_key(key) || (!value.empty() && !is_name(value))) {
      return fail(Code::kMalformed,
                  "label \"" + std::string(label) +
                      "\": a label is key=value, of letters, digits, '-', '_', '.', at most 63 "
                      "each; the key may have a domain before a '/'");
    }
    if (!labels.emplace(key, value).second) {
      return fail(Code::kMalformed, "label \"" + std::string(key) + "\" is there twice");
    }
  }
  return labels;
}

}  // namespace skerry::config

// The only file of this module that sees yaml-cpp, and its exceptions.
#include "cloudcore/standalone/decoding/yaml_text.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <deque>
#include <map>
#include <optional>
#include <sstream>

#include "cloudcore/standalone/decoding/yaml_scalar.h"
#include "common/base/base64.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

constexpr std::string_view kTags = "tag:yaml.org,2002:";
/// A text counts as one value for each of these bytes: aliases multiply texts, too.
constexpr std::size_t kBytesOfAValue = 32;

struct Refused {  // ends the parser from within its events
  Error error;
};
[[noreturn]] void refuse(Code code, std::string what) {
  throw Refused{{code, std::move(what), {}}};
}
[[noreturn]] void refuse_at(const YAML::Mark& mark, std::string what) {
  refuse(Code::kMalformed, "yaml: line " + std::to_string(mark.line + 1) + ": " + std::move(what));
}

/// A scalar by its tag: "?" of a plain one, "!" of one in quotes, or its own.
json scalar(const std::string& tag, const std::string& text) {
  if (tag == std::string(kTags) + "binary") {
    auto bytes = decode_base64(text);
    if (!bytes) refuse(Code::kMalformed, "yaml: !!binary value contains invalid base64 data");
    return json(std::move(*bytes));
  }
  const bool is_text = tag != "?" && (!tag.starts_with(kTags) || tag.ends_with(":str"));
  if (is_text) return json(text);
  auto value = plain_scalar(text);
  if (!value) {
    const std::string sign = text.starts_with('-') ? "-" : "+";
    refuse(Code::kMalformed,
           "json: unsupported value: " +
               (text.ends_with("n") || text.ends_with("N") ? "NaN" : sign + "Inf"));
  }
  return std::move(*value);
}

/// A key as the text that JSON has for it.
std::string key_text(const json& key) {
  if (key.is_string()) return key.get<std::string>();
  if (key.is_null()) {
    refuse(Code::kMalformed, "unsupported map key of type: %!s(<nil>), key: <nil>");
  }
  return key.dump();
}

class Builder : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(mark, anchor, nullptr);
  }
  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& text) override {
    if (wants_key() && tag == "?" && text == "<<") {
      open_.back().merges_next = true;
      open_.back().key = text;
      return;
    }
    spend(text.size() / kBytesOfAValue);
    add(mark, anchor, scalar(tag, text));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto named = anchors_.find(anchor);
    if (named == anchors_.end()) refuse_at(mark, "an anchor's value contains itself");
    spend(named->second.cost);
    add(mark, YAML::NullAnchor, named->second.value);
  }
  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string&,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, json::array());
  }
  void OnMapStart(const YAML::Mark& mark,
                  const std::string&,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor, json::object());
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override {
    Frame& map = open_.back();
    for (const json& merged : map.merges) {
      const json one = json::array({merged});
      for (const json& each : merged.is_array() ? merged : one) {
        if (!each.is_object()) {
          refuse(Code::kMalformed, "yaml: map merge requires map or sequence of maps as the value");
        }
        for (const auto& [key, value] : each.items()) map.value->emplace(key, value);
      }
    }
    close();
  }

  YamlText out;

 private:
  struct Frame {  // a container that has not ended
    json* value = nullptr;
    YAML::anchor_t anchor = YAML::NullAnchor;
    std::size_t cost_before = 0;
    std::optional<std::string> key;  // of the member whose value comes next
    bool merges_next = false;        // that value's members are this map's
    std::deque<json> merges;
  };
  struct Anchored {
    json value;
    std::size_t cost = 0;
  };

  bool wants_key() const {
    return !open_.empty() && open_.back().value->is_object() && !open_.back().key;
  }

  void spend(std::size_t values) {
    cost_ += values;
    if (cost_ > kYamlValuesMax)
      refuse(Code::kTooLarge, "yaml: document contains excessive aliasing");
  }

  json* place(const YAML::Mark& mark, json value) {
    spend(1);
    if (open_.empty()) {
      out.value = std::move(value);
      return &out.value;
    }
    Frame& in = open_.back();
    if (in.value->is_array()) {
      in.value->push_back(std::move(value));
      return &in.value->back();
    }
    const std::string key = *std::exchange(in.key, std::nullopt);
    if (std::exchange(in.merges_next, false)) return &in.merges.emplace_back(std::move(value));
    const auto [at, is_new] = in.value->emplace(key, nullptr);
    if (!is_new) {
      out.duplicates.push_back("line " + std::to_string(mark.line + 1) + ": key " +
                               json(key).dump() + " already set in map");
    }
    *at = std::move(value);
    return &*at;
  }

  void add(const YAML::Mark& mark, YAML::anchor_t anchor, json value) {
    const std::size_t bytes = value.is_string() ? value.get_ref<const std::string&>().size() : 0;
    if (anchor != YAML::NullAnchor) anchors_[anchor] = {value, 1 + bytes / kBytesOfAValue};
    if (wants_key()) {
      if (value.is_structured()) refuse_at(mark, "invalid map key");
      open_.back().key = key_text(value);
      return;
    }
    place(mark, std::move(value));
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, json value) {
    if (wants_key()) refuse_at(mark, "invalid map key");
    if (open_.size() == kYamlDepthMax) refuse_at(mark, "exceeded max depth");
    Frame frame;
    frame.cost_before = cost_;
    frame.anchor = anchor;
    frame.value = place(mark, std::move(value));
    open_.push_back(std::move(frame));
  }

  void close() {
    const Frame& ended = open_.back();
    if (ended.anchor != YAML::NullAnchor) {
      spend(cost_ - ended.cost_before);  // the copy that waits for aliases
      anchors_[ended.anchor] = {*ended.value, cost_ - ended.cost_before};
    }
    open_.pop_back();
  }

  std::deque<Frame> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t cost_ = 0;
};

}  // namespace

Result<YamlText> read_yaml(std::string_view text) {
  Builder builder;
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    parser.HandleNextDocument(builder);
  } catch (const Refused& refused) {
    return fail(refused.error);
  } catch (const YAML::Exception& error) {
    return fail(Code::kMalformed,
                "yaml: line " + std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
  return std::move(builder.out);
}

}  // namespace skerry::standalone

// JSON as a flat tree that keeps numbers as they were written: what canonical bytes are made from.
// nlohmann's own tree would turn 1.0 into a double and 1e3 into 1000.0.
//
// Owner: the function that parses. Thread: any one. Limits: kMessageBytesMax of text, kJsonDepthMax
// levels; 28 bytes per value. Internal to common/k8s.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace skerry::k8s {

class JsonTree {
 public:
  using Index = std::uint32_t;
  enum class Type : std::uint8_t { kNull, kTrue, kFalse, kNumber, kString, kArray, kObject };

  /// Members are sorted by the bytes of their keys; of equal keys the last one stays, as in Go.
  /// Errors: kMalformed (not JSON, invalid UTF-8), kTooLarge (bytes, depth).
  static Result<JsonTree> parse(std::string_view json);

  Index root() const { return 0; }
  Type type(Index at) const { return nodes_[at].type; }
  bool is_object(Index at) const { return type(at) == Type::kObject; }
  bool is_array(Index at) const { return type(at) == Type::kArray; }
  /// Of a string or a number; valid until the tree changes.
  std::string_view text(Index at) const { return slice(nodes_[at].text); }
  std::string_view key(Index at) const { return slice(nodes_[at].key); }
  std::vector<Index> children(Index at) const;

  /// Nothing when `object` is no object or has no such member.
  std::optional<Index> find(Index object, std::string_view key) const;
  /// Text of a string member; empty when it is absent or something else.
  std::string_view string_at(Index object, std::string_view key) const;

  void set_text(Index at, std::string_view text);
  void set_children(Index at, std::span<const Index> children);
  void erase(Index object, std::string_view key);
  /// Adds or replaces a member, at its sorted place, and returns it.
  Index put(Index object, std::string_view key, Type type, std::string_view text = {});
  Index append(Index array, Type type);

  std::string write(Index at) const;

 private:
  friend class JsonTreeBuilder;
  static constexpr Index kNone = 0xffffffff;
  struct Slice {
    std::uint32_t at = 0;
    std::uint32_t size = 0;
  };
  struct Node {
    Slice key;
    Slice text;
    Index first = kNone;
    Index next = kNone;
    Type type = Type::kNull;
  };

  std::string_view slice(Slice s) const { return std::string_view(pool_).substr(s.at, s.size); }
  Slice store(std::string_view text);
  Index add(Type type, std::string_view key, std::string_view text);
  void write_to(Index at, std::string& out) const;

  std::vector<Node> nodes_;
  std::string pool_;
};

}  // namespace skerry::k8s

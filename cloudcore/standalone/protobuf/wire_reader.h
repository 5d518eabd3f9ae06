// The fields of one protobuf message, one after the other, as they stand in its bytes.
//
// Pure; the bytes must outlive the reader and what it gave. Errors: fails() for ever, once
// something is cut or is no field. Groups are refused: Kubernetes has none. Source:
// protobuf.dev/programming-guides/encoding. Internal to cloudcore/standalone/protobuf.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace skerry::standalone {

struct WireField {
  enum class Type : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
  std::uint32_t number = 0;
  Type type = Type::kVarint;
  std::uint64_t value = 0;  // kVarint, kFixed64, kFixed32
  std::string_view bytes;   // kBytes
};

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  /// Nothing: the end, or fails().
  std::optional<WireField> next();
  /// Of packed numbers, which have no tags.
  std::optional<std::uint64_t> varint();
  bool fails() const { return fails_; }
  bool at_end() const { return rest_.empty(); }

 private:
  std::optional<std::uint64_t> fixed(std::size_t size);

  std::string_view rest_;
  bool fails_ = false;
};

}  // namespace skerry::standalone

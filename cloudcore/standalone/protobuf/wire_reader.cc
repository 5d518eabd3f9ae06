#include "cloudcore/standalone/protobuf/wire_reader.h"

namespace skerry::standalone {
namespace {

constexpr std::size_t kVarintBytesMax = 10;
constexpr std::uint64_t kFieldNumberMax = (1u << 29) - 1;

}  // namespace

std::optional<std::uint64_t> WireReader::varint() {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < kVarintBytesMax && i < rest_.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(rest_[i]);
    if (i + 1 == kVarintBytesMax && byte > 1) break;  // more than 64 bits
    out |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) {
      rest_.remove_prefix(i + 1);
      return out;
    }
  }
  fails_ = true;
  return std::nullopt;
}

std::optional<std::uint64_t> WireReader::fixed(std::size_t size) {
  if (rest_.size() < size) {
    fails_ = true;
    return std::nullopt;
  }
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < size; ++i) {
    out |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(rest_[i])) << (8 * i);
  }
  rest_.remove_prefix(size);
  return out;
}

std::optional<WireField> WireReader::next() {
  if (fails_ || rest_.empty()) return std::nullopt;
  const auto tag = varint();
  if (!tag) return std::nullopt;
  WireField out;
  const std::uint64_t number = *tag >> 3;
  if (number == 0 || number > kFieldNumberMax) {
    fails_ = true;
    return std::nullopt;
  }
  out.number = static_cast<std::uint32_t>(number);
  out.type = static_cast<WireField::Type>(*tag & 7);
  std::optional<std::uint64_t> value;
  switch (out.type) {
    case WireField::Type::kVarint:
    case WireField::Type::kBytes:
      value = varint();
      break;
    case WireField::Type::kFixed64:
      value = fixed(8);
      break;
    case WireField::Type::kFixed32:
      value = fixed(4);
      break;
  }
  if (!value) {
    fails_ = true;
    return std::nullopt;
  }
  out.value = *value;
  if (out.type != WireField::Type::kBytes) return out;
  if (out.value > rest_.size()) {
    fails_ = true;
    return std::nullopt;
  }
  out.bytes = rest_.substr(0, out.value);
  rest_.remove_prefix(out.value);
  return out;
}

}  // namespace skerry::standalone

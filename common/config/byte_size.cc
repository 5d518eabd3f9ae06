#include "common/config/byte_size.h"

#include <charconv>

namespace skerry::config {
namespace {

struct Suffix {
  std::string_view name;
  std::uint64_t factor;
};
// Largest first: format_byte_size takes the first that divides.
constexpr Suffix kSuffixes[] = {{"Ti", 1ull << 40},
                                {"Gi", 1ull << 30},
                                {"Mi", 1ull << 20},
                                {"Ki", 1ull << 10},
                                {"T", 1'000'000'000'000},
                                {"G", 1'000'000'000},
                                {"M", 1'000'000},
                                {"k", 1'000},
                                {"", 1}};
constexpr std::uint64_t kBytesMax = 1ull << 62;

}  // namespace

std::optional<ByteSize> parse_byte_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view rest(end, text.data() + text.size() - end);
  for (const Suffix& suffix : kSuffixes) {
    if (rest != suffix.name) continue;
    if (number > kBytesMax / suffix.factor) return std::nullopt;
    return ByteSize{number * suffix.factor};
  }
  return std::nullopt;
}

std::string format_byte_size(ByteSize size) {
  if (size.bytes == 0) return "0";
  for (const Suffix& suffix : kSuffixes) {
    if (size.bytes % suffix.factor == 0) {
      return std::to_string(size.bytes / suffix.factor).append(suffix.name);
    }
  }
  return std::to_string(size.bytes);
}

}  // namespace skerry::config

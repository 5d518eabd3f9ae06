#include "common/lane/packed_id.h"

#include "common/base/hash.h"

namespace skerry::lane {
namespace {

constexpr char kPacked = 0x01;  // no id begins so: they are printable
constexpr std::size_t kUuidBytes = 16;
constexpr std::size_t kUuidText = 36;

bool is_dash(std::size_t position) {
  return position == 8 || position == 13 || position == 18 || position == 23;
}

// -1: not a lower-case hex digit.
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string printable(std::string id) {
  for (char& c : id) {
    if (c < 0x21 || c > 0x7e) c = '?';
  }
  return id;
}

bool is_uuid(const std::string& id) {
  if (id.size() != kUuidText) return false;
  for (std::size_t i = 0; i < kUuidText; ++i) {
    if (is_dash(i) ? id[i] != '-' : hex_value(id[i]) < 0) return false;
  }
  return true;
}

}  // namespace

std::string packed_id(const std::string& id) {
  if (!is_uuid(id)) return id;
  std::string out(1, kPacked);
  for (std::size_t i = 0; i < kUuidText; i += 2) {
    if (is_dash(i)) ++i;
    out += static_cast<char>(hex_value(id[i]) << 4 | hex_value(id[i + 1]));
  }
  return out;
}

std::string unpacked_id(const std::string& wire) {
  if (wire.size() != 1 + kUuidBytes || wire[0] != kPacked) return printable(wire);
  std::string out = to_hex(std::string_view(wire).substr(1));
  for (std::size_t i = 0; i < kUuidText; ++i) {
    if (is_dash(i)) out.insert(i, 1, '-');
  }
  return out;
}

}  // namespace skerry::lane

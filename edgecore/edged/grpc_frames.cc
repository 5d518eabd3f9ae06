#include "edgecore/edged/grpc_frames.h"

#include <algorithm>
#include <charconv>

#include "common/base/assert.h"

namespace skerry::edged {
namespace {

constexpr std::size_t kErrorTextBytesMax = 4 * kKiB;

std::optional<int> parse_int(std::string_view text) {
  int value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// grpc-message is percent-encoded; a broken escape stays as it is. One line for people.
std::string decode_error_text(std::string_view encoded) {
  encoded = encoded.substr(0, kErrorTextBytesMax);
  std::string text;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    char c = encoded[i];
    if (c == '%' && i + 2 < encoded.size() && hex_digit(encoded[i + 1]) >= 0 &&
        hex_digit(encoded[i + 2]) >= 0) {
      c = static_cast<char>(hex_digit(encoded[i + 1]) * 16 + hex_digit(encoded[i + 2]));
      i += 2;
    }
    text += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return text;
}

std::size_t big_endian_32(std::string_view bytes) {
  std::size_t value = 0;
  for (const char c : bytes) value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}

}  // namespace

std::string encode_grpc_message(std::string_view message) {
  SKERRY_ASSERT(message.size() <= 0xffffffffU, "a gRPC message is over its length field");
  const auto size = static_cast<std::uint32_t>(message.size());
  std::string out(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((size >> shift) & 0xff);
  return out.append(message);
}

std::string encode_grpc_timeout(Duration left) {
  constexpr std::int64_t kDigitsMax = 99'999'999;
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  if (millis <= kDigitsMax) return std::to_string(std::max<std::int64_t>(millis, 1)) + "m";
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left).count();
  return std::to_string(std::min<std::int64_t>(seconds, kDigitsMax)) + "S";
}

void GrpcReply::on_header(std::string_view name, std::string_view value) {
  if (name == ":status") http_status_ = parse_int(value).value_or(0);
  if (name == "grpc-status") grpc_status_ = parse_int(value).value_or(2);
  if (name == "grpc-message") grpc_message_ = decode_error_text(value);
}

bool GrpcReply::on_data(std::string_view bytes) {
  if (broken_) return false;
  if (!message_bytes_) {
    const std::size_t taken = std::min(kPrefixBytes - prefix_.size(), bytes.size());
    prefix_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    if (prefix_.size() < kPrefixBytes) return true;
    const std::size_t size = big_endian_32(std::string_view(prefix_).substr(1));
    if (prefix_[0] != 0)
      broken_ = Error{Code::kMalformed, "compressed reply was not asked for", {}};
    if (size > message_bytes_max_) broken_ = Error{Code::kTooLarge, "reply over the limit", {}};
    if (broken_) return false;
    message_bytes_ = size;
    message_.reserve(size);
  }
  if (bytes.size() > *message_bytes_ - message_.size()) {
    broken_ = Error{Code::kMalformed, "more bytes than the reply's length says", {}};
    return false;
  }
  message_.append(bytes);
  return true;
}

Result<std::string> GrpcReply::finish(std::string_view method) && {
  if (broken_) return fail(method, *broken_);
  if (grpc_status_ && *grpc_status_ != 0) {
    return fail(method, Error{code_of_grpc_status(*grpc_status_), grpc_message_, {}});
  }
  if (http_status_ && *http_status_ != 200) {
    return fail(method, Error{Code::kUnavailable,
                              "HTTP status " + std::to_string(*http_status_) +
                                  ": is this socket a container runtime's?",
                              {}});
  }
  if (!grpc_status_) return fail(method, Error{Code::kUnavailable, "reply without a status", {}});
  if (!message_bytes_ || message_.size() != *message_bytes_) {
    return fail(method, Error{Code::kMalformed, "reply cut short", {}});
  }
  return std::move(message_);
}

Code code_of_grpc_status(int status) {
  switch (status) {
    case 1:
      return Code::kCancelled;
    case 3:
      return Code::kMalformed;  // INVALID_ARGUMENT
    case 4:
      return Code::kTimeout;  // DEADLINE_EXCEEDED
    case 5:
      return Code::kNotFound;
    case 6:
      return Code::kAlreadyExists;
    case 7:
      return Code::kForbidden;
    case 8:
      return Code::kThrottled;  // RESOURCE_EXHAUSTED
    case 9:
      return Code::kConflict;  // FAILED_PRECONDITION
    case 10:
      return Code::kConflict;  // ABORTED
    case 12:
      return Code::kUnsupported;  // UNIMPLEMENTED
    case 14:
      return Code::kUnavailable;
    case 16:
      return Code::kUnauthorized;
    default:
      return Code::kInternal;  // UNKNOWN, OUT_OF_RANGE, INTERNAL, DATA_LOSS
  }
}

}  // namespace skerry::edged

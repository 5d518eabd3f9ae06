#include "common/base/result.h"

namespace skerry {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::kMalformed:
      return "malformed";
    case Code::kUnauthorized:
      return "unauthorized";
    case Code::kForbidden:
      return "forbidden";
    case Code::kNotFound:
      return "not_found";
    case Code::kAlreadyExists:
      return "already_exists";
    case Code::kConflict:
      return "conflict";
    case Code::kGone:
      return "gone";
    case Code::kTooLarge:
      return "too_large";
    case Code::kThrottled:
      return "throttled";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kTimeout:
      return "timeout";
    case Code::kCancelled:
      return "cancelled";
    case Code::kUnsupported:
      return "unsupported";
    case Code::kStorage:
      return "storage";
    case Code::kInternal:
      return "internal";
  }
  return "internal";
}

bool is_retryable(Code code) {
  switch (code) {
    case Code::kConflict:
    case Code::kThrottled:
    case Code::kUnavailable:
    case Code::kTimeout:
    case Code::kCancelled:
    case Code::kStorage:
    case Code::kInternal:
      return true;
    default:
      return false;
  }
}

}  // namespace skerry

#include "cloudcore/kube/token_source.h"

#include "cloudcore/kube/small_file.h"
#include "common/base/log.h"

namespace skerry::kube {

const std::string& TokenSource::current(TimePoint now) {
  if (file_.empty()) return token_;
  if (read_at_ != TimePoint::min() && now - read_at_ < kTokenFileReadInterval) return token_;
  read_at_ = now;
  Result<std::string> text = read_small_file(file_, kTokenBytesMax);
  if (text) {
    const std::size_t end = text->find_last_not_of(" \t\r\n");
    text->erase(end == std::string::npos ? 0 : end + 1);
  }
  if (text && !text->empty()) {
    token_ = std::move(*text);
    return token_;
  }
  ++failures_;
  log::warning("token file not readable, the token before stays in use",
               {{"file", file_.string()}, {"reason", text ? "empty" : text.error().what}});
  return token_;
}

}  // namespace skerry::kube

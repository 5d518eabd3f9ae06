#include "cloudcore/kube/line_splitter.h"

#include "common/base/units.h"

namespace skerry::kube {
namespace {

constexpr std::size_t kKeptCapacityMax = 64 * kKiB;  // one large object must not stay for ever

}  // namespace

Result<void> LineSplitter::feed(std::string_view bytes,
                                const std::function<bool(std::string_view)>& on_line) {
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    const std::string_view part = bytes.substr(0, newline);
    if (part.size() > line_bytes_max_ - rest_.size()) {
      return fail(Code::kTooLarge,
                  "a line of more than " + std::to_string(line_bytes_max_) + " bytes");
    }
    if (newline == std::string_view::npos) {
      rest_ += part;
      return {};
    }
    bytes.remove_prefix(newline + 1);
    std::string whole;
    std::string_view line = part;
    if (!rest_.empty()) {
      rest_ += part;
      whole.swap(rest_);
      line = whole;
    }
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!line.empty() && !on_line(line)) return {};
    if (!whole.empty() && whole.capacity() <= kKeptCapacityMax && rest_.empty()) {
      whole.clear();
      rest_.swap(whole);
    }
  }
  return {};
}

}  // namespace skerry::kube

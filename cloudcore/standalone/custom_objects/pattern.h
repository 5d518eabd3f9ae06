// The `pattern` of a schema: RE2's language, which is the one of Kubernetes, in time linear in the
// text whatever the pattern. The only file that sees RE2.
//
// Owner: whoever compiles. Immutable; any thread. Limits: kPatternBytesMax, RE2's memory budget.
// Errors: as Go's regexp words them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace skerry::standalone {

inline constexpr std::size_t kPatternBytesMax = 64 * 1024;

class Pattern {
 public:
  /// Errors: kMalformed: "error parsing regexp: missing closing ]: `[`".
  static Result<Pattern> compile(const std::string& text);
  /// Anywhere in the text, unless the pattern has anchors.
  bool matches(std::string_view text) const;

 private:
  struct Compiled;
  explicit Pattern(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace skerry::standalone

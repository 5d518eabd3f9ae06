// Programmer errors stop the process, also in release: a broken invariant must not reach the store.
#pragma once

namespace skerry {
[[noreturn]] void assertion_failed(const char* expression,
                                   const char* message,
                                   const char* file,
                                   int line);
}  // namespace skerry

#define SKERRY_ASSERT(expression, message) \
  ((expression) ? (void)0 : ::skerry::assertion_failed(#expression, message, __FILE__, __LINE__))

#include "common/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace skerry {

void assertion_failed(const char* expression, const char* message, const char* file, int line) {
  std::fprintf(stderr, "assertion failed: %s (%s) at %s:%d\n", message, expression, file, line);
  std::abort();
}

}  // namespace skerry

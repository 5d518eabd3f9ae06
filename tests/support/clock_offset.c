/* Preloaded into edgecore by tests: the wall clock is SKERRY_TEST_CLOCK_OFFSET_S seconds off.
   No other clock changes, and nobody else's. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec* out) {
  static int (*real)(clockid_t, struct timespec*);
  if (!real) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  const int result = real(clock, out);
  const char* offset = getenv("SKERRY_TEST_CLOCK_OFFSET_S");
  if (result == 0 && clock == CLOCK_REALTIME && offset) out->tv_sec += atoll(offset);
  return result;
}

// A container's log file of any bytes: the container writes its text, a power cut damages it.
// Input: a byte of options, then the file. Corpus: tests/fuzz/corpus/container_log.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/assert.h"
#include "edgecore/edged/container_log.h"

using namespace skerry;
using namespace skerry::edged;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned choice = data[0];
  const std::string_view file(reinterpret_cast<const char*>(data + 1), size - 1);
  LogOptions options;
  options.timestamps = choice & 1;
  options.with_stdout = !(choice & 2);
  options.with_stderr = !(choice & 4);
  if (choice & 8) options.tail_lines = choice >> 6;
  options.limit_bytes = 64;
  const std::string shown = render_log(file, options, choice & 16);
  SKERRY_ASSERT(shown.size() <= options.limit_bytes, "a log over its limit");
  return 0;
}

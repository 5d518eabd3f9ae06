// What the container runtime's socket can answer after HTTP/2: headers, DATA and trailers of any
// bytes. Input: pieces one after another, each with a byte of kind and a byte of length; a header
// is its name, a zero byte and its value. Corpus: tests/fuzz/corpus/grpc_reply.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/assert.h"
#include "edgecore/edged/grpc_frames.h"

using namespace skerry;
using namespace skerry::edged;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLimit = 512;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  GrpcReply reply(kLimit);
  while (input.size() >= 2) {
    const bool header = input[0] == 'h';
    const std::string_view piece = input.substr(2, static_cast<unsigned char>(input[1]));
    input.remove_prefix(2 + piece.size());
    if (header) {
      const std::size_t end = piece.find('\0');
      const bool whole = end != std::string_view::npos;
      reply.on_header(piece.substr(0, end), whole ? piece.substr(end + 1) : std::string_view());
    } else if (!reply.on_data(piece)) {
      break;
    }
  }
  const Result<std::string> message = std::move(reply).finish("/runtime.v1.RuntimeService/Version");
  SKERRY_ASSERT(!message || message->size() <= kLimit, "a message over its limit");
  SKERRY_ASSERT(message || !message.error().what.empty(), "an error without a text");
  return 0;
}

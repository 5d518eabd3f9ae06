// What a peer can send after the TLS handshake: frames of any bytes, in any order, through the mux
// and the codec. Input: frames one after another, each with two bytes of length, big-endian.
// Corpus: tests/fuzz/corpus/lane_frame; it also runs as a unit test
// (unit/lane/fuzz_corpus_test.cc).
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/assert.h"
#include "common/lane/codec.h"
#include "common/lane/mux.h"

using namespace skerry;
using namespace skerry::lane;

namespace {

// What decodes must have a form of its own that decodes to the same.
void check_message(std::string_view bytes) {
  const Result<Message> message = decode(bytes);
  if (!message || std::holds_alternative<Unhandled>(*message)) return;
  (void)class_of(*message);
  const std::string own = encode(*message);
  const Result<Message> again = decode(own);
  SKERRY_ASSERT(again && again->index() == message->index(), "an own message does not decode");
  SKERRY_ASSERT(encode(*again) == own, "a message changes on its way");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  Mux mux;
  while (input.size() >= 2) {
    const std::size_t wanted =
        static_cast<std::uint8_t>(input[0]) * 256u + static_cast<std::uint8_t>(input[1]);
    input.remove_prefix(2);
    const std::string_view frame = input.substr(0, wanted);
    input.remove_prefix(frame.size());
    const Result<std::optional<std::string>> got = mux.receive(frame);
    if (!got) return 0;
    if (*got) check_message(**got);
    while (mux.has_frame()) SKERRY_ASSERT(mux.next_frame(), "has_frame() without a frame");
  }
  return 0;
}

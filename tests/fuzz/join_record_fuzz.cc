// What a node presents as its token, and the Secret of any bytes that it is compared with.
// Corpus: tests/fuzz/corpus/join_record.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cloudcore/cloudhub/identity_record.h"
#include "cloudcore/cloudhub/join_token.h"
#include "common/base/assert.h"

using namespace skerry;
using namespace skerry::cloudhub;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto presented = parse_presented_token(input)) {
    SKERRY_ASSERT(presented->id + "." + presented->secret == input,
                  "a token is read to the letter");
  }
  const Result<Record> record = decode_secret(input);
  if (!record) return 0;
  if (const Result<std::string> own = encode_secret(*record)) {
    const Result<Record> again = decode_secret(*own);
    SKERRY_ASSERT(again && again->data == record->data, "a record changes when it is stored");
  }
  const Result<JoinToken> token = decode_token(*record);
  if (!token) return 0;
  (void)secret_matches(*token, input);
  (void)decide_redeem(*token, "00", NodeName("node"), "00", WallTime{});
  return 0;
}

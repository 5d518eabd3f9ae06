#include "common/lane/object_bytes.h"

#include <zstd.h>

#include <memory>

#include "common/base/assert.h"

namespace skerry::lane {
namespace {

constexpr int kCompressionLevel = 3;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// One per thread, because a context costs more to make than a small object costs to compress.
ZSTD_CCtx* compressor() {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  SKERRY_ASSERT(context, "zstd gave no compression context");
  return context.get();
}

ZSTD_DCtx* decompressor() {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  SKERRY_ASSERT(context, "zstd gave no decompression context");
  return context.get();
}

}  // namespace

std::string compress(std::string_view json) {
  std::string out(ZSTD_compressBound(json.size()), '\0');
  const std::size_t size = ZSTD_compressCCtx(compressor(), out.data(), out.size(), json.data(),
                                             json.size(), kCompressionLevel);
  SKERRY_ASSERT(!ZSTD_isError(size), "zstd refused a buffer of its own bound");
  out.resize(size);
  out.shrink_to_fit();  // the bound is larger than the input; messages wait in queues
  return out;
}

Result<std::string> decompress(std::string_view zstd, std::size_t declared, std::size_t limit) {
  if (declared > limit) {
    return fail(Code::kTooLarge, "object of " + std::to_string(declared) + " bytes, the limit is " +
                                     std::to_string(limit));
  }
  const unsigned long long content = ZSTD_getFrameContentSize(zstd.data(), zstd.size());
  if (content == ZSTD_CONTENTSIZE_ERROR) return fail(Code::kMalformed, "object bytes are not zstd");
  if (content != ZSTD_CONTENTSIZE_UNKNOWN && content != declared) {
    return fail(Code::kMalformed, "object bytes hold another size than declared");
  }
  std::string out(declared, '\0');
  const std::size_t size =
      ZSTD_decompressDCtx(decompressor(), out.data(), out.size(), zstd.data(), zstd.size());
  if (ZSTD_isError(size) || size != declared) {
    return fail(Code::kMalformed, "object bytes do not decompress to their declared size");
  }
  return out;
}

}  // namespace skerry::lane

#include <openssl/rand.h>

#include "common/base/assert.h"
#include "common/seam/world.h"

namespace skerry::seam {
namespace {

class PosixClock final : public Clock {
 public:
  TimePoint now() override { return std::chrono::steady_clock::now(); }
  WallTime wall() override { return std::chrono::system_clock::now(); }
};

class PosixRandom final : public Random {
 public:
  std::uint64_t next() override {
    std::uint64_t value = 0;
    fill(reinterpret_cast<unsigned char*>(&value), sizeof value);
    return value;
  }
  std::string bytes(std::size_t count) override {
    std::string out(count, '\0');
    fill(reinterpret_cast<unsigned char*>(out.data()), count);
    return out;
  }

 private:
  static void fill(unsigned char* out, std::size_t count) {
    SKERRY_ASSERT(RAND_bytes(out, static_cast<int>(count)) == 1, "no randomness from the system");
  }
};

}  // namespace

World posix_world() {
  static PosixClock clock;
  static PosixRandom random;
  return World{clock, random};
}

}  // namespace skerry::seam

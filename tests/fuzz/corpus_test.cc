// A fuzz target's corpus, on every run: whole, cut, and damaged by a fixed seed.
// SKERRY_CORPUS: its folder below the repository's root.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "common/base/result.h"
#include "tests/support/catch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void feed(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

}  // namespace

TEST_CASE("Fuzz target: its corpus, whole, cut and damaged, breaks nothing", "[fuzz]") {
  std::mt19937 random(17);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SKERRY_CORPUS)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string input((std::istreambuf_iterator<char>(file)), {});
    INFO(entry.path());
    REQUIRE_FALSE(input.empty());
    feed(input);
    for (int i = 0; i < 300; ++i) {
      std::string damaged = input.substr(0, 1 + random() % input.size());
      for (std::size_t n = random() % 4; n > 0; --n) {
        damaged[random() % damaged.size()] = static_cast<char>(random());
      }
      feed(damaged);
    }
    ++files;
  }
  CHECK(files >= 3);
}

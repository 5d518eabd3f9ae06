#include "tests/sim/sim_world.h"

#include <algorithm>
#include <cstdio>

#include "common/base/assert.h"

namespace skerry::sim {

std::uint64_t Random::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

std::string Random::bytes(std::size_t count) {
  std::string out(count, '\0');
  for (char& byte : out) byte = static_cast<char>(next());
  return out;
}

Duration Random::between(Duration low, Duration high) {
  SKERRY_ASSERT(low <= high, "an empty range");
  return low + Duration(static_cast<Duration::rep>(
                   below(static_cast<std::uint64_t>((high - low).count()) + 1)));
}

void Trace::note(std::string_view word, std::uint64_t number) {
  for (const char c : word) hash_ = (hash_ ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  for (int shift = 0; shift < 64; shift += 8) {
    hash_ = (hash_ ^ ((number >> shift) & 0xff)) * 0x100000001b3;
  }
  if (!print_) return;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch());
  std::fprintf(stderr, "%10.3f %.*s %llu\n", static_cast<double>(ms.count()) / 1000.0,
               static_cast<int>(word.size()), word.data(), static_cast<unsigned long long>(number));
}

WallTime Scheduler::wall() {
  return WallTime(std::chrono::seconds(1'800'000'000)) +
         std::chrono::duration_cast<WallTime::duration>(now_.time_since_epoch());
}

void Scheduler::at(TimePoint when, std::function<void()> what) {
  events_.push_back({std::max(when, now_), order_++, std::move(what)});
  std::push_heap(events_.begin(), events_.end(), std::greater<>());
}

bool Scheduler::step(TimePoint until) {
  if (events_.empty() || events_.front().when > until) return false;
  std::pop_heap(events_.begin(), events_.end(), std::greater<>());
  Event event = std::move(events_.back());
  events_.pop_back();
  now_ = event.when;
  event.what();
  return true;
}

}  // namespace skerry::sim

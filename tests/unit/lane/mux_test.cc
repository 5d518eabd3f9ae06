#include "common/lane/mux.h"

#include <random>

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::lane;

namespace {

std::string text_of(std::size_t size, char fill) { return std::string(size, fill); }

// Moves every frame of `from` to `to` until neither has one; returns what arrived at `to`.
std::vector<std::string> pump(Mux& from, Mux& to) {
  std::vector<std::string> arrived;
  while (from.has_frame() || to.has_frame()) {
    if (const std::optional<std::string> frame = from.next_frame()) {
      CHECK(frame->size() <= kFrameBytesMax);
      Result<std::optional<std::string>> got = to.receive(*frame);
      REQUIRE(got);
      if (*got) arrived.push_back(std::move(**got));
    }
    if (const std::optional<std::string> frame = to.next_frame()) REQUIRE(from.receive(*frame));
  }
  return arrived;
}

Error refused(Mux& mux, const std::string& frame) {
  const Result<std::optional<std::string>> got = mux.receive(frame);
  REQUIRE_FALSE(got);
  return got.error();
}

}  // namespace

TEST_CASE("Mux: a small message is one frame with one byte of its own", "[lane]") {
  Mux a, b;
  REQUIRE(a.send(Class::kControl, "ping"));
  const std::optional<std::string> frame = a.next_frame();
  REQUIRE(frame);
  CHECK(*frame == "\x08ping");
  CHECK(b.receive(*frame).value() == "ping");
  CHECK_FALSE(a.has_frame());
  CHECK_FALSE(b.has_frame());  // an idle session sends no window updates
}

TEST_CASE("Mux: a message of the largest size arrives whole", "[lane]") {
  Mux a, b;
  std::string message = text_of(kMessageBytesMax, 'm');
  message[1'000'000] = 'x';
  REQUIRE(a.send(Class::kObjects, message));
  CHECK(a.queued_bytes(Class::kObjects) == kMessageBytesMax);
  const std::vector<std::string> arrived = pump(a, b);
  REQUIRE(arrived.size() == 1);
  CHECK(arrived[0] == message);
  CHECK(a.queued_bytes() == 0);
}

TEST_CASE("Mux: a control message passes between the chunks of a large object", "[lane]") {
  Mux a, b;
  REQUIRE(a.send(Class::kBulk, text_of(1 * kMiB, 'b')));
  REQUIRE(a.send(Class::kObjects, text_of(1 * kMiB, 'o')));
  REQUIRE(b.receive(*a.next_frame()));
  REQUIRE(a.send(Class::kControl, "now"));
  CHECK(b.receive(*a.next_frame()).value() == "now");
  const std::vector<std::string> arrived = pump(a, b);
  REQUIRE(arrived.size() == 2);
  CHECK(arrived[0][0] == 'o');  // objects before bulk
  CHECK(arrived[1][0] == 'b');
}

TEST_CASE("Mux: a class without window lets the next one pass", "[lane]") {
  Mux a;
  REQUIRE(a.send(Class::kObjects, text_of(1 * kMiB, 'o')));
  REQUIRE(a.send(Class::kBulk, text_of(100, 'b')));
  std::size_t objects = 0;
  std::size_t others = 0;
  while (const std::optional<std::string> frame = a.next_frame()) {
    const bool is_object = (frame->front() & 7) == static_cast<int>(Class::kObjects);
    (is_object ? objects : others) += frame->size() - 1;
  }
  const std::size_t window = kWindowBytes[static_cast<std::size_t>(Class::kObjects)];
  CHECK(objects <= window);
  CHECK(objects > window - kChunkBytesMax);
  CHECK(others == 100);
  CHECK(a.queued_bytes(Class::kObjects) == 1 * kMiB - objects);
}

TEST_CASE("Mux: a window update comes when half of the window is taken, not before", "[lane]") {
  Mux a, b;
  const std::size_t half = kWindowBytes[static_cast<std::size_t>(Class::kObjects)] / 2;
  std::size_t taken = 0;
  while (taken + 1000 < half) {
    REQUIRE(a.send(Class::kObjects, text_of(1000, 'o')));
    REQUIRE(b.receive(*a.next_frame()));
    taken += 1000;
    CHECK_FALSE(b.has_frame());
  }
  REQUIRE(a.send(Class::kObjects, text_of(1000, 'o')));
  REQUIRE(b.receive(*a.next_frame()));
  REQUIRE(b.has_frame());
  const std::string update = *b.next_frame();
  CHECK(update.size() == 5);
  CHECK(a.receive(update).value() == std::nullopt);
  CHECK_FALSE(b.has_frame());
}

TEST_CASE("Mux: messages of one class keep their order, whatever their size", "[lane]") {
  std::mt19937 random(3);
  for (int round = 0; round < 30; ++round) {
    Mux a, b;
    std::array<std::vector<std::string>, kClasses> sent;
    std::array<std::vector<std::string>, kClasses> arrived;
    int left = 60;
    while (left > 0 || a.has_frame() || b.has_frame()) {
      const std::uint32_t choice = random() % 4;
      if (choice == 0 && left > 0) {
        const std::size_t cls = random() % kClasses;
        const std::size_t size = 1 + (random() % 3 == 0 ? random() % 300'000 : random() % 40);
        std::string message = std::to_string(cls) + text_of(size, static_cast<char>(random()));
        sent[cls].push_back(message);
        REQUIRE(a.send(static_cast<Class>(cls), std::move(message)));
        --left;
      } else if (choice == 1) {
        if (const auto frame = b.next_frame()) REQUIRE(a.receive(*frame));
      } else if (const auto frame = a.next_frame()) {
        Result<std::optional<std::string>> got = b.receive(*frame);
        REQUIRE(got);
        if (*got) arrived[static_cast<std::size_t>((*got)->front() - '0')].push_back(**got);
      }
    }
    CHECK(arrived == sent);
    CHECK(a.queued_bytes() == 0);
  }
}

TEST_CASE("Mux: messages over the limit are refused on both sides", "[lane]") {
  Mux small(MuxLimits{kJoinBytesMax, 16 * kMiB});
  CHECK(small.send(Class::kControl, text_of(kJoinBytesMax + 1, 'x')).error().code ==
        Code::kTooLarge);
  Mux large;
  REQUIRE(large.send(Class::kControl, text_of(kJoinBytesMax + 1, 'x')));
  Result<std::optional<std::string>> got = std::nullopt;
  while (got && large.has_frame()) {
    got = small.receive(*large.next_frame());
    if (const auto update = small.next_frame()) REQUIRE(large.receive(*update));
  }
  REQUIRE_FALSE(got);
  CHECK(got.error().code == Code::kTooLarge);
}

TEST_CASE("Mux: a full queue refuses and keeps what it has", "[lane]") {
  Mux a(MuxLimits{1000, 2000});
  REQUIRE(a.send(Class::kBulk, text_of(1000, 'x')));
  REQUIRE(a.send(Class::kBulk, text_of(1000, 'x')));
  CHECK(a.send(Class::kControl, "x").error().code == Code::kThrottled);
  CHECK(a.queued_bytes() == 2000);
}

TEST_CASE("Mux: frames that break the rules are refused", "[lane]") {
  Mux mux;
  SECTION("empty") { CHECK(refused(mux, "").code == Code::kMalformed); }
  SECTION("no content") { CHECK(refused(mux, "\x08").code == Code::kMalformed); }
  SECTION("unknown class") { CHECK(refused(mux, "\x04x").code == Code::kMalformed); }
  SECTION("unknown bit") { CHECK(refused(mux, "\x28x").code == Code::kMalformed); }
  SECTION("update that is a last chunk") {
    CHECK(refused(mux, std::string("\x18\0\0\0\1", 5)).code == Code::kMalformed);
  }
  SECTION("short update") {
    CHECK(refused(mux, std::string("\x10\0\1", 3)).code == Code::kMalformed);
  }
  SECTION("update of nothing") {
    CHECK(refused(mux, std::string("\x10\0\0\0\0", 5)).code == Code::kMalformed);
  }
  SECTION("update of what was never sent") {
    CHECK(refused(mux, std::string("\x10\0\0\0\1", 5)).code == Code::kMalformed);
  }
  SECTION("update near the end of the number range") {
    CHECK(refused(mux, std::string("\x10\xff\xff\xff\xff", 5)).code == Code::kMalformed);
  }
  SECTION("oversized") {
    CHECK(refused(mux, text_of(kFrameBytesMax + 1, '\0')).code == Code::kTooLarge);
  }
}

TEST_CASE("Mux: a sender that ignores its window is refused", "[lane]") {
  Mux mux;
  const std::string chunk = text_of(1 + kChunkBytesMax, '\0');  // control, never the last chunk
  Result<std::optional<std::string>> got = std::nullopt;
  std::size_t accepted = 0;
  while ((got = mux.receive(chunk))) accepted += kChunkBytesMax;
  CHECK(got.error().code == Code::kMalformed);
  CHECK(accepted <= kWindowBytes[0]);
}

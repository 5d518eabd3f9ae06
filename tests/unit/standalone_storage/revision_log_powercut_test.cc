// Power cuts in the middle of anything: every acknowledged write is there, no revision goes back,
// and a group of writes is there whole or not at all.
#include <cstdlib>
#include <map>
#include <random>

#include "cloudcore/standalone/storage/revision_log.h"
#include "tests/support/catch.h"
#include "tests/support/powercut_vfs.h"

namespace skerry::standalone {
namespace {

using Content = std::map<std::string, std::string>;

std::uint64_t cuts_wanted() {
  const char* fewer = std::getenv("SKERRY_POWER_CUTS");
  return fewer == nullptr ? 2000 : std::strtoull(fewer, nullptr, 10);
}

class Life {
 public:
  explicit Life(std::uint64_t seed) : disk_(seed), random_(seed) {}

  void live_until_cut() {
    disk_.power_off_after(1 + random_() % 60);
    while (!disk_.is_off()) {
      RevisionLog log;
      SqliteOptions options;
      options.file = "objects.db";
      options.vfs = disk_.name();
      const auto opened = log.open(options);
      if (!opened && !disk_.is_off()) FAIL(opened.error().what);
      if (!opened) break;
      judge(log);
      while (!disk_.is_off() && random_() % 10 != 0) do_something(log);
    }
    disk_.power_on();
  }

  std::uint64_t acknowledged = 0;
  std::uint64_t lost = 0;
  std::uint64_t went_back = 0;

 private:
  void judge(RevisionLog& log) {
    const auto found = log.list("", 0, "", 0);
    if (!found) return;  // the power went
    Content now;
    revisions_.clear();
    for (const StoredValue& each : *found) {
      now[each.key] = each.value;
      revisions_[each.key] = each.revision;
    }
    if (now != content_ && now != attempted_) ++lost;
    if (log.current() < last_) ++went_back;
    last_ = log.current();
    content_ = attempted_ = std::move(now);
  }

  void do_something(RevisionLog& log) {
    if (random_() % 20 == 0) {
      const auto done = log.compact(log.current() - 3);
      if (!done && !disk_.is_off()) FAIL(done.error().what);
      return;
    }
    std::vector<std::vector<StorageWrite>> group(1 + random_() % 3);
    attempted_ = content_;
    std::map<std::string, Revision> revisions = revisions_;
    Revision next = log.current();
    for (auto& writes : group) {
      const std::string key = "pods/a/" + std::to_string(random_() % 12);
      const auto there = revisions.find(key);
      StorageWrite write;
      write.key = key;
      write.expected = there == revisions.end() ? 0 : there->second;
      if (write.expected == 0 || random_() % 4 != 0) {
        write.value = std::string(random_() % 3000, static_cast<char>('a' + random_() % 26));
      }
      ++next;
      if (write.value) {
        attempted_[key] = *write.value;
        revisions[key] = next;
      } else {
        attempted_.erase(key);
        revisions.erase(key);
      }
      writes.push_back(std::move(write));
    }
    const auto written = log.append(group);
    if (!written) {
      if (!disk_.is_off()) FAIL(written.error().what);
      return;
    }
    for (const auto& answers : *written) REQUIRE(answers.at(0).has_value());
    content_ = attempted_;
    revisions_ = std::move(revisions);
    last_ = log.current();
    ++acknowledged;
  }

  test::PowerCutVfs disk_;
  std::mt19937_64 random_;
  Content content_;
  Content attempted_;
  std::map<std::string, Revision> revisions_;
  Revision last_ = 0;
};

TEST_CASE("RevisionLog: power cuts lose nothing that was acknowledged", "[standalone]") {
  const std::uint64_t wanted = cuts_wanted();
  std::uint64_t cuts = 0;
  std::uint64_t acknowledged = 0;
  for (std::uint64_t seed = 1; cuts < wanted; ++seed) {
    Life life(seed);
    for (int i = 0; i < 50; ++i, ++cuts) life.live_until_cut();
    INFO("seed " << seed);
    CHECK(life.lost == 0);
    CHECK(life.went_back == 0);
    acknowledged += life.acknowledged;
  }
  CHECK(acknowledged > wanted / 4);
  WARN(cuts << " cuts, " << acknowledged << " acknowledged groups");
}

}  // namespace
}  // namespace skerry::standalone

// A real process on a real file, killed at any instruction.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "tests/unit/metamanager/store_fixture.h"

using namespace skerry;
using namespace skerry::metamanager;
namespace fs = std::filesystem;

namespace {

class Writer {
 public:
  Writer(const std::string& path, std::uint64_t from) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string program = STORE_WRITER, file = path, first = std::to_string(from);
    char* arguments[] = {program.data(), file.data(), first.data(), nullptr};
    REQUIRE(::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    out_ = ends[0];
  }
  ~Writer() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(out_);
  }
  /// The next number that it acknowledged; nothing at the end of its output.
  std::optional<std::uint64_t> next() {
    for (;;) {
      const auto end = buffer_.find('\n');
      if (end != std::string::npos) {
        const std::uint64_t number = std::strtoull(buffer_.c_str(), nullptr, 10);
        buffer_.erase(0, end + 1);
        return number;
      }
      pollfd ready{out_, POLLIN, 0};
      if (::poll(&ready, 1, 20000) != 1) return std::nullopt;
      char bytes[4096];
      const ssize_t got = ::read(out_, bytes, sizeof bytes);
      if (got <= 0) return std::nullopt;
      buffer_.append(bytes, static_cast<std::size_t>(got));
    }
  }
  void kill() { ::kill(pid_, SIGKILL); }

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  std::string buffer_;
};

std::uint64_t kills_wanted() {
  const char* text = std::getenv("SKERRY_STORE_KILLS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 200;
}

}  // namespace

TEST_CASE("Store: kill -9 at any moment loses no acknowledged write", "[metamanager]") {
  std::string name = (fs::temp_directory_path() / "skerry-kill-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  const std::string path = name + "/store.db";
  std::mt19937 random(3);
  TestWorld world;
  std::uint64_t last = 0, acknowledged = 0;
  StoreId id;
  const std::uint64_t kills = kills_wanted();
  for (std::uint64_t i = 0; i < kills; ++i) {
    {
      Writer writer(path, last + 1);
      const std::uint64_t enough = 1 + random() % 50;
      for (std::uint64_t n = 0; n < enough; ++n) {
        const auto number = writer.next();
        REQUIRE(number);
        REQUIRE(*number == last + 1);
        last = *number;
      }
      writer.kill();
      while (const auto number = writer.next()) last = *number;
    }
    acknowledged = last;
    auto opened = Store::open(path, world.world(), {});
    REQUIRE(opened);
    REQUIRE(opened->damaged_file.empty());
    REQUIRE(opened->store->bad_rows() == 0);
    if (i == 0) id = opened->store->id();
    REQUIRE(opened->store->id() == id);
    std::uint64_t highest = 0;
    const auto objects = opened->store->list(k8s::Kind::kConfigMap);
    REQUIRE(objects);
    for (const StoredObject& stored : *objects) {
      highest = std::max<std::uint64_t>(highest,
                                        std::strtoull(stored.object->json->c_str(), nullptr, 10));
    }
    REQUIRE(highest >= last);
    REQUIRE(highest <= last + 1);  // one commit may have ended without its line
    for (std::uint64_t n = highest > 50 ? highest - 49 : 1; n <= highest; ++n) {
      const auto stored =
          opened->store->get({k8s::Kind::kConfigMap, "default", "c" + std::to_string(n % 50)});
      REQUIRE((stored && *stored));
      REQUIRE(std::strtoull((*stored)->object->json->c_str(), nullptr, 10) == n);
    }
    last = highest;
  }
  WARN(kills << " kills, " << acknowledged << " acknowledged writes, none lost");
  fs::remove_all(name);
}

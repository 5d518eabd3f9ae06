#include "edgecore/edged/exit_watch.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edged;

namespace {

struct Child {
  Child() {
    pid = ::fork();
    if (pid == 0) {
      for (;;) ::pause();
    }
  }
  ~Child() { end(); }
  void end() {
    if (pid <= 0) return;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    pid = 0;
  }
  pid_t pid = 0;
};

}  // namespace

TEST_CASE("ExitWatch: says once that a process ended", "[edged]") {
  boost::asio::io_context loop;
  ExitWatch exits(loop.get_executor());
  Child child;
  int ended = 0;
  REQUIRE(exits.watch("c1", child.pid, [&] { ++ended; }));
  CHECK(exits.watches("c1"));
  loop.poll();
  CHECK(ended == 0);
  child.end();
  loop.restart();
  loop.run();
  CHECK(ended == 1);
  exits.forget("c1");
  CHECK(exits.size() == 0);
}

TEST_CASE("ExitWatch: a process that has ended is not found", "[edged]") {
  boost::asio::io_context loop;
  ExitWatch exits(loop.get_executor());
  Child child;
  const pid_t pid = child.pid;
  child.end();
  const Result<void> watched = exits.watch("c1", pid, [] {});
  REQUIRE_FALSE(watched);
  CHECK(watched.error().code == Code::kNotFound);
  CHECK_FALSE(exits.watches("c1"));
}

TEST_CASE("ExitWatch: what is forgotten is not said, and holds no descriptor", "[edged]") {
  boost::asio::io_context loop;
  ExitWatch exits(loop.get_executor());
  Child child;
  bool ended = false;
  REQUIRE(exits.watch("c1", child.pid, [&] { ended = true; }));
  exits.forget("c1");
  exits.forget("never heard of");
  child.end();
  loop.run();  // ends: nothing waits any more
  CHECK_FALSE(ended);
}

TEST_CASE("ExitWatch: its end lets go of every watch", "[edged]") {
  boost::asio::io_context loop;
  Child child;
  bool ended = false;
  {
    ExitWatch exits(loop.get_executor());
    REQUIRE(exits.watch("c1", child.pid, [&] { ended = true; }));
  }
  loop.run();
  CHECK_FALSE(ended);
}

// Runs coroutines in a test, on a loop of the test's own.
#pragma once

#include "common/async/task.h"
// clang-format off
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
// clang-format on
#include <optional>

#include "tests/support/catch.h"

namespace skerry::test {

/// Runs `task` to its end and answers its value.
template <class T>
T run_task(boost::asio::io_context& loop, async::Task<T> task) {
  std::optional<T> answer;
  const auto on_end = [&answer](std::exception_ptr failure, T value) {
    if (failure) std::rethrow_exception(failure);
    answer.emplace(std::move(value));
  };
  boost::asio::co_spawn(loop, std::move(task), on_end);
  loop.restart();
  while (!answer && loop.run_one() > 0) {
  }
  REQUIRE(answer);
  return std::move(*answer);
}

inline void run_task(boost::asio::io_context& loop, async::Task<void> task) {
  bool ended = false;
  const auto on_end = [&ended](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
    ended = true;
  };
  boost::asio::co_spawn(loop, std::move(task), on_end);
  loop.restart();
  while (!ended && loop.run_one() > 0) {
  }
  REQUIRE(ended);
}

}  // namespace skerry::test

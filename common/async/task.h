// All that modules see of Asio: coroutine tasks and the loop they run on.
// Boost 1.74's awaitable.hpp needs <utility> first under g++ 12; so include this header, not
// Asio's.
//
// Rules (style.md, Concurrency): coroutines take values or a shared_ptr to their owner; no
// capturing lambda inside a co_await expression; no reference, iterator or lock is held across
// co_await.
#pragma once

#include <utility>
// clang-format off
#include <boost/asio/awaitable.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
// clang-format on

#include <functional>
#include <memory>
#include <optional>

namespace skerry::async {

using Executor = boost::asio::any_io_executor;

template <class T>
using Task = boost::asio::awaitable<T>;

/// Runs `work` on the executor's loop, later, never inside this call.
template <class Work>
void post(const Executor& executor, Work&& work) {
  boost::asio::post(executor, std::forward<Work>(work));
}

/// The executor of the running coroutine.
inline Task<Executor> this_executor() { co_return co_await boost::asio::this_coro::executor; }

/// Turns a callback API into a task. `start` is called once, at the await, with a callback that
/// must be called exactly once, from any thread; the coroutine goes on at its own executor.
template <class T>
Task<T> from_callback(std::function<void(std::function<void(T)>)> start) {
  const Executor executor = co_await boost::asio::this_coro::executor;
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
      [executor](auto handler, std::function<void(std::function<void(T)>)> begin) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        begin([executor, shared](T value) {
          boost::asio::post(executor, [shared, value = std::move(value)]() mutable {
            (*shared)(std::move(value));
          });
        });
      },
      boost::asio::use_awaitable, std::move(start));
}

}  // namespace skerry::async

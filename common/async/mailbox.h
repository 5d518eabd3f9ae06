// A bounded queue between one or more senders and one receiving coroutine, on one loop.
#pragma once

#include <deque>

#include "common/async/wakeup.h"

namespace skerry::async {

/// Owner: the receiver. Thread: its executor's loop only (other threads post there first).
/// Limit: `capacity` items; put() refuses when full and the caller applies its own policy.
template <class T>
class Mailbox {
 public:
  Mailbox(Executor executor, std::size_t capacity) : wakeup_(executor), capacity_(capacity) {}

  [[nodiscard]] bool put(T item) {
    if (closed_ || items_.size() >= capacity_) return false;
    items_.push_back(std::move(item));
    wakeup_.notify();
    return true;
  }

  /// The next item; nothing once closed and empty, or when the deadline comes first.
  Task<std::optional<T>> take(TimePoint deadline = TimePoint::max()) {
    while (items_.empty()) {
      if (closed_) co_return std::nullopt;
      if (!co_await wakeup_.wait_until(deadline)) co_return std::nullopt;
    }
    T item = std::move(items_.front());
    items_.pop_front();
    co_return item;
  }

  void close() {
    closed_ = true;
    wakeup_.notify();
  }
  std::size_t size() const { return items_.size(); }

 private:
  Wakeup wakeup_;
  std::deque<T> items_;
  std::size_t capacity_;
  bool closed_ = false;
};

}  // namespace skerry::async

#include "common/async/task_group.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>

#include "common/async/wakeup.h"
#include "common/base/assert.h"
#include "common/base/log.h"

namespace skerry::async {

struct TaskGroup::State {
  explicit State(const Executor& e) : executor(e), changed(e) {}
  Executor executor;
  Wakeup changed;
  std::size_t running = 0;
};

TaskGroup::TaskGroup(Executor executor) : state_(std::make_shared<State>(executor)) {}

TaskGroup::~TaskGroup() {
  SKERRY_ASSERT(state_->running == 0, "a task outlived its group: join() before destruction");
}

void TaskGroup::spawn(std::string name, Task<void> task) {
  ++state_->running;
  auto on_end = [state = state_, name = std::move(name)](std::exception_ptr failure) {
    if (failure) {
      try {
        std::rethrow_exception(failure);
      } catch (const std::exception& thrown) {
        log::error("task ended by an exception", {{"task", name}, {"what", thrown.what()}});
      }
      SKERRY_ASSERT(false, "an exception left a task");
    }
    --state->running;
    state->changed.notify();
  };
  boost::asio::co_spawn(state_->executor, std::move(task), std::move(on_end));
}

Task<void> TaskGroup::join() {
  const std::shared_ptr<State> state = state_;
  while (state->running > 0) co_await state->changed.wait_until(TimePoint::max());
}

std::size_t TaskGroup::running() const { return state_->running; }

}  // namespace skerry::async

// Child tasks that their owner waits for: nothing is detached.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "common/async/task.h"

namespace skerry::async {

/// Starts tasks and waits for their end. An exception that leaves a task is a programmer error: it
/// is logged with the task's name and stops the process. Owner: the object whose work the tasks
/// are. Thread: the executor's loop only.
class TaskGroup {
 public:
  explicit TaskGroup(Executor executor);
  ~TaskGroup();  // asserts that no task is left
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  void spawn(std::string name, Task<void> task);
  /// Waits until every task has ended. The owner has told them to stop before.
  Task<void> join();
  std::size_t running() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace skerry::async

#include "cloudcore/backup_command.h"

#include <fmt/core.h>

#include <filesystem>
#include <optional>
// clang-format off
#include "common/async/task.h"
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
// clang-format on

#include "cloudcore/local_api.h"
#include "cloudcore/standalone/standalone.h"
#include "cloudcore/standalone/storage/replaced_file.h"
#include "cloudcore/standalone/storage/storage.h"
#include "common/metrics/http_endpoint.h"
#include "common/seam/world.h"

namespace skerry::cloudcore {
namespace {

using async::Task;

constexpr auto kBackupTimeout = std::chrono::minutes(10);

/// Runs one task to its end on this thread.
Result<void> run_here(std::function<Task<Result<void>>()> task) {
  boost::asio::io_context loop;
  std::optional<Result<void>> ended;
  const auto on_end = [&](std::exception_ptr failure, Result<void> result) {
    if (failure) std::rethrow_exception(failure);
    ended.emplace(std::move(result));
  };
  boost::asio::co_spawn(loop, task(), on_end);
  loop.run();
  return *ended;
}

Task<Result<void>> ask_running(std::string socket, std::string file) {
  const seam::World world = seam::posix_world();
  const TimePoint deadline = world.clock.now() + kBackupTimeout;
  std::string target = "/backup?file=" + metrics::encode_component(file);
  const auto answer =
      co_await metrics::http_get_unix(std::move(socket), std::move(target), deadline);
  if (!answer) co_return fail(answer.error());
  co_return Result<void>();
}

Task<Result<void>> copy_here(std::string objects, std::string file) {
  const async::Executor executor = co_await async::this_executor();
  standalone::SqliteOptions options;
  options.file = objects;
  auto storage = standalone::open_sqlite_storage(options, executor);
  if (!storage) co_return fail(storage.error());
  const Result<void> done = co_await (*storage)->backup(file);
  co_await (*storage)->stop();
  co_return done;
}

Result<void> back_up(const config::CloudConfig& config, const std::string& file) {
  const std::string objects = standalone::objects_file(config.data_dir);
  if (!std::filesystem::exists(objects)) {
    return fail(Code::kNotFound,
                objects + " is not there: nothing to back up; is --data-dir right?");
  }
  const std::string whole = std::filesystem::absolute(file).string();
  const Result<void> asked = run_here([&] { return ask_running(socket_path(config), whole); });
  const bool nobody = !asked && asked.error().code == Code::kUnavailable;
  if (!nobody) return asked;
  return run_here([&] { return copy_here(objects, whole); });
}

Result<void> restore(const config::CloudConfig& config, const std::string& file) {
  const std::string objects = standalone::objects_file(config.data_dir);
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(objects).parent_path(), error);
  if (error) return fail(Code::kStorage, "cannot make the data directory: " + error.message());
  const bool had = std::filesystem::exists(objects);
  if (auto done = standalone::restore_sqlite_storage(file, objects); !done) return done;
  if (had) fmt::print("what was there before is in {}\n", standalone::replaced_file(objects));
  fmt::print("restored: start cloudcore\n");
  return {};
}

}  // namespace

int backup_command(const config::CloudConfig& config, const BackupCommand& command) {
  const Result<void> done =
      command.restore ? restore(config, command.file) : back_up(config, command.file);
  if (done) return 0;
  fmt::print(stderr, "cloudcore {}: {}\n", command.restore ? "restore" : "backup",
             done.error().what);
  return 1;
}

}  // namespace skerry::cloudcore

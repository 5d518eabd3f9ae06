#include "edgecore/commands.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "common/base/log.h"
#include "common/metrics/http_endpoint.h"
#include "common/seam/world.h"
#include "edgecore/edged/node_info.h"
#include "edgecore/edgehub/join_client.h"
#include "edgecore/local_api.h"
#include "edgecore/metamanager/store.h"
// clang-format off
#include "common/async/task.h"
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
// clang-format on

namespace skerry::edgecore {
namespace {

using async::Task;
using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr auto kJoinPatience = 20s;
constexpr auto kLocalDeadline = 10s;
// Where systemd looks for units: the administrator's, then the packages'.
constexpr const char* kUnitPaths[] = {
    "/etc/systemd/system/edgecore.service", "/usr/local/lib/systemd/system/edgecore.service",
    "/usr/lib/systemd/system/edgecore.service", "/lib/systemd/system/edgecore.service"};

int complain(const Error& error) {
  std::fprintf(stderr, "edgecore: %s\n", error.what.c_str());
  return 1;
}

/// Runs one coroutine to its end on this thread.
template <class T>
Result<T> run_to_end(boost::asio::io_context& loop, Task<Result<T>> task) {
  std::optional<Result<T>> ended;
  boost::asio::co_spawn(loop, std::move(task), [&](std::exception_ptr failure, Result<T> result) {
    if (failure) std::rethrow_exception(failure);
    ended.emplace(std::move(result));
  });
  loop.run();
  return std::move(*ended);
}

/// GET from the daemon; kUnavailable when it is down.
Result<std::string> ask_daemon(const config::EdgeConfig& config, const std::string& target) {
  boost::asio::io_context loop{1};
  const TimePoint deadline = seam::posix_world().clock.now() + kLocalDeadline;
  return run_to_end(loop, metrics::http_get_unix(socket_path(config.data_dir), target, deadline));
}

Result<std::map<std::string, std::string>> parse_labels(const std::string& text) {
  std::map<std::string, std::string> labels;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string one = text.substr(begin, end - begin);
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Code::kMalformed, "--labels \"" + one + "\": write key=value,key=value");
    }
    labels[one.substr(0, equals)] = one.substr(equals + 1);
    begin = end + 1;
  }
  return labels;
}

bool is_unit_installed() {
  return std::ranges::any_of(kUnitPaths, [](const char* path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
  });
}

/// systemctl with fixed arguments, no shell. False when it could not be run or failed.
bool systemctl(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "systemctl");
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execvp("systemctl", const_cast<char* const*>(arguments.data()));
    ::_exit(127);
  }
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      std::printf("%-*s", last ? 0 : static_cast<int>(widths[i] + 3), row[i].c_str());
    }
    std::printf("\n");
  }
}

std::string cell(const Json& row, const char* key) {
  const auto found = row.find(key);
  if (found == row.end()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

/// Upper-case column heads over the fields of each object of a JSON list.
void print_rows(const Json& list, const std::vector<std::pair<const char*, const char*>>& columns) {
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& [head, key] : columns) rows[0].emplace_back(head);
  for (const Json& row : list) {
    std::vector<std::string> cells;
    for (const auto& [head, key] : columns) cells.push_back(cell(row, key));
    rows.push_back(std::move(cells));
  }
  print_table(rows);
}

/// The daemon is down: what its store says, read only by us now.
Result<Json> objects_from_store(const config::EdgeConfig& config) {
  const std::string file = config.data_dir + "/edgecore.db";
  if (!fs::exists(file)) return fail(Code::kNotFound, "there is no store yet at " + file);
  auto opened = metamanager::Store::open(file, seam::posix_world(), {});
  if (!opened) return fail(opened.error());
  Json out = Json::array();
  for (const k8s::KindInfo& kind : k8s::kinds()) {
    if (!kind.stored_at_edge) continue;
    const auto stored = opened->store->list(kind.kind);
    if (!stored) return fail(stored.error());
    for (const metamanager::StoredObject& one : *stored) {
      out.push_back({{"kind", kind.wire},
                     {"namespace", one.object->key.ns},
                     {"name", one.object->key.name},
                     {"uid", one.object->uid.str()},
                     {"bytes", one.object->json->size()},
                     {"refused", one.refused_reason}});
    }
  }
  return out;
}

}  // namespace

int join_command(const config::EdgeConfig& config, const JoinCommand& command) {
  std::error_code error;
  fs::create_directories(config.data_dir, error);
  if (error) {
    return complain({Code::kStorage, "--data-dir " + config.data_dir + ": " + error.message(), {}});
  }
  fs::permissions(config.data_dir, fs::perms::owner_all, error);
  const auto labels = parse_labels(command.labels);
  if (!labels) return complain(labels.error());
  edgehub::JoinOrder order;
  order.server = command.server;
  order.token = command.token;
  order.labels = *labels;
  order.runtime_endpoint = command.runtime_endpoint;
  std::string name = command.node.empty() ? config.node_name : command.node;
  if (name.empty()) {
    const auto machine = edged::read_machine_info("/");
    name = config::default_node_name(machine ? machine->hostname : "");
  }
  if (!config::is_node_name(name)) {
    return complain({Code::kMalformed,
                     "--edgenode-name \"" + name + "\": lower-case letters, digits, - and . only",
                     {}});
  }
  order.node = NodeName(name);

  log::configure(log::Level::kError, log::Format::kKeyValue);  // one line, and only if it fails
  std::signal(SIGPIPE, SIG_IGN);
  boost::asio::io_context loop{1};
  const seam::World world = seam::posix_world();
  auto identities = std::make_shared<edgehub::IdentityStore>(config.data_dir);
  const edgehub::ConnectToHub connect =
      edgehub::websocket_to_hub([world] { return world.clock.wall(); });
  const Result<void> joined =
      run_to_end(loop, edgehub::join(std::move(order), identities, connect, world,
                                     world.clock.now() + kJoinPatience));
  if (!joined) return complain(joined.error());
  std::printf("node %s has joined %s\n", name.c_str(), command.server.c_str());
  // The unit runs the node of the default place; a second one on this machine is another's to
  // start.
  if (config.data_dir == config::EdgeConfig().data_dir && is_unit_installed()) {
    const bool started = systemctl({"enable", "--now", "edgecore.service"});
    std::printf(started ? "edgecore.service is enabled and runs\n"
                        : "start it with: systemctl enable --now edgecore.service\n");
  } else {
    std::printf("start it with: edgecore --data-dir %s\n", config.data_dir.c_str());
  }
  return 0;
}

int reset_command(const config::EdgeConfig& config) {
  if (ask_daemon(config, "/healthz")) {
    return complain({Code::kConflict, "edgecore is running: stop it first", {}});
  }
  const Result<void> removed = edgehub::IdentityStore(config.data_dir).remove();
  if (!removed) return complain(removed.error());
  std::error_code error;
  for (const char* file : {"edgecore.db", "edgecore.db-wal", "edgecore.db-shm", "edgecore.sock"}) {
    fs::remove(fs::path(config.data_dir) / file, error);
    if (error) {
      return complain({Code::kStorage, std::string(file) + ": " + error.message(), {}});
    }
  }
  std::printf("this node has left; its containers are still there (crictl rmp -fa removes them)\n");
  return 0;
}

int get_command(const config::EdgeConfig& config, GetWhat what, bool json) {
  const bool pods = what == GetWhat::kPods;
  Result<std::string> answer = ask_daemon(config, pods ? "/pods" : "/objects");
  Json list;
  if (answer) {
    list = Json::parse(*answer, nullptr, false);
  } else if (answer.error().code == Code::kUnavailable && !pods) {
    auto stored = objects_from_store(config);
    if (!stored) return complain(stored.error());
    list = std::move(*stored);
  } else {
    return complain(answer.error());
  }
  if (json) {
    std::printf("%s\n", list.dump(2).c_str());
  } else if (pods) {
    print_rows(list, {{"NAMESPACE", "namespace"},
                      {"NAME", "name"},
                      {"READY", "ready"},
                      {"STATUS", "phase"},
                      {"REASON", "reason"},
                      {"RESTARTS", "restarts"},
                      {"IP", "ip"}});
  } else {
    print_rows(list, {{"KIND", "kind"},
                      {"NAMESPACE", "namespace"},
                      {"NAME", "name"},
                      {"BYTES", "bytes"},
                      {"REFUSED", "refused"}});
  }
  return 0;
}

int logs_command(const config::EdgeConfig& config, const LogsCommand& command) {
  const std::size_t slash = command.pod.find('/');
  const bool bare = slash == std::string::npos;
  const std::string ns = bare ? "default" : command.pod.substr(0, slash);
  const std::string name = bare ? command.pod : command.pod.substr(slash + 1);
  std::string target = "/logs?namespace=" + metrics::encode_component(ns) +
                       "&pod=" + metrics::encode_component(name) +
                       "&container=" + metrics::encode_component(command.container);
  if (!command.tail.empty()) target += "&tail=" + metrics::encode_component(command.tail);
  const Result<std::string> text = ask_daemon(config, target);
  if (!text) return complain(text.error());
  std::fputs(text->c_str(), stdout);
  return 0;
}

int status_command(const config::EdgeConfig& config) {
  const Result<std::string> answer = ask_daemon(config, "/status");
  if (answer) {
    std::fputs(answer->c_str(), stdout);
    return 0;
  }
  if (answer.error().code != Code::kUnavailable) return complain(answer.error());
  const auto stored = edgehub::IdentityStore(config.data_dir).load();
  if (!stored) return complain(stored.error());
  const char* joined = *stored ? "this node has joined" : "this node has not joined";
  std::printf("edgecore is not running (%s); containers that run go on\n", joined);
  return 3;  // as systemctl status for a unit that is not running
}

}  // namespace skerry::edgecore

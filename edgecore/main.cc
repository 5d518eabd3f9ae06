// edgecore's command line. Source: design.md section 9.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "common/base/log.h"
#include "common/config/edge_config.h"
#include "edgecore/app.h"
#include "edgecore/commands.h"

namespace skerry::edgecore {
namespace {

struct Arguments {
  std::string config_file;
  std::string data_dir;
  bool print_default = false;
  bool print_minimal = false;
};

int complain(const Error& error) {
  std::fprintf(stderr, "edgecore: %s\n", error.what.c_str());
  return 1;
}

/// Defaults, what `edgecore join` wrote, the configuration file, flags: each over the one before.
Result<config::EdgeConfigRead> read_config(const Arguments& arguments) {
  config::EdgeConfigRead read;
  const std::string default_data_dir = read.config.data_dir;
  const std::string default_logs_dir = read.config.pod_logs_dir;
  const std::string data_dir = arguments.data_dir.empty() ? default_data_dir : arguments.data_dir;
  const std::string joined = data_dir + "/identity/config.yaml";
  std::error_code ignored;
  for (const std::string& file : {joined, arguments.config_file}) {
    if (file.empty() || (file == joined && !std::filesystem::exists(file, ignored))) continue;
    auto loaded = config::load_edge_config(file, std::move(read.config));
    if (!loaded) return fail(loaded.error());
    read.config = std::move(loaded->config);
    for (std::string& warning : loaded->warnings) read.warnings.push_back(std::move(warning));
  }
  if (!arguments.data_dir.empty()) read.config.data_dir = arguments.data_dir;
  // Several nodes on one machine: all that belongs to one is under its data dir.
  const bool own_place = read.config.data_dir != default_data_dir;
  if (own_place && read.config.pod_logs_dir == default_logs_dir) {
    read.config.pod_logs_dir = std::filesystem::absolute(read.config.data_dir) / "log" / "pods";
  }
  return read;
}

int serve(const config::EdgeConfigRead& read) {
  log::configure(log::level_from(read.config.log_level), log::format_from(read.config.log_format));
  for (const std::string& warning : read.warnings) log::warning(warning);
  const Result<void> ran = App(read.config).run();
  return ran ? 0 : complain(ran.error());
}

int run(int argc, char** argv) {
  CLI::App cli{"edgecore: Kubernetes Pods on a gateway, with or without the cloud"};
  cli.set_version_flag("--version", SKERRY_VERSION);
  cli.fallthrough();  // --config and --data-dir work for every subcommand
  Arguments arguments;
  cli.add_option("--config", arguments.config_file, "configuration file (KubeEdge's keys)");
  cli.add_option("--data-dir", arguments.data_dir, "where all state is kept");
  cli.add_flag("--defaultconfig", arguments.print_default, "print every key with its default");
  cli.add_flag("--minconfig", arguments.print_minimal, "print the keys one usually sets");

  JoinCommand join;
  CLI::App* joining = cli.add_subcommand("join", "become a node of a cluster");
  joining->add_option("--cloudcore-ipport", join.server, "HOST:PORT of cloudcore")->required();
  joining->add_option("--token", join.token, "what `cloudcore token create` printed")->required();
  joining->add_option("--edgenode-name", join.node, "the node's name; default: the host's");
  joining->add_option("--labels", join.labels, "labels of the Node: k=v,..");
  joining->add_option("--remote-runtime-endpoint", join.runtime_endpoint,
                      "unix://.. of the container runtime");
  CLI::App* reset = cli.add_subcommand("reset", "forget the cluster and the store");
  CLI::App* get = cli.add_subcommand("get", "what this node has");
  get->require_subcommand(1);
  bool json = false;
  CLI::App* pods = get->add_subcommand("pods", "pods and how they are");
  CLI::App* objects = get->add_subcommand("objects", "every object in the store");
  for (CLI::App* one : {pods, objects}) one->add_flag("--json", json, "as JSON");
  LogsCommand logs;
  CLI::App* logging = cli.add_subcommand("logs", "a container's log");
  logging->add_option("pod", logs.pod, "[NAMESPACE/]NAME")->required();
  logging->add_option("-c,--container", logs.container, "where a pod has several");
  logging->add_option("--tail", logs.tail, "so many lines of the end");
  CLI::App* status = cli.add_subcommand("status", "link, certificate, store, runtime, queue");

  CLI11_PARSE(cli, argc, argv);

  const Result<config::EdgeConfigRead> read = read_config(arguments);
  if (!read) return complain(read.error());
  if (arguments.print_default || arguments.print_minimal) {
    std::fputs(config::print_edge_config(read->config, arguments.print_minimal).c_str(), stdout);
    return 0;
  }
  if (joining->parsed()) return join_command(read->config, join);
  if (reset->parsed()) return reset_command(read->config);
  if (pods->parsed()) return get_command(read->config, GetWhat::kPods, json);
  if (objects->parsed()) return get_command(read->config, GetWhat::kObjects, json);
  if (logging->parsed()) return logs_command(read->config, logs);
  if (status->parsed()) return status_command(read->config);
  return serve(*read);
}

}  // namespace
}  // namespace skerry::edgecore

// NOLINTNEXTLINE(bugprone-exception-escape): what nobody caught ends the process, with a core
int main(int argc, char** argv) { return skerry::edgecore::run(argc, argv); }

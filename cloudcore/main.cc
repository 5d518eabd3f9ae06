// cloudcore's command line. Source: design.md section 9.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>

#include "cloudcore/app.h"
#include "cloudcore/backup_command.h"
#include "cloudcore/ca_command.h"
#include "cloudcore/export_command.h"
#include "cloudcore/node_command.h"
#include "cloudcore/token_command.h"
#include "common/base/log.h"
#include "common/config/cloud_config.h"

namespace skerry::cloudcore {
namespace {

struct Arguments {
  std::string config_file;
  std::string kubeconfig;
  std::string data_dir;
  bool standalone = false;
  bool print_default = false;
  bool print_minimal = false;
};

int complain(const Error& error) {
  std::fprintf(stderr, "cloudcore: %s\n", error.what.c_str());
  return 1;
}

/// File over defaults, flags over file.
Result<config::CloudConfigRead> read_config(const Arguments& arguments) {
  config::CloudConfigRead read;
  if (!arguments.config_file.empty()) {
    auto loaded = config::load_cloud_config(arguments.config_file);
    if (!loaded) return fail(loaded.error());
    read = std::move(*loaded);
  }
  if (!arguments.kubeconfig.empty()) read.config.kubeconfig = arguments.kubeconfig;
  if (arguments.standalone) read.config.standalone = true;
  if (!arguments.data_dir.empty()) read.config.data_dir = arguments.data_dir;
  return read;
}

int serve(const config::CloudConfigRead& read) {
  log::configure(log::level_from(read.config.log_level), log::format_from(read.config.log_format));
  for (const std::string& warning : read.warnings) log::warning(warning);
  log::info("cloudcore starts", {{"version", SKERRY_VERSION}});
  const Result<void> ran = App(read.config).run();
  return ran ? 0 : complain(ran.error());
}

int run(int argc, char** argv) {
  CLI::App cli{"cloudcore: the cloud half of Skerry, beside a Kubernetes API"};
  cli.set_version_flag("--version", SKERRY_VERSION);
  cli.fallthrough();  // --kubeconfig and --data-dir work for every subcommand
  Arguments arguments;
  cli.add_option("--config", arguments.config_file, "configuration file (KubeEdge's keys)");
  cli.add_option("--kubeconfig", arguments.kubeconfig, "how to reach the Kubernetes API");
  cli.add_option("--data-dir", arguments.data_dir, "where state is kept");
  cli.add_flag("--standalone", arguments.standalone, "serve a Kubernetes API of its own");
  cli.add_flag("--defaultconfig", arguments.print_default, "print every key with its default");
  cli.add_flag("--minconfig", arguments.print_minimal, "print the keys one usually sets");

  TokenCommand token;
  CLI::App* tokens = cli.add_subcommand("token", "tokens that let an edge join");
  tokens->require_subcommand(1);
  CLI::App* create = tokens->add_subcommand("create", "make one; it is printed on the last line");
  create->add_option("--node", token.node, "only for the node of this name");
  create->add_option("--labels", token.labels, "labels of the Node: k=v,..");
  create->add_option("--ttl", token.ttl, "how long it can be used, 24h at most");
  create->add_option("--reusable", token.reusable, "for so many nodes");
  CLI::App* list_tokens = tokens->add_subcommand("list", "show the tokens, without their secrets");
  CLI::App* remove = tokens->add_subcommand("delete", "make a token useless");
  remove->add_option("id", token.id, "first part of the token")->required();

  NodeCommand node;
  CLI::App* nodes = cli.add_subcommand("node", "the nodes that have joined");
  nodes->require_subcommand(1);
  CLI::App* list_nodes = nodes->add_subcommand("list", "show them and their certificates");
  CLI::App* revoke = nodes->add_subcommand("revoke", "shut a node out, at once and for good");
  revoke->add_option("name", node.node, "the node")->required();
  revoke->add_option("--reason", node.reason, "for people");
  CLI::App* accept =
      nodes->add_subcommand("accept", "let a node of another cluster follow this one");
  accept->add_option("name", node.node, "the node");
  accept->add_flag("--all", node.all, "every node that has joined");
  CLI::App* explain =
      nodes->add_subcommand("explain", "say why a node and its pods are as they are");
  explain->add_option("name", node.node, "the node")->required();

  CaCommand ca;
  CLI::App* cas = cli.add_subcommand("ca", "the CA of the nodes and of this hub");
  cas->require_subcommand(1);
  cas->add_subcommand("status", "show it, and how far a new one has come");
  CLI::App* rotate = cas->add_subcommand("rotate", "make a new one; every node learns of it first");
  rotate->add_flag("--now", ca.now, "use it at once: nodes that lack it must join again");

  BackupCommand backup;
  CLI::App* backups = cli.add_subcommand("backup", "write a standalone API's objects to one file");
  backups->add_option("file", backup.file, "a new file; Secrets are inside")->required();
  CLI::App* restores = cli.add_subcommand(
      "restore", "put a backup in the place of the objects; stop cloudcore first");
  restores->add_option("file", backup.file, "what `backup` wrote")->required();

  ExportCommand manifests;
  CLI::App* exports = cli.add_subcommand("export", "write all objects as manifests");
  exports->add_option("to", manifests.target, "a new directory, or - for standard output");

  CLI11_PARSE(cli, argc, argv);

  Result<config::CloudConfigRead> read = read_config(arguments);
  if (!read) return complain(read.error());
  if (arguments.print_default || arguments.print_minimal) {
    std::fputs(config::print_cloud_config(read->config, arguments.print_minimal).c_str(), stdout);
    return 0;
  }
  if (tokens->parsed()) {
    if (create->parsed()) token.verb = TokenCommand::Verb::kCreate;
    if (list_tokens->parsed()) token.verb = TokenCommand::Verb::kList;
    if (remove->parsed()) token.verb = TokenCommand::Verb::kDelete;
    return token_command(read->config, token);
  }
  if (nodes->parsed()) {
    if (list_nodes->parsed()) node.verb = NodeCommand::Verb::kList;
    if (revoke->parsed()) node.verb = NodeCommand::Verb::kRevoke;
    if (accept->parsed()) node.verb = NodeCommand::Verb::kAccept;
    if (explain->parsed()) node.verb = NodeCommand::Verb::kExplain;
    return node_command(read->config, node);
  }
  if (cas->parsed()) {
    if (rotate->parsed()) ca.verb = CaCommand::Verb::kRotate;
    return ca_command(read->config, ca);
  }
  if (backups->parsed() || restores->parsed()) {
    backup.restore = restores->parsed();
    return backup_command(read->config, backup);
  }
  if (exports->parsed()) return export_command(read->config, manifests);
  return serve(*read);
}

}  // namespace
}  // namespace skerry::cloudcore

// NOLINTNEXTLINE(bugprone-exception-escape): what nobody caught ends the process, with a core
int main(int argc, char** argv) { return skerry::cloudcore::run(argc, argv); }

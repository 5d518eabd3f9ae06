#include "cloudcore/command_session.h"

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "cloudcore/cloudhub/identity_kube_store.h"
#include "cloudcore/cloudhub/pki.h"
#include "cloudcore/kube/client_config.h"
#include "cloudcore/kube/cpprest_http.h"
// clang-format off
#include "common/async/task.h"
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
// clang-format on

namespace skerry::cloudcore {

Result<kube::ClientConfig> kube_client_config(const config::CloudConfig& config) {
  Result<kube::ClientConfig> found = [&config]() -> Result<kube::ClientConfig> {
    if (!config.kubeconfig.empty()) return kube::load_kubeconfig(config.kubeconfig);
    const std::string own = config.data_dir + "/kubeconfig";  // a standalone cloudcore wrote it
    if (std::filesystem::exists(own)) return kube::load_kubeconfig(own);
    const char* host = std::getenv("KUBERNETES_SERVICE_HOST");
    const char* port = std::getenv("KUBERNETES_SERVICE_PORT");
    if (host == nullptr || port == nullptr) {
      return fail(Code::kNotFound,
                  "where is the Kubernetes API? Give --kubeconfig FILE (kubeAPIConfig.kubeConfig)");
    }
    return kube::in_cluster_config(host, port);
  }();
  if (found && !config.kube_master.empty()) found->server = config.kube_master;
  return found;
}

Result<void> run_command(const config::CloudConfig& config, Command command) {
  Result<kube::ClientConfig> client_config = kube_client_config(config);
  if (!client_config) return fail(client_config.error());
  boost::asio::io_context loop;
  auto work = boost::asio::make_work_guard(loop);
  const seam::World world = seam::posix_world();
  Result<std::shared_ptr<kube::HttpClient>> http =
      kube::make_cpprest_http(*client_config, loop.get_executor(), world);
  if (!http) return fail(http.error());
  CommandSession session{std::make_shared<kube::Client>(*http, world), nullptr, world, *http};
  session.identities = cloudhub::make_kube_identity_store(session.client);

  std::optional<Result<void>> ended;
  const auto on_end = [&](std::exception_ptr failure, Result<void> result) {
    if (failure) std::rethrow_exception(failure);
    ended.emplace(std::move(result));
    (*http)->stop([&work] { work.reset(); });
  };
  boost::asio::co_spawn(loop, command(session), on_end);
  loop.run();
  return *ended;
}

async::Task<Result<cloudhub::CaSet>> node_ca(CommandSession session, config::CloudConfig config) {
  Result<std::string> client_ca = co_await cloudhub::read_cluster_client_ca(session.client);
  if (!client_ca) co_return fail(client_ca.error());
  std::optional<tls::Authority> given;
  if (!config.ca_file.empty()) {
    Result<tls::Authority> read =
        cloudhub::read_authority_files(config.ca_file, config.ca_key_file);
    if (!read) co_return fail(read.error());
    Result<void> checked = cloudhub::check_not_client_ca(*read, *client_ca);
    if (!checked) co_return fail(checked.error());
    given = std::move(*read);
  }
  Result<cloudhub::CaSet> set =
      co_await cloudhub::load_ca_set(session.identities, session.world, given);
  if (!set) co_return set;
  Result<void> checked = cloudhub::check_not_client_ca(set->current, *client_ca);
  if (!checked) co_return fail(checked.error());
  co_return set;
}

}  // namespace skerry::cloudcore

#include "cloudcore/app.h"

#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

#include "cloudcore/cloudhub/ca_rollout.h"
#include "cloudcore/cloudhub/cloud_hub.h"
#include "cloudcore/cloudhub/identity_kube_store.h"
#include "cloudcore/cloudhub/pki.h"
#include "cloudcore/command_session.h"
#include "cloudcore/edgecontroller/edge_controller.h"
#include "cloudcore/kube/cpprest_http.h"
#include "cloudcore/kube/request_gate.h"
#include "cloudcore/local_api.h"
#include "cloudcore/node_records.h"
#include "cloudcore/standalone/standalone.h"
#include "common/async/task_group.h"
#include "common/async/wakeup.h"
#include "common/base/log.h"
#include "common/metrics/http_endpoint.h"
// clang-format off
#include "common/async/task.h"
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
// clang-format on

namespace skerry::cloudcore {
namespace {

using async::Task;
using Loop = boost::asio::io_context;

constexpr auto kAuthorityRetry = 2s;
constexpr auto kServerCertificateCheck = 1min;

/// A loop with a thread of its own: one hub shard.
struct ShardThread {
  Loop loop{1};
  boost::asio::executor_work_guard<Loop::executor_type> work{loop.get_executor()};
  std::thread thread{[this] { loop.run(); }};
  void join() {
    work.reset();
    thread.join();
  }
};

std::size_t shard_count(const config::CloudConfig& config) {
  if (config.hub_shards > 0) return static_cast<std::size_t>(config.hub_shards);
  return std::max(1u, std::thread::hardware_concurrency());
}

/// A session is a descriptor, and a shell's soft limit is often 1,024. Threads are few and nothing
/// here uses select(): the whole hard limit is ours.
void use_all_descriptors(std::int64_t nodes_max) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= static_cast<rlim_t>(nodes_max)) return;
  log::warning("fewer files may be open than modules.cloudHub.nodeLimit nodes need: raise the hard "
               "limit (ulimit -Hn, LimitNOFILE)",
               {{"limit", static_cast<std::uint64_t>(limit.rlim_cur)}, {"nodeLimit", nodes_max}});
}

}  // namespace

struct App::Impl {
  explicit Impl(config::CloudConfig c) : config(std::move(c)) {}

  Result<void> run();
  Result<void> start_standalone();
  Task<void> serve();
  Task<Result<void>> start();
  Task<void> stop();
  Task<Result<cloudhub::CaSet>> read_ca();
  Result<void> use_ca(const cloudhub::CaSet& set);
  void start_ca_rollout(cloudhub::CaSet set);
  Task<void> keep_server_certificate();
  Task<void> sweep_tokens();
  cloudhub::ServerNames names() const;
  Result<void> issue_server_certificate();
  Result<void> serve_metrics();
  void serve_local();

  config::CloudConfig config;
  seam::World world = seam::posix_world();
  metrics::Registry registry;
  Loop control{1};
  async::Executor executor = control.get_executor();
  boost::asio::signal_set signals{control, SIGTERM, SIGINT};
  async::Wakeup stop_asked{executor};
  async::TaskGroup tasks{executor};
  Result<void> outcome;
  bool stopping = false;

  std::unique_ptr<standalone::Standalone> own_api;
  std::shared_ptr<kube::HttpClient> http;
  std::shared_ptr<kube::Client> client;
  std::shared_ptr<cloudhub::IdentityStore> identities;
  std::shared_ptr<const cloudhub::Pki> pki;
  std::shared_ptr<tls::ServerContext> context;
  std::optional<cloudhub::ServerCertificate> server_certificate;
  std::shared_ptr<cloudhub::JoinService> join_service;
  std::shared_ptr<cloudhub::DenyListWatch> deny_watch;
  std::shared_ptr<cloudhub::CaRollout> ca_rollout;
  std::unique_ptr<StoredNodeRecords> records;
  std::unique_ptr<edgecontroller::EdgeController> controller;
  std::vector<std::unique_ptr<ShardThread>> shards;
  std::unique_ptr<cloudhub::CloudHub> hub;
  std::unique_ptr<metrics::HttpEndpoint> endpoint;
  std::unique_ptr<metrics::HttpEndpoint> local;
};

/// The own API comes first and goes last: to all others it is just a cluster.
Result<void> App::Impl::start_standalone() {
  if (!config.standalone) return {};
  standalone::StandaloneOptions options;
  options.data_dir = config.data_dir;
  options.address = config.standalone_address;
  options.port = static_cast<std::uint16_t>(config.standalone_port);
  const cloudhub::ServerNames own = names();
  options.dns_names = own.dns_names;
  options.ip_addresses = own.ip_addresses;
  own_api = std::make_unique<standalone::Standalone>(std::move(options));
  if (auto started = own_api->start(); !started) return started;
  config.kubeconfig = own_api->kubeconfig_file();
  return {};
}

Result<void> App::Impl::run() {
  use_all_descriptors(config.nodes_max);
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets whose peer may be gone
  if (auto started = start_standalone(); !started) return started;
  signals.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    stopping = true;
    stop_asked.notify();
  });
  tasks.spawn("cloudcore", serve());
  control.run();
  if (own_api) own_api->stop();
  return outcome;
}

Task<void> App::Impl::serve() {
  outcome = co_await start();
  if (outcome) {
    log::info("cloudcore serves", {{"port", hub->port()}, {"shards", shards.size()}});
    while (!stopping) co_await stop_asked.wait_until(TimePoint::max());
    log::info("cloudcore goes down");
  }
  co_await stop();
}

Task<Result<void>> App::Impl::start() {
  const Result<kube::ClientConfig> client_config = kube_client_config(config);
  if (!client_config) co_return fail(client_config.error());
  auto made = kube::make_cpprest_http(*client_config, executor, world);
  if (!made) co_return fail(made.error());
  http = kube::make_request_gate(*made, executor, world);
  client = std::make_shared<kube::Client>(http, world);
  identities = cloudhub::make_kube_identity_store(client);
  if (Result<void> served = serve_metrics(); !served) co_return served;

  Result<cloudhub::CaSet> ca = co_await read_ca();
  if (!ca) co_return fail(ca.error());
  if (Result<void> used = use_ca(*ca); !used) co_return used;

  records = std::make_unique<StoredNodeRecords>(identities);
  controller = std::make_unique<edgecontroller::EdgeController>(
      executor, *client, *records, registry,
      edgecontroller::Options{config.cluster_wide_refs,
                              std::chrono::seconds(config.default_toleration_seconds)});
  controller->start();
  serve_local();

  join_service = std::make_shared<cloudhub::JoinService>(
      cloudhub::JoinService::Parts{identities, pki, world, &registry});
  std::vector<async::Executor> executors;
  for (std::size_t i = 0; i < shard_count(config); ++i) {
    shards.push_back(std::make_unique<ShardThread>());
    executors.push_back(shards.back()->loop.get_executor());
  }
  cloudhub::HubParts parts{*controller, join_service, context, registry, world};
  parts.nodes_max = static_cast<std::size_t>(config.nodes_max);
  parts.handshakes_per_second = static_cast<std::size_t>(config.handshakes_per_second);
  parts.holds_bundle = [this](const NodeName& node, const Digest& bundle) {
    ca_rollout->holds(node, bundle);
  };
  hub = std::make_unique<cloudhub::CloudHub>(executor, executors, std::move(parts));
  hub->set_ca_bundle(pki->bundle_pem());
  start_ca_rollout(std::move(*ca));
  deny_watch = std::make_shared<cloudhub::DenyListWatch>(
      executor, identities, world, [this](auto denied) { hub->set_denied(std::move(denied)); });
  tasks.spawn("deny list", cloudhub::DenyListWatch::run(deny_watch));
  tasks.spawn("server certificate", keep_server_certificate());
  tasks.spawn("old tokens", sweep_tokens());
  co_return hub->listen(config.hub_address, static_cast<std::uint16_t>(config.hub_port));
}

/// The CA is the identity of every edge: an API that is away is waited for, never worked around.
Task<Result<cloudhub::CaSet>> App::Impl::read_ca() {
  std::string told;
  while (!stopping) {
    CommandSession session{client, identities,
                           world};  // named: g++ 12 frees braced temporaries twice
    Result<cloudhub::CaSet> ca = co_await node_ca(session, config);
    if (ca || !is_retryable(ca.error().code)) co_return ca;
    if (told != ca.error().what) log::warning("the CA cannot be read yet", {ca.error()});
    told = ca.error().what;
    co_await stop_asked.wait_until(world.clock.now() + kAuthorityRetry);
  }
  co_return fail(Code::kCancelled, "stopped before the CA could be read");
}

/// From now on: who signs, whom nodes are to trust, and by whom nodes' certificates may be.
Result<void> App::Impl::use_ca(const cloudhub::CaSet& set) {
  const auto life = config::node_certificate_life(config);
  auto made = cloudhub::Pki::make(set, life, world.clock.wall());
  if (!made) return fail(made.error());
  const auto former = std::exchange(pki, *made);
  if (Result<void> issued = issue_server_certificate(); !issued) {
    pki = former;
    return issued;
  }
  if (join_service) join_service->set_pki(pki);
  if (hub) hub->set_ca_bundle(pki->bundle_pem());
  return {};
}

void App::Impl::start_ca_rollout(cloudhub::CaSet set) {
  const auto use = [this](const cloudhub::CaSet& changed) {
    const Result<void> used = use_ca(changed);
    if (!used) log::error("a new CA set is not used", {used.error()});
  };
  const auto denied = [this] { return deny_watch ? deny_watch->current() : nullptr; };
  const auto patience = std::chrono::hours(24 * config.ca_patience_days);
  cloudhub::CaRollout::Parts parts{identities, world, patience, use, denied, registry};
  ca_rollout = std::make_shared<cloudhub::CaRollout>(executor, std::move(set), std::move(parts));
  tasks.spawn("CA", cloudhub::CaRollout::run(ca_rollout));
}

cloudhub::ServerNames App::Impl::names() const {
  std::vector<std::string> wanted = config.advertise_addresses;
  wanted.insert(wanted.end(), config.dns_names.begin(), config.dns_names.end());
  for (std::string& own : cloudhub::local_server_names()) wanted.push_back(std::move(own));
  return cloudhub::server_names(wanted);
}

Result<void> App::Impl::issue_server_certificate() {
  auto issued = pki->issue_server(names(), world.clock.wall());
  if (!issued) return fail("the hub's certificate", issued.error());
  const tls::Identity own{issued->chain_pem, issued->key_pem};
  server_certificate = std::move(*issued);
  if (context) return context->reload(own, pki->node_issuers_pem());
  auto created = tls::ServerContext::create(own, pki->node_issuers_pem());
  if (!created) return fail("the hub's certificate", created.error());
  context = *created;
  return {};
}

Task<void> App::Impl::keep_server_certificate() {
  while (!stopping) {
    co_await stop_asked.wait_until(world.clock.now() + kServerCertificateCheck);
    if (stopping) break;
    if (!cloudhub::needs_reissue(*server_certificate, names(), world.clock.wall())) continue;
    const Result<void> issued = issue_server_certificate();
    if (issued) log::info("the hub's certificate was issued anew");
    if (!issued) log::error("the hub's certificate was not issued anew", {issued.error()});
  }
}

Task<void> App::Impl::sweep_tokens() {
  cloudhub::JoinTokens tokens(identities, world);
  while (!stopping) {
    const auto swept = co_await tokens.sweep();
    if (!swept) log::debug("old join tokens were not swept", {swept.error()});
    co_await stop_asked.wait_until(world.clock.now() + 1h);
  }
}

Result<void> App::Impl::serve_metrics() {
  if (config.metrics_address.empty()) return {};
  metrics::HttpRoutes routes;
  metrics::add_health_routes(routes, registry, [this]() -> Result<void> {
    if (controller && controller->ready()) return {};
    return fail(Code::kUnavailable, "the Kubernetes API has not been listed yet");
  });
  endpoint = std::make_unique<metrics::HttpEndpoint>(executor, std::move(routes));
  const auto listening = endpoint->listen_tcp(config.metrics_address);
  if (!listening) {
    return fail("commonConfig.monitorServer.bindAddress " + config.metrics_address,
                listening.error());
  }
  return {};
}

namespace {

Task<metrics::HttpReply> back_up(standalone::Standalone* api, metrics::HttpRequest request) {
  std::function<void(std::function<void(Result<void>)>)> start =
      [api, file = request.query["file"]](std::function<void(Result<void>)> done) {
        api->backup(file, std::move(done));
      };
  const Result<void> done = co_await async::from_callback<Result<void>>(std::move(start));
  if (!done) co_return metrics::HttpReply{500, done.error().what + "\n"};
  co_return metrics::HttpReply{200, "ok\n"};
}

}  // namespace

/// For `cloudcore node explain` and `cloudcore backup` on this machine. Not worth a refusal to
/// start.
void App::Impl::serve_local() {
  std::error_code error;
  std::filesystem::create_directories(config.data_dir, error);
  metrics::HttpRoutes routes = local_routes(*controller);
  if (own_api) {
    routes["/backup"] = [api = own_api.get()](metrics::HttpRequest request) {
      return back_up(api, std::move(request));
    };
  }
  local = std::make_unique<metrics::HttpEndpoint>(executor, std::move(routes));
  const auto listening = local->listen_unix(socket_path(config));
  if (listening) return;
  log::warning("commands on this machine cannot ask this cloudcore", {listening.error()});
}

Task<void> App::Impl::stop() {
  stopping = true;
  signals.cancel();
  stop_asked.notify();
  if (deny_watch) deny_watch->stop();
  if (ca_rollout) ca_rollout->stop();
  if (hub) co_await hub->stop();
  for (const auto& shard : shards) shard->join();
  if (controller) co_await controller->stop();
  if (endpoint) co_await endpoint->stop();
  if (local) co_await local->stop();
  if (http) {
    std::function<void(std::function<void(bool)>)> end = [this](std::function<void(bool)> done) {
      http->stop([done] { done(true); });
    };
    co_await async::from_callback<bool>(std::move(end));
  }
}

App::App(config::CloudConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}

App::~App() = default;

Result<void> App::run() { return impl_->run(); }

}  // namespace skerry::cloudcore

#include "edgecore/app.h"

#include <malloc.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <optional>

#include "common/async/task_group.h"
#include "common/async/wakeup.h"
#include "common/base/log.h"
#include "common/metrics/http_endpoint.h"
#include "common/seam/clock_jumps.h"
#include "common/seam/floored_clock.h"
#include "common/seam/network.h"
#include "edgecore/edged/cri_grpc.h"
#include "edgecore/edged/edged.h"
#include "edgecore/edged/node_info.h"
#include "edgecore/edged/node_reporter.h"
#include "edgecore/edged/token_keeper.h"
#include "edgecore/edgehub/edge_hub.h"
#include "edgecore/edgehub/network_watch.h"
#include "edgecore/local_api.h"
#include "edgecore/metamanager/metamanager.h"
#include "edgecore/node_identity.h"
// clang-format off
#include "common/async/task.h"
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
// clang-format on

namespace skerry::edgecore {
namespace {

using async::Task;
namespace fs = std::filesystem;

constexpr auto kCertificateCheck = 1h;
constexpr auto kRenewAgain = 1min;           // when a request for renewal had no answer
constexpr auto kTimeFloorStep = 6h;          // what a box without a clock may lose by a power cut
/// After a Welcome that was not in sync, how long what it brings may take before pods that the
/// store does not know count as left behind.
constexpr auto kDesiredSetSettles = 30s;

Result<void> make_data_dir(const std::string& data_dir) {
  std::error_code error;
  fs::create_directories(data_dir, error);
  if (error) {
    return fail(Code::kStorage, "--data-dir " + data_dir + " cannot be made: " + error.message());
  }
  ::chmod(data_dir.c_str(), 0700);
  return {};
}

}  // namespace

struct App::Impl {
  explicit Impl(config::EdgeConfig c) : config(std::move(c)) {}

  Result<void> run();
  Result<void> build();
  Result<void> open_store();
  Result<void> take_identity();
  Result<edged::EdgedConfig> edged_config(const edged::MachineInfo& machine);
  edged::NodeFacts node_facts(edged::MachineInfo machine) const;
  void build_hub(const edged::MachineInfo& machine);
  Result<void> serve_local();
  void watch_outside();
  void start();
  Task<void> wait_and_stop();
  Task<void> watch_certificate();
  Task<void> settle_desired_set();
  Task<void> watch_clock();
  void on_clock_jump(const seam::ClockJump& jump);
  void on_link(bool live);
  void renew_if_due();
  TimePoint next_certificate_check();
  void keep_time_floor();

  config::EdgeConfig config;
  seam::World outside = seam::posix_world();
  seam::FlooredClock clock{outside.clock};
  seam::World world{clock, outside.random};
  metrics::Registry registry;
  boost::asio::io_context loop{1};
  async::Executor executor = loop.get_executor();
  boost::asio::signal_set signals{loop, SIGTERM, SIGINT};
  async::Wakeup stop_asked{executor};
  async::Wakeup link_changed{executor};
  async::Wakeup certificate_look{executor};
  async::TaskGroup tasks{executor};
  bool stopping = false;
  bool desired_set_known = false;
  std::string internal_ip;
  WallTime floor_kept{};          // what the store has
  TimePoint renewal_asked_again{};  // not before: the last request may still be answered

  std::unique_ptr<metamanager::MetaManager> meta;
  std::unique_ptr<NodeIdentity> identity;
  std::unique_ptr<edged::CriClient> runtime;
  std::unique_ptr<edged::Edged> edged;
  std::unique_ptr<edged::NodeReporter> reporter;
  std::unique_ptr<edged::TokenKeeper> tokens;
  std::unique_ptr<edgehub::EdgeHub> hub;
  std::unique_ptr<edgehub::NetworkWatch> network;  // null: not to be had here
  std::unique_ptr<seam::ClockJumps> clock_jumps;   // the same
  std::unique_ptr<metrics::HttpEndpoint> local;
  std::unique_ptr<metrics::HttpEndpoint> open_metrics;
};

// ---- building, in the order of opening -------------------------------------------------------

Result<void> App::Impl::run() {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets whose peer may be gone
  mallopt(M_ARENA_MAX, 1);        // two threads: a second arena would only cost memory
  if (Result<void> built = build(); !built) return built;
  signals.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    stopping = true;
    stop_asked.notify();
  });
  start();
  loop.run();
  return {};
}

Result<void> App::Impl::build() {
  if (Result<void> made = make_data_dir(config.data_dir); !made) return made;
  if (Result<void> taken = take_identity(); !taken) return taken;
  if (Result<void> opened = open_store(); !opened) return opened;
  clock.raise(identity->issued());
  auto machine = edged::read_machine_info("/");
  if (!machine) return fail(machine.error());
  internal_ip = edged::choose_internal_ip(config.node_ip, "", edged::default_route_interface("/"),
                                          edged::interface_addresses());
  runtime = edged::make_cri_client(executor, world, config.runtime_endpoint);
  auto pods = edged_config(*machine);
  if (!pods) return fail(pods.error());
  edged = std::make_unique<edged::Edged>(executor, world, *meta, *runtime, std::move(*pods));
  reporter = std::make_unique<edged::NodeReporter>(executor, world, *meta, *runtime,
                                                   node_facts(*machine), config.data_dir);
  build_hub(*machine);
  return serve_local();
}

Result<void> App::Impl::take_identity() {
  auto files = std::make_shared<edgehub::IdentityStore>(config.data_dir);
  auto stored = files->load();
  if (!stored) return fail(stored.error());
  if (!*stored) {
    return fail(
        Code::kNotFound,
        "this node has not joined: edgecore join --cloudcore-ipport HOST:PORT --token TOKEN");
  }
  auto server = edgehub::parse_server_address(config.cloud_server);
  if (!server) return fail("modules.edgeHub.websocket.server", server.error());
  identity = std::make_unique<NodeIdentity>(files, std::move(**stored), *server, clock);
  return {};
}

Result<void> App::Impl::open_store() {
  auto opened = metamanager::Store::open(config.data_dir + "/edgecore.db", world, {});
  if (!opened) return fail(opened.error());
  if (!opened->damaged_file.empty()) {
    log::error("the store was damaged and is kept aside; the node resynchronises",
               {{"file", opened->damaged_file}});
  }
  floor_kept = opened->store->time_floor();
  clock.raise(floor_kept);
  meta = std::make_unique<metamanager::MetaManager>(executor, std::move(opened->store));
  return {};
}

Result<edged::EdgedConfig> App::Impl::edged_config(const edged::MachineInfo& machine) {
  edged::EdgedConfig out;
  out.node = identity->stored().node;
  out.pods_dir = fs::absolute(config.data_dir) / "pods";
  out.pod_log_root = config.pod_logs_dir;
  out.resolv_conf = config.resolv_conf;
  out.cluster_dns = config.cluster_dns;
  out.cluster_domain = config.cluster_domain;
  out.memory_capacity_bytes = machine.memory_bytes;
  out.logs.file_bytes_max = static_cast<std::uint64_t>(config.container_log_size_max.bytes);
  out.logs.files_max = static_cast<std::size_t>(config.container_log_files_max);
  out.node_facts.host_ips = {internal_ip};
  out.node_facts.kubernetes_service_host = config.kubernetes_service_host;
  out.node_facts.kubernetes_service_port = std::to_string(config.kubernetes_service_port);
  const auto use = edged::read_machine_use("/", config.data_dir);
  if (!use) return fail(use.error());
  const auto allocatable = edged::allocatable(machine, *use, {});
  out.node_facts.allocatable_cpu_milli = allocatable.cpu_milli;
  out.node_facts.allocatable_memory_bytes = allocatable.memory_bytes;
  out.node_facts.allocatable_storage_bytes = allocatable.storage_bytes;
  const auto version = edged::detect_cgroup_version(out.cgroups.root);
  if (!version) return fail(version.error());
  out.cgroups.version = *version;
  out.cgroups.driver = config.cgroup_driver == "systemd" ? edged::CgroupDriver::kSystemd
                                                         : edged::CgroupDriver::kCgroupfs;
  out.cgroups.cpus = machine.cpus;
  out.offline_credential_lease = config.offline_credential_lease;
  return out;
}

edged::NodeFacts App::Impl::node_facts(edged::MachineInfo machine) const {
  edged::NodeFacts facts;
  facts.name = identity->stored().node;
  facts.labels = config.node_labels;
  facts.internal_ip = internal_ip;
  facts.hostname = facts.name.str();
  facts.agent_version = SKERRY_VERSION;
  facts.pods_max = static_cast<int>(config.pods_max);
  facts.machine = std::move(machine);
  return facts;
}

void App::Impl::build_hub(const edged::MachineInfo& machine) {
  edgehub::LinkHandlers handlers;
  handlers.report_again = [this](k8s::ObjectKey key, Uid uid) {
    if (key.kind == k8s::Kind::kNode) return reporter->report_again();
    edged->report_again(key, uid);
  };
  handlers.token = [this](lane::TokenGrant grant) { tokens->on_grant(std::move(grant)); };
  handlers.link_changed = [this](bool live) { on_link(live); };
  handlers.new_certificate = [this](lane::CertificateReply reply) {
    identity->renewed(reply);
    hub->holds_ca_bundle(identity->ca_bundle_digest());
    renewal_asked_again = {};
    certificate_look.notify();
  };
  handlers.new_ca_bundle = [this](std::string pem) {
    identity->new_bundle(pem);
    hub->holds_ca_bundle(identity->ca_bundle_digest());
  };
  hub = std::make_unique<edgehub::EdgeHub>(
      executor, world,
      edgehub::LinkProtocol::Identity{identity->stored().node, SKERRY_VERSION,
                                      BootId(machine.boot_id), identity->ca_bundle_digest()},
      [](const k8s::Object& object) {
        return object.key.kind == k8s::Kind::kPod ? edged::admit(object) : Result<void>();
      },
      *meta, [this] { return identity->dial(); }, std::move(handlers));
  tokens = std::make_unique<edged::TokenKeeper>(
      executor, world, *meta, config.offline_credential_lease,
      [this](k8s::ObjectKey pod, lane::TokenSlot slot) { return hub->ask_token(pod, slot); });
}

Result<void> App::Impl::serve_local() {
  DaemonFacts facts;
  facts.node = identity->stored().node.str();
  facts.server = identity->server().text();
  facts.version = SKERRY_VERSION;
  facts.offline_credential_lease = config.offline_credential_lease;
  const metrics::HttpRoutes routes = local_routes(
      {*meta, *edged, *hub, *tokens, *identity, *runtime, registry, world, std::move(facts)});
  local = std::make_unique<metrics::HttpEndpoint>(executor, routes);
  if (auto listening = local->listen_unix(socket_path(config.data_dir)); !listening) {
    return listening;
  }
  if (config.metrics_address.empty()) return {};
  metrics::HttpRoutes open_routes;
  for (const char* path : {"/metrics", "/healthz", "/readyz"}) open_routes[path] = routes.at(path);
  open_metrics = std::make_unique<metrics::HttpEndpoint>(executor, std::move(open_routes));
  const auto listening = open_metrics->listen_tcp(config.metrics_address);
  if (!listening) return fail("skerry.metricsAddress " + config.metrics_address, listening.error());
  return {};
}

/// Without them edgecore goes by its timers alone: a sandbox may forbid either.
void App::Impl::watch_outside() {
  auto changes = seam::posix_network(executor);
  if (changes) {
    edgehub::NetworkListener listener;
    listener.local_address = [this] { return hub->local_address(); };
    listener.uplinks_changed = [this] { hub->redial_now(edgehub::RedialCause::kNetwork); };
    listener.address_gone = [this] { hub->reconnect(edgehub::RedialCause::kNetwork); };
    network = std::make_unique<edgehub::NetworkWatch>(executor, world, std::move(*changes),
                                                      std::move(listener));
    tasks.spawn("network", network->run());
  } else {
    log::warning("changes of the network are not seen; the link dials by its backoff alone",
                 {changes.error()});
  }
  auto jumps = seam::posix_clock_jumps(executor);
  if (jumps) {
    clock_jumps = std::move(*jumps);
    tasks.spawn("clock", watch_clock());
  } else {
    log::warning("jumps of the clock are not seen; what they change is seen later",
                 {jumps.error()});
  }
}

// ---- running ---------------------------------------------------------------------------------

void App::Impl::start() {
  meta->on_objects_changed([this](const std::vector<k8s::ObjectKey>& keys) {
    edged->on_objects_changed(keys);
    tokens->look_now();
    const bool node_changed = std::any_of(keys.begin(), keys.end(), [](const k8s::ObjectKey& key) {
      return key.kind == k8s::Kind::kNode;
    });
    if (node_changed) reporter->look_now();
  });
  meta->on_tokens_changed(
      [this](const std::vector<lane::TokenSlot>& slots) { edged->on_tokens_changed(slots); });
  edged->start();
  tasks.spawn("node reporter", reporter->run());
  tasks.spawn("token keeper", tokens->run());
  tasks.spawn("certificate", watch_certificate());
  tasks.spawn("desired set", settle_desired_set());
  tasks.spawn("link", hub->run());
  watch_outside();
  tasks.spawn("stop", wait_and_stop());
  log::info("edgecore runs", {{"node", identity->stored().node.str()},
                              {"cloudcore", identity->server().text()},
                              {"version", SKERRY_VERSION}});
}

void App::Impl::on_link(bool live) {
  link_changed.notify();
  certificate_look.notify();
  if (live) tokens->look_now();
}

Task<void> App::Impl::settle_desired_set() {
  while (!stopping && !desired_set_known) {
    co_await link_changed.wait_until(TimePoint::max());
    if (stopping || !hub->status().live) continue;
    const bool interrupted =
        co_await link_changed.wait_until(world.clock.now() + kDesiredSetSettles);
    if (interrupted || stopping || !hub->status().live) continue;
    desired_set_known = true;
    edged->desired_set_is_known();
  }
}

Task<void> App::Impl::watch_clock() {
  seam::ClockReading before = clock_jumps->read();
  while (!stopping) {
    co_await clock_jumps->wait_for_jump();
    const seam::ClockReading after = clock_jumps->read();
    const seam::ClockJump jump = seam::clock_jump(std::exchange(before, after), after);
    if (!stopping && jump != seam::ClockJump{}) on_clock_jump(jump);
  }
}

/// Everything that was judged by time is judged again. A connection outlives a clock that was set,
/// and a sleep that was shorter than the peer's patience.
void App::Impl::on_clock_jump(const seam::ClockJump& jump) {
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  log::warning("the clock jumped: what depends on time is judged again",
               {{"set_by_s", std::to_string(duration_cast<seconds>(jump.wall).count())},
                {"slept_s", std::to_string(duration_cast<seconds>(jump.asleep).count())}});
  tokens->look_now();
  edged->on_clock_jump();
  certificate_look.notify();
  if (jump.asleep >= kPeerDeadAfter)
    hub->reconnect(edgehub::RedialCause::kSleep);
  else
    hub->redial_now(jump.asleep > 0s ? edgehub::RedialCause::kSleep
                                     : edgehub::RedialCause::kClock);
}

Task<void> App::Impl::watch_certificate() {
  while (!stopping) {
    renew_if_due();
    keep_time_floor();
    co_await certificate_look.wait_until(next_certificate_check());
  }
}

void App::Impl::renew_if_due() {
  const TimePoint now = clock.now();
  const bool due = identity->state() == edgehub::CertificateState::kDue;
  if (!due || !hub->status().live || now < renewal_asked_again) return;
  renewal_asked_again = now + kRenewAgain;
  auto request = identity->request();
  if (request) hub->renew(std::move(*request));
  if (!request) log::error("the certificate cannot be renewed", {request.error()});
}

/// A due one that waits for the link is looked at again when the link is up.
TimePoint App::Impl::next_certificate_check() {
  const TimePoint now = clock.now();
  const auto left = identity->renewal_time() - clock.wall();
  if (left > 0s) return now + std::min<Duration>(left, kCertificateCheck);
  return hub->status().live ? std::max<TimePoint>(renewal_asked_again, now + 1s)
                            : now + kCertificateCheck;
}

/// While the cloud takes this node for valid, the clock is believed (within the certificate's
/// life); without the cloud only the time that passed.
void App::Impl::keep_time_floor() {
  if (hub->status().live) {
    clock.raise(seam::proven_time(clock.wall(), identity->issued(),
                                  identity->stored().certificate.not_after));
  }
  if (clock.floor() < floor_kept + kTimeFloorStep) return;
  floor_kept = clock.floor();
  metamanager::Batch batch;
  batch.time_floor = floor_kept;
  meta->commit(std::move(batch), [](Result<void> done) {
    if (!done) log::error("the time floor cannot be stored", {done.error()});
  });
}

Task<void> App::Impl::wait_and_stop() {
  while (!stopping) co_await stop_asked.wait_until(TimePoint::max());
  log::info("edgecore goes down; containers go on");
  stop_asked.notify();
  link_changed.notify();
  certificate_look.notify();
  hub->stop();
  if (network) network->stop();
  if (clock_jumps) clock_jumps->close();
  reporter->stop();
  tokens->stop();
  co_await edged->stop();
  co_await local->stop();
  if (open_metrics) co_await open_metrics->stop();
  signals.cancel();
}

App::App(config::EdgeConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}

App::~App() = default;

Result<void> App::run() { return impl_->run(); }

}  // namespace skerry::edgecore

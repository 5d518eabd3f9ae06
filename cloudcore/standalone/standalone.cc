#include "cloudcore/standalone/standalone.h"

#include <future>
#include <nlohmann/json.hpp>
#include <thread>

// clang-format off
#include "common/async/task.h"
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
// clang-format on

#include "cloudcore/standalone/access/access.h"
#include "cloudcore/standalone/access/bootstrap_roles.h"
#include "cloudcore/standalone/admission/admission_plugins.h"
#include "cloudcore/standalone/api/api.h"
#include "cloudcore/standalone/bootstrap.h"
#include "cloudcore/standalone/controller_set.h"
#include "cloudcore/standalone/custom_resources/custom_resources.h"
#include "cloudcore/standalone/manifests/manifests.h"
#include "cloudcore/standalone/server/http_server.h"
#include "cloudcore/standalone/server_identity.h"
#include "common/async/task_group.h"
#include "common/async/wakeup.h"
#include "common/base/log.h"

namespace skerry::standalone {
namespace {

using async::Task;
using Loop = boost::asio::io_context;

constexpr Revision kRevisionsKept = 10'000;
constexpr auto kCompactInterval = 5min;
constexpr auto kCertificateCheck = 1h;

/// Where others than this machine reach the API: the address it listens on, else the first that the
/// configuration names. Empty: only loopback is known.
std::string advertised_address(const StandaloneOptions& options) {
  const auto is_usable = [](const std::string& ip) {
    return !ip.empty() && !ip.starts_with("127.") && ip != "0.0.0.0" &&
           ip.find(':') == std::string::npos;
  };
  if (is_usable(options.address)) return options.address;
  for (const std::string& each : options.ip_addresses) {
    if (is_usable(each)) return each;
  }
  return {};
}

}  // namespace

struct Standalone::Impl {
  explicit Impl(StandaloneOptions o) : options(std::move(o)) {}

  Task<void> serve(std::shared_ptr<std::promise<Result<void>>> started);
  Task<Result<void>> open();
  Result<void> open_identity();
  Task<void> keep_compact();
  Task<void> keep_certificate();
  Result<void> write_kubeconfigs();
  Task<void> back_up(std::string file, std::function<void(Result<void>)> done);

  StandaloneOptions options;
  seam::World world = seam::posix_world();
  Loop loop{1};
  async::Executor executor = loop.get_executor();
  async::Wakeup stop_asked{executor};
  async::TaskGroup tasks{executor};
  std::thread thread;
  bool stopping = false;

  std::string kubeconfig_file;
  std::unique_ptr<ServerIdentity> identity;
  std::shared_ptr<tls::ServerContext> context;
  std::unique_ptr<ObjectStore> store;
  std::unique_ptr<Api> api;
  std::unique_ptr<Access> access;
  std::unique_ptr<CustomResources> custom_resources;
  std::unique_ptr<HttpServer> server;
  std::uint16_t port = 0;
  std::unique_ptr<ControllerSet> controllers;
  std::unique_ptr<ApiClient> manifest_client;
  std::unique_ptr<Manifests> manifests;
};

Result<void> Standalone::Impl::open_identity() {
  auto opened = ServerIdentity::open(options, world);
  if (!opened) return fail(opened.error());
  identity = std::make_unique<ServerIdentity>(std::move(*opened));
  auto issued = identity->issue(world.clock.wall());
  if (!issued) return fail(issued.error());
  auto created = tls::ServerContext::create(*issued, identity->ca_pem());
  if (!created) return fail(created.error());
  context = *created;
  return {};
}

Result<void> Standalone::Impl::write_kubeconfigs() {
  const WallTime now = world.clock.wall();
  auto admin = identity->write_kubeconfig(ServerIdentity::Client::kAdministrator, port, now);
  if (!admin) return fail(admin.error());
  auto own = identity->write_kubeconfig(ServerIdentity::Client::kCloudcore, port, now);
  if (!own) return fail(own.error());
  kubeconfig_file = *own;
  return {};
}

Task<Result<void>> Standalone::Impl::open() {
  if (auto opened = open_identity(); !opened) co_return fail(opened.error());
  SqliteOptions file;
  file.file = objects_file(options.data_dir);
  auto storage = open_sqlite_storage(file, executor);
  if (!storage) co_return fail(storage.error());
  store = std::make_unique<ObjectStore>(std::move(*storage), executor);
  if (auto loaded = co_await store->load(); !loaded) co_return fail(loaded.error());
  const std::string shown = "127.0.0.1:" + std::to_string(options.port);
  api = std::make_unique<Api>(*store, world, shown);
  custom_resources = std::make_unique<CustomResources>(*api, *store);
  Access::Parts access_parts{*api, *store, world, identity->token_key(), shown};
  access = std::make_unique<Access>(std::move(access_parts));
  add_admission_plugins(*api, *store, world, AdmissionSettings());
  const auto made = co_await make_bootstrap_objects(*api, options.port);
  if (!made) co_return fail(made.error());
  const auto roles = co_await make_bootstrap_roles(*api, *store, executor);
  if (!roles) co_return fail(roles.error());

  HttpParts parts{world, context,
                  [this](const Credentials& given) { return access->authenticate(given); },
                  [this](std::shared_ptr<const ApiRequest> request) {
                    return access->handle(std::move(request));
                  }};
  server = std::make_unique<HttpServer>(executor, std::move(parts));
  const auto listens = server->listen(options.address, options.port);
  if (!listens) co_return fail("the standalone API", listens.error());
  port = *listens;
  if (auto written = write_kubeconfigs(); !written) co_return fail(written.error());
  ControllerSet::Parts controller_parts{*api, *store, world, identity->authority(),
                                        access->tokens(), advertised_address(options), port};
  controllers = std::make_unique<ControllerSet>(std::move(controller_parts), executor);
  controllers->start();
  manifest_client = std::make_unique<ApiClient>(*api, *store, "system:skerry-manifests");
  manifests = std::make_unique<Manifests>(*manifest_client, world, executor,
                                          options.data_dir + "/manifests");
  if (auto begun = manifests->start(); !begun) co_return fail("manifests", begun.error());
  tasks.spawn("compaction", keep_compact());
  tasks.spawn("the API's certificate", keep_certificate());
  log::info("the standalone API serves",
            {{"port", port}, {"revision", store->current()}, {"kubeconfig", kubeconfig_file}});
  co_return Result<void>();
}

Task<void> Standalone::Impl::serve(std::shared_ptr<std::promise<Result<void>>> started) {
  started->set_value(co_await open());
  while (!stopping) co_await stop_asked.wait_until(TimePoint::max());
  if (server) co_await server->stop();
  if (manifests) co_await manifests->stop();
  if (controllers) co_await controllers->stop();
  if (store) co_await store->stop();
}

Task<void> Standalone::Impl::keep_compact() {
  while (!stopping) {
    co_await stop_asked.wait_until(world.clock.now() + kCompactInterval);
    if (stopping) break;
    Storage& storage = store->storage();
    // Half as much again is kept before anything is written: an idle API writes nothing.
    const Revision beyond = storage.current() - storage.compacted();
    if (beyond < kRevisionsKept * 3 / 2) continue;
    const auto done = co_await storage.compact(storage.current() - kRevisionsKept);
    if (!done) log::warning("old revisions stay", {done.error()});
  }
}

Task<void> Standalone::Impl::keep_certificate() {
  while (!stopping) {
    co_await stop_asked.wait_until(world.clock.now() + kCertificateCheck);
    if (stopping) break;
    const Result<void> clients = write_kubeconfigs();
    if (!clients) log::error("the kubeconfig files were not renewed", {clients.error()});
    if (!identity->needs_reissue(world.clock.wall())) continue;
    const auto issued = identity->issue(world.clock.wall());
    const Result<void> loaded =
        issued ? context->reload(*issued, identity->ca_pem()) : Result<void>(fail(issued.error()));
    if (!loaded) log::error("the API's certificate was not issued anew", {loaded.error()});
  }
}

Standalone::Standalone(StandaloneOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}

Standalone::~Standalone() { stop(); }

Result<void> Standalone::start() {
  auto started = std::make_shared<std::promise<Result<void>>>();
  auto answer = started->get_future();
  impl_->tasks.spawn("standalone", impl_->serve(std::move(started)));
  impl_->thread = std::thread([this] { impl_->loop.run(); });
  return answer.get();
}

const std::string& Standalone::kubeconfig_file() const { return impl_->kubeconfig_file; }

std::string objects_file(const std::string& data_dir) {
  return data_dir + "/standalone/objects.db";
}

Task<void> Standalone::Impl::back_up(std::string file, std::function<void(Result<void>)> done) {
  Result<void> written = co_await store->storage().backup(std::move(file));
  done(std::move(written));
}

void Standalone::backup(std::string file, std::function<void(Result<void>)> done) {
  async::post(impl_->executor, [impl = impl_.get(), file = std::move(file), done]() {
    if (impl->stopping) return done(fail(Code::kCancelled, "the API goes down"));
    impl->tasks.spawn("backup", impl->back_up(file, done));
  });
}

void Standalone::stop() {
  if (!impl_->thread.joinable()) return;
  async::post(impl_->executor, [impl = impl_.get()] {
    impl->stopping = true;
    impl->stop_asked.notify();
  });
  impl_->thread.join();
}

}  // namespace skerry::standalone

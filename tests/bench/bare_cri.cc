// bare_cri ENDPOINT DIRECTORY IMAGE NAME
//
// The yardstick for a pod's start: what CRI alone takes for the same pod. RunPodSandbox,
// CreateContainer and StartContainer with the messages that edged sends; then, not timed, the end
// of it. Prints milliseconds as JSON.
#include "common/async/task.h"
// clang-format off
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
// clang-format on

#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "cri_v1.pb.h"
#include "edgecore/edged/cgroup_dirs.h"
#include "edgecore/edged/cri_config.h"
#include "edgecore/edged/cri_grpc.h"

namespace skerry::bench {
namespace {

namespace cri = edged::cri;
using Clock = std::chrono::steady_clock;

struct Order {
  std::string endpoint, directory, image, name;
};

struct Failed {
  std::string what;
};

template <class Reply>
const Reply& must(const char* call, const Result<Reply>& reply) {
  if (!reply) throw Failed{std::string(call) + ": " + reply.error().what};
  return *reply;
}

std::string pod_json(const Order& order) {
  return R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"bare","name":")" + order.name +
         R"(","uid":")" + order.name + R"("},"spec":{"containers":[{"name":"main","image":")" +
         order.image + R"(","command":["sh","-c","sleep 1000"],"terminationMessagePath":""}]}})";
}

edged::EdgedConfig config_of(const Order& order) {
  edged::EdgedConfig config;
  config.node = NodeName("bare");
  config.pods_dir = order.directory + "/pods";
  config.pod_log_root = order.directory + "/log";
  config.memory_capacity_bytes = std::int64_t{1} << 30;
  if (const auto version = edged::detect_cgroup_version("/sys/fs/cgroup"); version) {
    config.cgroups.version = *version;
  }
  return config;
}

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

async::Task<void> end_pod(edged::CriClient& client, std::string sandbox) {
  cri::StopPodSandboxRequest stop;
  stop.set_pod_sandbox_id(sandbox);
  const auto stopped = co_await client.stop_sandbox(stop);
  must("StopPodSandbox", stopped);
  cri::RemovePodSandboxRequest remove;
  remove.set_pod_sandbox_id(sandbox);
  const auto removed = co_await client.remove_sandbox(remove);
  must("RemovePodSandbox", removed);
}

async::Task<void> start_pod(edged::CriClient& client, Order order) {
  const Result<edged::PodPtr> pod = edged::parse_pod(pod_json(order));
  must("the pod", pod);
  const edged::EdgedConfig config = config_of(order);
  const edged::DnsConfig dns;
  edged::CgroupDirs cgroups(config.cgroups);
  const Result<void> ready = cgroups.ensure_pod(**pod);
  if (!ready) throw Failed{ready.error().what};
  cri::RunPodSandboxRequest run;
  const edged::SandboxInputs sandbox_inputs{**pod, config, dns, 0};
  *run.mutable_config() = edged::sandbox_config(sandbox_inputs);
  ::mkdir(config.pod_log_root.c_str(), 0755);
  ::mkdir(run.config().log_directory().c_str(), 0755);
  const auto version = co_await client.version(cri::VersionRequest());  // connects
  must("Version", version);

  const auto begin = Clock::now();
  const auto sandbox = co_await client.run_sandbox(run);
  const double ran = ms_since(begin);
  cri::CreateContainerRequest create;
  create.set_pod_sandbox_id(must("RunPodSandbox", sandbox).pod_sandbox_id());
  const edged::EnvList env;
  const std::vector<edged::BindMount> mounts;
  const edged::ContainerInputs inputs{**pod, (*pod)->containers.front(), config, 0, order.image,
                                      env, mounts};
  *create.mutable_config() = edged::container_config(inputs);
  *create.mutable_sandbox_config() = run.config();
  const auto created = co_await client.create_container(create);
  const double made = ms_since(begin);
  cri::StartContainerRequest start;
  start.set_container_id(must("CreateContainer", created).container_id());
  const auto started = co_await client.start_container(start);
  must("StartContainer", started);
  const double all = ms_since(begin);
  std::printf("{\"sandbox_ms\": %.1f, \"create_ms\": %.1f, \"start_ms\": %.1f, \"all_ms\": %.1f}\n",
              ran, made - ran, all - made, all);
  co_await end_pod(client, sandbox->pod_sandbox_id());
  const Result<bool> gone = cgroups.remove_pod((*pod)->uid);
  must("the pod's cgroup", gone);
}

int run(Order order) {
  boost::asio::io_context loop{1};
  const auto client =
      edged::make_cri_client(loop.get_executor(), seam::posix_world(), order.endpoint);
  int outcome = EXIT_SUCCESS;
  auto ended = [&](std::exception_ptr failure) {
    client->close();
    if (!failure) return;
    outcome = EXIT_FAILURE;
    try {
      std::rethrow_exception(failure);
    } catch (const Failed& failed) {
      std::fprintf(stderr, "bare_cri: %s\n", failed.what.c_str());
    }
  };
  boost::asio::co_spawn(loop, start_pod(*client, std::move(order)), ended);
  loop.run();
  return outcome;
}

}  // namespace
}  // namespace skerry::bench

int main(int argc, char** argv) {
  if (argc == 5) return skerry::bench::run({argv[1], argv[2], argv[3], argv[4]});
  std::fprintf(stderr, "bare_cri: see the top of tests/bench/bare_cri.cc\n");
  return 2;
}

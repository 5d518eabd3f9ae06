#include "tests/support/cri_contract.h"

#include "common/async/wakeup.h"
#include "cri_v1.pb.h"

namespace skerry::test {
namespace {

namespace cri = runtime::v1;
using edged::CriClient;

constexpr const char* kUid = "0000-contract";

cri::PodSandboxConfig sandbox_config(const CriContractSetup& setup, std::uint32_t attempt) {
  cri::PodSandboxConfig config;
  config.mutable_metadata()->set_name("contract");
  config.mutable_metadata()->set_namespace_("default");
  config.mutable_metadata()->set_uid(kUid);
  config.mutable_metadata()->set_attempt(attempt);
  config.set_log_directory(setup.log_dir);
  (*config.mutable_labels())["io.kubernetes.pod.uid"] = kUid;
  (*config.mutable_annotations())["skerry.io/node"] = "contract";
  auto& options = *config.mutable_linux()->mutable_security_context()->mutable_namespace_options();
  options.set_network(setup.host_network ? cri::NODE : cri::POD);
  return config;
}

/// The whole of it, with what was made so far.
struct Contract {
  CriClient& runtime;
  CriContractSetup setup;
  std::vector<std::string> broken;
  std::string sandbox;
  std::string image_id;

  void expect(bool holds, const std::string& promise) {
    if (!holds) broken.push_back(promise);
  }
  template <class Reply>
  void expect_ok(const Result<Reply>& reply, const std::string& promise) {
    if (!reply) broken.push_back(promise + ": " + reply.error().what);
  }
  template <class Reply>
  void expect_code(const Result<Reply>& reply, Code code, const std::string& promise) {
    expect(!reply && reply.error().code == code, promise);
  }
};

cri::CreateContainerRequest create_request(const Contract& c, const std::string& script,
                                           const std::string& name, std::uint32_t attempt = 0) {
  cri::CreateContainerRequest request;
  request.set_pod_sandbox_id(c.sandbox);
  *request.mutable_sandbox_config() = sandbox_config(c.setup, 0);
  cri::ContainerConfig& config = *request.mutable_config();
  config.mutable_metadata()->set_name(name);
  config.mutable_metadata()->set_attempt(attempt);
  config.mutable_image()->set_image(c.image_id);
  for (const std::string& word : {std::string("sh"), std::string("-c"), script})
    config.add_command(word);
  (*config.mutable_labels())["io.kubernetes.pod.uid"] = kUid;
  (*config.mutable_labels())["io.kubernetes.container.name"] = name;
  (*config.mutable_annotations())["mark"] = "m1";
  config.set_log_path(name + ".log");
  return request;
}

async::Task<cri::ContainerStatus> status_of(Contract& c, std::string id) {
  cri::ContainerStatusRequest request;
  request.set_container_id(id);
  const auto reply = co_await c.runtime.container_status(request);
  if (!reply) {
    c.broken.push_back("status of a container that exists: " + reply.error().what);
    co_return cri::ContainerStatus{};
  }
  co_return reply->status();
}

async::Task<std::string> created(Contract& c, cri::CreateContainerRequest request) {
  const auto made = co_await c.runtime.create_container(request);
  c.expect_ok(made, "a container can be made");
  co_return made ? made->container_id() : "";
}

async::Task<bool> started(Contract& c, std::string id) {
  cri::StartContainerRequest request;
  request.set_container_id(id);
  const auto reply = co_await c.runtime.start_container(request);
  co_return reply.has_value();
}

async::Task<Result<cri::StopContainerResponse>> stopped(Contract& c, std::string id,
                                                        std::int64_t grace) {
  cri::StopContainerRequest request;
  request.set_container_id(id);
  request.set_timeout(grace);
  co_return co_await c.runtime.stop_container(request);
}

async::Task<void> images(Contract& c) {
  cri::ImageStatusRequest status;
  status.mutable_image()->set_image(c.setup.image);
  const auto present = co_await c.runtime.image_status(status);
  c.expect_ok(present, "an image's status");
  if (present) c.image_id = present->image().id();
  c.expect(!c.image_id.empty(), "a present image has an id");
  c.expect(present && present->image().size() > 0, "a present image has a size");
  status.mutable_image()->set_image("127.0.0.1:1/nobody/nothing:1");
  const auto absent = co_await c.runtime.image_status(status);
  c.expect(absent && absent->image().id().empty(), "an absent image's status is empty, no error");
  cri::PullImageRequest pull;
  pull.mutable_image()->set_image("127.0.0.1:1/nobody/nothing:1");
  const auto pulled = co_await c.runtime.pull_image(pull);
  c.expect(!pulled, "what no registry has cannot be pulled");
}

async::Task<void> sandbox(Contract& c) {
  cri::RunPodSandboxRequest run;
  *run.mutable_config() = sandbox_config(c.setup, 0);
  const auto made = co_await c.runtime.run_sandbox(run);
  c.expect_ok(made, "a sandbox can be made");
  if (!made) co_return;
  c.sandbox = made->pod_sandbox_id();
  const auto twice = co_await c.runtime.run_sandbox(run);
  c.expect(!twice, "a sandbox's uid and attempt are taken while it exists");

  cri::ListPodSandboxRequest list;
  (*list.mutable_filter()->mutable_label_selector())["io.kubernetes.pod.uid"] = kUid;
  const auto listed = co_await c.runtime.list_sandboxes(list);
  c.expect(listed && listed->items_size() == 1, "a sandbox is listed by its labels");
  if (listed && listed->items_size() == 1) {
    c.expect(listed->items(0).state() == cri::SANDBOX_READY, "a new sandbox is ready");
    c.expect(listed->items(0).annotations().count("skerry.io/node") == 1,
             "a sandbox keeps its annotations");
  }
  (*list.mutable_filter()->mutable_label_selector())["io.kubernetes.pod.uid"] = "other";
  const auto none = co_await c.runtime.list_sandboxes(list);
  c.expect(none && none->items_size() == 0, "another pod's list is empty");

  cri::PodSandboxStatusRequest status;
  status.set_pod_sandbox_id(c.sandbox);
  const auto seen = co_await c.runtime.sandbox_status(status);
  c.expect_ok(seen, "a sandbox's status");
  if (seen && !c.setup.host_network)
    c.expect(!seen->status().network().ip().empty(), "a ready sandbox has an address");
  status.set_pod_sandbox_id("nobody");
  const auto unknown = co_await c.runtime.sandbox_status(status);
  c.expect_code(unknown, Code::kNotFound, "an unknown sandbox's status is not found");
}

async::Task<void> container_life(Contract& c) {
  const cri::CreateContainerRequest request =
      create_request(c, "trap 'exit 143' TERM; while true; do sleep 0.1; done", "app");
  const std::string id = co_await created(c, request);
  const auto twice = co_await c.runtime.create_container(request);
  c.expect(!twice, "a container's name and attempt are taken while it exists");
  cri::ContainerStatus status = co_await status_of(c, id);
  c.expect(status.state() == cri::CONTAINER_CREATED, "a new container is created, not running");
  c.expect(status.started_at() == 0, "a new container has no start time");
  const bool first = co_await started(c, id);
  c.expect(first, "a container starts");
  const bool again = co_await started(c, id);
  c.expect(!again, "a running container does not start again");

  cri::ContainerStatusRequest verbose;
  verbose.set_container_id(id);
  verbose.set_verbose(true);
  const auto full = co_await c.runtime.container_status(verbose);
  c.expect_ok(full, "a running container's status");
  if (full) {
    c.expect(full->status().state() == cri::CONTAINER_RUNNING, "it runs");
    c.expect(full->status().started_at() > 0, "it has a start time");
    c.expect(full->status().annotations().count("mark") == 1, "it keeps its annotations");
    const auto info = full->info().find("info");
    c.expect(info != full->info().end() && info->second.find("\"pid\":") != std::string::npos,
             "its verbose status has its pid");
  }
  cri::ListContainersRequest list;
  (*list.mutable_filter()->mutable_label_selector())["io.kubernetes.pod.uid"] = kUid;
  const auto listed = co_await c.runtime.list_containers(list);
  c.expect(listed && listed->containers_size() == 1, "a container is listed by its labels");

  cri::ExecSyncRequest exec;
  exec.set_container_id(id);
  exec.set_timeout(10);
  for (const char* word : {"sh", "-c", "exit 0"}) exec.add_cmd(word);
  const auto ran = co_await c.runtime.exec(exec);
  c.expect(ran && ran->exit_code() == 0, "a command in it runs");

  const auto ended = co_await stopped(c, id, 10);
  c.expect_ok(ended, "it is stopped");
  status = co_await status_of(c, id);
  c.expect(status.state() == cri::CONTAINER_EXITED, "it has exited when the stop returns");
  c.expect(status.exit_code() == 143, "it had SIGTERM");
  c.expect(status.finished_at() > 0, "it has an end time");
  const auto twice_stopped = co_await stopped(c, id, 10);
  c.expect_ok(twice_stopped, "a stop of what has ended is no error");
  const auto late = co_await c.runtime.exec(exec);
  c.expect(!late, "no command runs in what has ended");
}

async::Task<void> container_ends(Contract& c) {
  const std::string stubborn = co_await created(
      c, create_request(c, "trap '' TERM; while true; do sleep 0.1; done", "stubborn"));
  (void)co_await started(c, stubborn);
  const auto ended = co_await stopped(c, stubborn, 1);
  c.expect_ok(ended, "SIGTERM may be ignored");
  const cri::ContainerStatus status = co_await status_of(c, stubborn);
  c.expect(status.state() == cri::CONTAINER_EXITED && status.exit_code() == 137,
           "SIGKILL follows when the grace is over");

  cri::RemoveContainerRequest remove;
  remove.set_container_id(stubborn);
  const auto removed = co_await c.runtime.remove_container(remove);
  c.expect_ok(removed, "what has ended can be removed");
  const auto twice = co_await c.runtime.remove_container(remove);
  c.expect(twice || twice.error().code == Code::kNotFound, "a second removal is done or not found");
  cri::ContainerStatusRequest gone;
  gone.set_container_id(stubborn);
  const auto unknown = co_await c.runtime.container_status(gone);
  c.expect_code(unknown, Code::kNotFound, "a removed container's status is not found");
  const auto stop_gone = co_await stopped(c, stubborn, 1);
  c.expect(stop_gone || stop_gone.error().code == Code::kNotFound,
           "a stop of what is gone is done or not found");

  const cri::CreateContainerRequest next = create_request(c, "sleep 1000", "stubborn");
  const std::string reused = co_await created(c, next);
  c.expect(!reused.empty(), "a removed container's name is free");
}

async::Task<void> the_end(Contract& c) {
  const std::string last = co_await created(
      c, create_request(c, "trap '' TERM; while true; do sleep 0.1; done", "last"));
  (void)co_await started(c, last);
  cri::StopPodSandboxRequest stop;
  stop.set_pod_sandbox_id(c.sandbox);
  for (const char* promise : {"a sandbox is stopped", "a second stop is no error"}) {
    const auto reply = co_await c.runtime.stop_sandbox(stop);
    c.expect_ok(reply, promise);
  }
  const cri::ContainerStatus status = co_await status_of(c, last);
  c.expect(status.state() == cri::CONTAINER_EXITED, "its containers end with it");
  const auto late = co_await c.runtime.create_container(create_request(c, "exit 0", "late"));
  const bool runs = late && co_await started(c, late->container_id());
  c.expect(!runs, "nothing starts in a stopped sandbox");

  cri::RemovePodSandboxRequest remove;
  remove.set_pod_sandbox_id(c.sandbox);
  for (const char* promise : {"a sandbox is removed", "a second removal is no error"}) {
    const auto reply = co_await c.runtime.remove_sandbox(remove);
    c.expect_ok(reply, promise);
  }
  const auto stop_gone = co_await c.runtime.stop_sandbox(stop);
  c.expect(stop_gone || stop_gone.error().code == Code::kNotFound,
           "a stop of a sandbox that is gone is done or not found");
  cri::ListContainersRequest list;
  (*list.mutable_filter()->mutable_label_selector())["io.kubernetes.pod.uid"] = kUid;
  const auto left = co_await c.runtime.list_containers(list);
  c.expect(left && left->containers_size() == 0, "its containers are removed with it");
}

}  // namespace

async::Task<std::vector<std::string>> check_cri_contract(CriClient& runtime,
                                                         CriContractSetup setup) {
  Contract contract{runtime, std::move(setup), {}, "", ""};
  co_await images(contract);
  co_await sandbox(contract);
  if (contract.sandbox.empty()) co_return contract.broken;
  co_await container_life(contract);
  co_await container_ends(contract);
  co_await the_end(contract);
  co_return contract.broken;
}

}  // namespace skerry::test

#include "tests/support/fake_runtime.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>

#include "common/base/assert.h"

namespace skerry::test {
namespace {

using Fields = google::protobuf::Map<std::string, std::string>;

std::int64_t nanoseconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

bool matches(const Fields& labels, const Fields& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
    const auto found = labels.find(label.first);
    return found != labels.end() && found->second == label.second;
  });
}

tl::unexpected<Error> not_found(const std::string& id) {
  return fail(Code::kNotFound, "an error occurred when try to find \"" + id + "\": not found");
}

/// Ends by itself where the test does not come to end it, and holds nothing of the test open. Not
/// forked: that copies the page tables.
pid_t idle_process() {
  const char* const words[] = {"sleep", "600", nullptr};
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  for (const int fd : {0, 1, 2})
    ::posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
  pid_t pid = 0;
  const int failed =
      ::posix_spawnp(&pid, "sleep", &files, nullptr, const_cast<char* const*>(words), nullptr);
  ::posix_spawn_file_actions_destroy(&files);
  SKERRY_ASSERT(failed == 0, "this machine has sleep(1)");
  return pid;
}

}  // namespace

// ---- the runtime -----------------------------------------------------------------------------

FakeRuntime::FakeRuntime(async::Executor executor, seam::World world)
    : executor_(executor), world_(world), ended_(executor) {}

FakeRuntime::~FakeRuntime() {
  for (auto& [id, container] : containers) end(container, 137);
}

std::string FakeRuntime::new_id(const std::string& name) {
  return name + "-" + std::to_string(++made_);
}

void FakeRuntime::end(Container& container, int exit_code, const std::string& reason) {
  if (container.pid > 0) {
    ::kill(container.pid, SIGKILL);
    ::waitpid(container.pid, nullptr, 0);
    container.pid = 0;
  }
  if (container.state != cri::CONTAINER_RUNNING) return;
  container.state = cri::CONTAINER_EXITED;
  container.exit_code = exit_code;
  container.reason = !reason.empty() ? reason : exit_code == 0 ? "Completed" : "Error";
  container.finished = world_.clock.wall();
  log.push_back("exit " + container.config.metadata().name() + " " + std::to_string(exit_code));
  ended_.notify();
}

void FakeRuntime::tick() {
  for (auto& [id, container] : containers) {
    const Program& program = programs[container.config.metadata().name()];
    if (container.state != cri::CONTAINER_RUNNING || !program.runs_for) continue;
    if (world_.clock.wall() - container.started >= *program.runs_for)
      end(container, program.exit_code);
  }
}

void FakeRuntime::break_sandbox(const std::string& id) {
  sandboxes.at(id).ready = false;
  for (auto& [other, container] : containers) {
    if (container.sandbox == id) end(container, 137);
  }
}

void FakeRuntime::reboot() {
  for (auto& [id, sandbox] : sandboxes) sandbox.ready = false;
  for (auto& [id, container] : containers) end(container, 255, "Unknown");
}

FakeRuntime::Container* FakeRuntime::running(const std::string& name) {
  for (auto& [id, container] : containers) {
    const bool runs = container.state == cri::CONTAINER_RUNNING;
    if (runs && container.config.metadata().name() == name) return &container;
  }
  return nullptr;
}

FakeRuntime::Container* FakeRuntime::newest(const std::string& name) {
  Container* out = nullptr;
  for (auto& [id, container] : containers) {
    if (container.config.metadata().name() != name) continue;
    if (out == nullptr || container.config.metadata().attempt() >= out->config.metadata().attempt())
      out = &container;
  }
  return out;
}

std::size_t FakeRuntime::networks() const {
  return static_cast<std::size_t>(std::count_if(
      sandboxes.begin(), sandboxes.end(), [](const auto& entry) { return entry.second.network; }));
}

Result<cri::RunPodSandboxResponse> FakeRuntime::run_sandbox(const cri::RunPodSandboxRequest& r) {
  const auto& wanted = r.config().metadata();
  for (const auto& [id, sandbox] : sandboxes) {
    const auto& have = sandbox.config.metadata();
    if (have.uid() == wanted.uid() && have.attempt() == wanted.attempt())
      return fail(Code::kInternal, "failed to reserve sandbox name: it is reserved for " + id);
  }
  Sandbox made;
  made.config = r.config();
  made.id = new_id("sandbox");
  made.created = world_.clock.wall();
  made.network = r.config().linux().security_context().namespace_options().network() != cri::NODE;
  cri::RunPodSandboxResponse reply;
  reply.set_pod_sandbox_id(made.id);
  sandboxes.emplace(made.id, std::move(made));
  return reply;
}

Result<cri::StopPodSandboxResponse> FakeRuntime::stop_sandbox(const std::string& id) {
  const auto found = sandboxes.find(id);
  if (found == sandboxes.end()) return cri::StopPodSandboxResponse{};
  found->second.ready = false;
  found->second.network = false;
  for (auto& [other, container] : containers) {
    if (container.sandbox == id) end(container, 137);
  }
  return cri::StopPodSandboxResponse{};
}

Result<cri::RemovePodSandboxResponse> FakeRuntime::remove_sandbox(const std::string& id) {
  const auto found = sandboxes.find(id);
  if (found == sandboxes.end()) return cri::RemovePodSandboxResponse{};
  if (found->second.ready) (void)stop_sandbox(id);
  if (found->second.network)
    return fail(Code::kInternal, "sandbox network namespace is not fully closed");
  for (auto& [other, container] : containers) {
    if (container.sandbox == id) end(container, 137);
  }
  std::erase_if(containers, [&](const auto& entry) { return entry.second.sandbox == id; });
  sandboxes.erase(found);
  return cri::RemovePodSandboxResponse{};
}

Result<cri::CreateContainerResponse> FakeRuntime::create(const cri::CreateContainerRequest& r) {
  const auto sandbox = sandboxes.find(r.pod_sandbox_id());
  if (sandbox == sandboxes.end()) return not_found(r.pod_sandbox_id());
  if (!sandbox->second.ready) return fail(Code::kInternal, "sandbox container is not running");
  const auto& wanted = r.config().metadata();
  const std::string uid = sandbox->second.config.metadata().uid();
  for (const auto& [id, container] : containers) {
    const auto& have = container.config.metadata();
    const bool same = have.name() == wanted.name() && have.attempt() == wanted.attempt();
    const auto other = sandboxes.find(container.sandbox);
    if (same && other != sandboxes.end() && other->second.config.metadata().uid() == uid)
      return fail(Code::kInternal, "failed to reserve container name: it is reserved for " + id);
  }
  Container made;
  made.config = r.config();
  made.id = new_id(wanted.name());
  made.sandbox = r.pod_sandbox_id();
  made.created = world_.clock.wall();
  cri::CreateContainerResponse reply;
  reply.set_container_id(made.id);
  containers.emplace(made.id, std::move(made));
  return reply;
}

Result<cri::StartContainerResponse> FakeRuntime::start(const std::string& id) {
  const auto found = containers.find(id);
  if (found == containers.end()) return not_found(id);
  Container& container = found->second;
  const std::string name = container.config.metadata().name();
  if (container.state != cri::CONTAINER_CREATED)
    return fail(Code::kInternal, "container is not in created state");
  if (!sandboxes.at(container.sandbox).ready) {
    violations.push_back(name + " starts in a dead sandbox");
    return fail(Code::kInternal, "sandbox container is not running");
  }
  const Container* other = running(name);
  if (other != nullptr && sandboxes.at(other->sandbox).config.metadata().uid() ==
                              sandboxes.at(container.sandbox).config.metadata().uid())
    violations.push_back("two of " + name + " run at once");
  if (programs[name].cannot_start) {
    container.state = cri::CONTAINER_EXITED;
    container.exit_code = 128;
    container.reason = "StartError";
    container.finished = world_.clock.wall();
    return fail(Code::kInternal, "failed to start container: no such file");
  }
  container.state = cri::CONTAINER_RUNNING;
  container.started = world_.clock.wall();
  container.pid = idle_process();
  ++starts[name];
  log.push_back("start " + name);
  return cri::StartContainerResponse{};
}

Result<cri::RemoveContainerResponse> FakeRuntime::remove(const std::string& id) {
  const auto found = containers.find(id);
  if (found == containers.end()) return cri::RemoveContainerResponse{};
  end(found->second, 137);
  containers.erase(found);
  return cri::RemoveContainerResponse{};
}

Result<cri::ContainerStatusResponse> FakeRuntime::container_status(const std::string& id) const {
  const auto found = containers.find(id);
  if (found == containers.end()) return not_found(id);
  const Container& container = found->second;
  cri::ContainerStatusResponse reply;
  cri::ContainerStatus& status = *reply.mutable_status();
  status.set_id(id);
  *status.mutable_metadata() = container.config.metadata();
  status.set_state(container.state);
  status.set_created_at(nanoseconds(container.created));
  status.set_started_at(nanoseconds(container.started));
  status.set_finished_at(nanoseconds(container.finished));
  status.set_exit_code(container.exit_code);
  status.set_reason(container.reason);
  *status.mutable_image() = container.config.image();
  status.set_image_ref("sha256:" + container.config.image().image());
  *status.mutable_labels() = container.config.labels();
  *status.mutable_annotations() = container.config.annotations();
  *status.mutable_mounts() = container.config.mounts();
  status.set_log_path(sandboxes.at(container.sandbox).config.log_directory() + "/" +
                      container.config.log_path());
  (*reply.mutable_info())["info"] = "{\"pid\":" + std::to_string(container.pid) + "}";
  return reply;
}

cri::ListContainersResponse FakeRuntime::list(const cri::ContainerFilter& filter) const {
  cri::ListContainersResponse reply;
  for (const auto& [id, container] : containers) {
    if (!matches(container.config.labels(), filter.label_selector())) continue;
    cri::Container& item = *reply.add_containers();
    item.set_id(id);
    item.set_pod_sandbox_id(container.sandbox);
    *item.mutable_metadata() = container.config.metadata();
    *item.mutable_image() = container.config.image();
    item.set_image_ref("sha256:" + container.config.image().image());
    item.set_state(container.state);
    item.set_created_at(nanoseconds(container.created));
    *item.mutable_labels() = container.config.labels();
    *item.mutable_annotations() = container.config.annotations();
  }
  return reply;
}

cri::ListPodSandboxResponse FakeRuntime::list(const cri::PodSandboxFilter& filter) const {
  cri::ListPodSandboxResponse reply;
  for (const auto& [id, sandbox] : sandboxes) {
    if (!matches(sandbox.config.labels(), filter.label_selector())) continue;
    cri::PodSandbox& item = *reply.add_items();
    item.set_id(id);
    *item.mutable_metadata() = sandbox.config.metadata();
    item.set_state(sandbox.ready ? cri::SANDBOX_READY : cri::SANDBOX_NOTREADY);
    item.set_created_at(nanoseconds(sandbox.created));
    *item.mutable_labels() = sandbox.config.labels();
    *item.mutable_annotations() = sandbox.config.annotations();
  }
  return reply;
}

// ---- the connection --------------------------------------------------------------------------

FakeCri::FakeCri(async::Executor executor, seam::World world, FakeRuntime& runtime)
    : executor_(executor), world_(world), runtime_(runtime), closing_(executor) {}

void FakeCri::close() {
  closed_ = true;
  closing_.notify();
  runtime_.ended_.notify();
}

bool FakeCri::loses(int call, Loss what) {
  if (call != lost_call_ || what != loss_) return false;
  if (dies_) close();
  return true;
}

template <class Reply>
FakeCri::Call<Reply> FakeCri::answer(std::string name, std::function<Result<Reply>()> effect) {
  const int call = calls_++;
  names.push_back(std::move(name));
  co_await boost::asio::post(executor_, boost::asio::use_awaitable);
  if (closed_) co_return fail(Code::kCancelled, "closed");
  if (down) co_return fail(Code::kUnavailable, "the container runtime is away");
  if (loses(call, Loss::kRequest)) co_return fail(Code::kUnavailable, "the request was lost");
  Result<Reply> reply = effect();
  if (loses(call, Loss::kAnswer)) co_return fail(Code::kUnavailable, "the answer was lost");
  co_return reply;
}

FakeCri::Call<cri::VersionResponse> FakeCri::version(cri::VersionRequest) {
  return answer<cri::VersionResponse>("Version", [] {
    cri::VersionResponse reply;
    reply.set_runtime_name("fake");
    return reply;
  });
}
FakeCri::Call<cri::StatusResponse> FakeCri::status(cri::StatusRequest) {
  return answer<cri::StatusResponse>("Status", [] { return cri::StatusResponse{}; });
}
FakeCri::Call<cri::RunPodSandboxResponse> FakeCri::run_sandbox(cri::RunPodSandboxRequest r) {
  return answer<cri::RunPodSandboxResponse>("RunPodSandbox",
                                            [this, r] { return runtime_.run_sandbox(r); });
}
FakeCri::Call<cri::StopPodSandboxResponse> FakeCri::stop_sandbox(cri::StopPodSandboxRequest r) {
  return answer<cri::StopPodSandboxResponse>(
      "StopPodSandbox", [this, r] { return runtime_.stop_sandbox(r.pod_sandbox_id()); });
}
FakeCri::Call<cri::RemovePodSandboxResponse> FakeCri::remove_sandbox(
    cri::RemovePodSandboxRequest r) {
  return answer<cri::RemovePodSandboxResponse>(
      "RemovePodSandbox", [this, r] { return runtime_.remove_sandbox(r.pod_sandbox_id()); });
}
FakeCri::Call<cri::PodSandboxStatusResponse> FakeCri::sandbox_status(
    cri::PodSandboxStatusRequest r) {
  const auto effect = [this, id = r.pod_sandbox_id()]() -> Result<cri::PodSandboxStatusResponse> {
    const auto found = runtime_.sandboxes.find(id);
    if (found == runtime_.sandboxes.end()) return not_found(id);
    const FakeRuntime::Sandbox& sandbox = found->second;
    cri::PodSandboxStatusResponse reply;
    cri::PodSandboxStatus& status = *reply.mutable_status();
    status.set_id(id);
    status.set_state(sandbox.ready ? cri::SANDBOX_READY : cri::SANDBOX_NOTREADY);
    *status.mutable_linux()->mutable_namespaces()->mutable_options() =
        sandbox.config.linux().security_context().namespace_options();
    if (sandbox.ready && sandbox.network) status.mutable_network()->set_ip("10.0.0.9");
    return reply;
  };
  return answer<cri::PodSandboxStatusResponse>("PodSandboxStatus", effect);
}
FakeCri::Call<cri::ListPodSandboxResponse> FakeCri::list_sandboxes(cri::ListPodSandboxRequest r) {
  return answer<cri::ListPodSandboxResponse>("ListPodSandbox",
                                             [this, r] { return runtime_.list(r.filter()); });
}
FakeCri::Call<cri::CreateContainerResponse> FakeCri::create_container(
    cri::CreateContainerRequest r) {
  return answer<cri::CreateContainerResponse>("CreateContainer",
                                              [this, r] { return runtime_.create(r); });
}
FakeCri::Call<cri::StartContainerResponse> FakeCri::start_container(cri::StartContainerRequest r) {
  return answer<cri::StartContainerResponse>(
      "StartContainer", [this, r] { return runtime_.start(r.container_id()); });
}

FakeCri::Call<cri::StopContainerResponse> FakeCri::stop_container(cri::StopContainerRequest r) {
  const int call = calls_++;
  names.push_back("StopContainer");
  co_await boost::asio::post(executor_, boost::asio::use_awaitable);
  if (closed_) co_return fail(Code::kCancelled, "closed");
  if (down) co_return fail(Code::kUnavailable, "the container runtime is away");
  if (loses(call, Loss::kRequest)) co_return fail(Code::kUnavailable, "the request was lost");
  const std::string id = r.container_id();
  const TimePoint deadline = world_.clock.now() + std::chrono::seconds(r.timeout());
  const auto runs = [this, id] {
    const auto found = runtime_.containers.find(id);
    return found != runtime_.containers.end() && found->second.state == cri::CONTAINER_RUNNING;
  };
  const bool ignores =
      runs() &&
      runtime_.programs[runtime_.containers.at(id).config.metadata().name()].ignores_sigterm;
  if (runs() && !ignores && r.timeout() > 0) runtime_.end(runtime_.containers.at(id), 143);
  while (runs() && !closed_ && world_.clock.now() < deadline)
    co_await runtime_.ended_.wait_until(deadline);
  if (closed_) co_return fail(Code::kCancelled, "closed");
  if (runs()) runtime_.end(runtime_.containers.at(id), 137);
  if (loses(call, Loss::kAnswer)) co_return fail(Code::kUnavailable, "the answer was lost");
  const auto found = runtime_.containers.find(id);
  if (found != runtime_.containers.end() && found->second.state == cri::CONTAINER_UNKNOWN) {
    found->second.state = cri::CONTAINER_RUNNING;
    runtime_.end(found->second, 255, "Unknown");
  }
  co_return cri::StopContainerResponse{};
}

FakeCri::Call<cri::RemoveContainerResponse> FakeCri::remove_container(
    cri::RemoveContainerRequest r) {
  return answer<cri::RemoveContainerResponse>(
      "RemoveContainer", [this, r] { return runtime_.remove(r.container_id()); });
}
FakeCri::Call<cri::ListContainersResponse> FakeCri::list_containers(cri::ListContainersRequest r) {
  return answer<cri::ListContainersResponse>("ListContainers",
                                             [this, r] { return runtime_.list(r.filter()); });
}
FakeCri::Call<cri::ContainerStatusResponse> FakeCri::container_status(
    cri::ContainerStatusRequest r) {
  return answer<cri::ContainerStatusResponse>(
      "ContainerStatus", [this, r] { return runtime_.container_status(r.container_id()); });
}
FakeCri::Call<cri::UpdateContainerResourcesResponse> FakeCri::update_resources(
    cri::UpdateContainerResourcesRequest) {
  return answer<cri::UpdateContainerResourcesResponse>(
      "UpdateContainerResources", [] { return cri::UpdateContainerResourcesResponse{}; });
}
FakeCri::Call<cri::ReopenContainerLogResponse> FakeCri::reopen_log(cri::ReopenContainerLogRequest) {
  return answer<cri::ReopenContainerLogResponse>("ReopenContainerLog",
                                                 [] { return cri::ReopenContainerLogResponse{}; });
}

FakeCri::Call<cri::ExecSyncResponse> FakeCri::exec(cri::ExecSyncRequest r) {
  const auto effect = [this, r]() -> Result<cri::ExecSyncResponse> {
    const auto found = runtime_.containers.find(r.container_id());
    if (found == runtime_.containers.end()) return not_found(r.container_id());
    if (found->second.state != cri::CONTAINER_RUNNING)
      return fail(Code::kInternal, "container is not running");
    cri::ExecSyncResponse reply;
    const auto code = exec_exit_codes.find(r.cmd(0));
    reply.set_exit_code(code == exec_exit_codes.end() ? 0 : code->second);
    return reply;
  };
  return answer<cri::ExecSyncResponse>("ExecSync", effect);
}
FakeCri::Call<cri::ContainerStatsResponse> FakeCri::container_stats(cri::ContainerStatsRequest) {
  return answer<cri::ContainerStatsResponse>("ContainerStats",
                                             [] { return cri::ContainerStatsResponse{}; });
}
FakeCri::Call<cri::ListContainerStatsResponse> FakeCri::list_stats(cri::ListContainerStatsRequest) {
  return answer<cri::ListContainerStatsResponse>("ListContainerStats",
                                                 [] { return cri::ListContainerStatsResponse{}; });
}

FakeCri::Call<cri::ListImagesResponse> FakeCri::list_images(cri::ListImagesRequest) {
  return answer<cri::ListImagesResponse>("ListImages", [this] {
    cri::ListImagesResponse reply;
    for (const std::string& name : runtime_.images) {
      cri::Image& image = *reply.add_images();
      image.set_id("sha256:" + name);
      image.add_repo_tags(name);
      image.set_size(1000);
    }
    return reply;
  });
}
FakeCri::Call<cri::ImageStatusResponse> FakeCri::image_status(cri::ImageStatusRequest r) {
  return answer<cri::ImageStatusResponse>("ImageStatus", [this, r] {
    cri::ImageStatusResponse reply;
    const std::string name = r.image().image();
    for (const std::string& full : {name, "docker.io/library/" + name}) {
      if (runtime_.images.count(full) == 0) continue;
      reply.mutable_image()->set_id("sha256:" + full);
      reply.mutable_image()->set_size(1000);
    }
    return reply;
  });
}
FakeCri::Call<cri::PullImageResponse> FakeCri::pull_image(cri::PullImageRequest r) {
  const auto effect = [this, r]() -> Result<cri::PullImageResponse> {
    const std::string name = r.image().image();
    if (runtime_.registry.count(name) == 0)
      return fail(Code::kNotFound, "failed to resolve reference \"" + name + "\": not found");
    runtime_.images.insert(name);
    cri::PullImageResponse reply;
    reply.set_image_ref("sha256:" + name);
    return reply;
  };
  return answer<cri::PullImageResponse>("PullImage", effect);
}
FakeCri::Call<cri::RemoveImageResponse> FakeCri::remove_image(cri::RemoveImageRequest r) {
  return answer<cri::RemoveImageResponse>("RemoveImage", [this, r] {
    std::erase_if(runtime_.images, [&](const std::string& name) {
      return name == r.image().image() || "sha256:" + name == r.image().image();
    });
    return cri::RemoveImageResponse{};
  });
}
FakeCri::Call<cri::ImageFsInfoResponse> FakeCri::image_fs_info(cri::ImageFsInfoRequest) {
  return answer<cri::ImageFsInfoResponse>("ImageFsInfo", [] { return cri::ImageFsInfoResponse{}; });
}

}  // namespace skerry::test

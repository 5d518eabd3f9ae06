// A container runtime in memory, for edged's coroutines on virtual time. FakeRuntime is what
// outlives edgecore; FakeCri is one edgecore's connection to it, which can lose calls. That it
// behaves as containerd does is shown by cri_contract.h, which both pass.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/async/wakeup.h"
#include "common/seam/world.h"
#include "cri_v1.pb.h"
#include "edgecore/edged/cri_client.h"

namespace skerry::test {

namespace cri = runtime::v1;

/// What a container does, by its name.
struct Program {
  std::optional<Duration> runs_for;  // absent: until it is stopped
  int exit_code = 0;
  bool ignores_sigterm = false;
  bool cannot_start = false;
};

class FakeRuntime {
 public:
  struct Sandbox {
    cri::PodSandboxConfig config;
    std::string id;
    bool ready = true;
    bool network = true;  // its address is taken
    WallTime created{};
  };
  struct Container {
    cri::ContainerConfig config;
    std::string id;
    std::string sandbox;
    cri::ContainerState state = cri::CONTAINER_CREATED;
    WallTime created{}, started{}, finished{};
    int exit_code = 0;
    std::string reason;
    pid_t pid = 0;  // a process of its own, so that a pidfd has something to watch
  };

  FakeRuntime(async::Executor executor, seam::World world);
  ~FakeRuntime();

  std::map<std::string, Program> programs;
  std::set<std::string> images = {"docker.io/library/busybox:1.36"};
  std::set<std::string> registry;  // what may be pulled
  std::map<std::string, Sandbox> sandboxes;
  std::map<std::string, Container> containers;
  std::vector<std::string> violations;  // two of one name at once, a start without a sandbox
  std::map<std::string, int> starts;    // per container name
  std::vector<std::string> log;         // "start app", "exit app 137"

  /// Ends what has run its time. Called when the clock has moved.
  void tick();
  void end(Container& container, int exit_code, const std::string& reason = "");
  /// The pause process dies: not ready, its network still taken.
  void break_sandbox(const std::string& id);
  /// A reboot: every process is gone, what is on the disk stays.
  void reboot();
  Container* running(const std::string& name);
  Container* newest(const std::string& name);
  bool empty() const { return sandboxes.empty() && containers.empty(); }
  std::size_t networks() const;

 private:
  friend class FakeCri;
  Result<cri::RunPodSandboxResponse> run_sandbox(const cri::RunPodSandboxRequest& r);
  Result<cri::StopPodSandboxResponse> stop_sandbox(const std::string& id);
  Result<cri::RemovePodSandboxResponse> remove_sandbox(const std::string& id);
  Result<cri::CreateContainerResponse> create(const cri::CreateContainerRequest& r);
  Result<cri::StartContainerResponse> start(const std::string& id);
  Result<cri::RemoveContainerResponse> remove(const std::string& id);
  Result<cri::ContainerStatusResponse> container_status(const std::string& id) const;
  cri::ListContainersResponse list(const cri::ContainerFilter& filter) const;
  cri::ListPodSandboxResponse list(const cri::PodSandboxFilter& filter) const;
  std::string new_id(const std::string& name);

  async::Executor executor_;
  seam::World world_;
  async::Wakeup ended_;
  int made_ = 0;
};

/// Owner: the test. Thread: the loop.
class FakeCri final : public edged::CriClient {
 public:
  FakeCri(async::Executor executor, seam::World world, FakeRuntime& runtime);

  enum class Loss : std::uint8_t { kRequest, kAnswer };
  /// The n-th call from now on fails once, before or after it had its effect.
  void lose(int n, Loss what) {
    lost_call_ = calls_ + n;
    loss_ = what;
  }
  /// The n-th call is the last: edgecore is killed there.
  void die_at(int n, Loss what) {
    lose(n, what);
    dies_ = true;
  }
  bool dead() const { return closed_; }
  int made_calls() const { return calls_; }
  bool down = false;  // the runtime's socket answers nothing
  std::map<std::string, int> exec_exit_codes;  // by the command's first word

  void close() override;
  const edged::CriCalls& calls() const override { return counts_; }

  Call<cri::VersionResponse> version(cri::VersionRequest) override;
  Call<cri::StatusResponse> status(cri::StatusRequest) override;
  Call<cri::RunPodSandboxResponse> run_sandbox(cri::RunPodSandboxRequest) override;
  Call<cri::StopPodSandboxResponse> stop_sandbox(cri::StopPodSandboxRequest) override;
  Call<cri::RemovePodSandboxResponse> remove_sandbox(cri::RemovePodSandboxRequest) override;
  Call<cri::PodSandboxStatusResponse> sandbox_status(cri::PodSandboxStatusRequest) override;
  Call<cri::ListPodSandboxResponse> list_sandboxes(cri::ListPodSandboxRequest) override;
  Call<cri::CreateContainerResponse> create_container(cri::CreateContainerRequest) override;
  Call<cri::StartContainerResponse> start_container(cri::StartContainerRequest) override;
  Call<cri::StopContainerResponse> stop_container(cri::StopContainerRequest) override;
  Call<cri::RemoveContainerResponse> remove_container(cri::RemoveContainerRequest) override;
  Call<cri::ListContainersResponse> list_containers(cri::ListContainersRequest) override;
  Call<cri::ContainerStatusResponse> container_status(cri::ContainerStatusRequest) override;
  Call<cri::UpdateContainerResourcesResponse> update_resources(
      cri::UpdateContainerResourcesRequest) override;
  Call<cri::ReopenContainerLogResponse> reopen_log(cri::ReopenContainerLogRequest) override;
  Call<cri::ExecSyncResponse> exec(cri::ExecSyncRequest) override;
  Call<cri::ContainerStatsResponse> container_stats(cri::ContainerStatsRequest) override;
  Call<cri::ListContainerStatsResponse> list_stats(cri::ListContainerStatsRequest) override;
  Call<cri::ListImagesResponse> list_images(cri::ListImagesRequest) override;
  Call<cri::ImageStatusResponse> image_status(cri::ImageStatusRequest) override;
  Call<cri::PullImageResponse> pull_image(cri::PullImageRequest) override;
  Call<cri::RemoveImageResponse> remove_image(cri::RemoveImageRequest) override;
  Call<cri::ImageFsInfoResponse> image_fs_info(cri::ImageFsInfoRequest) override;

  std::vector<std::string> names;  // of the calls, in order

 private:
  template <class Reply>
  Call<Reply> answer(std::string name, std::function<Result<Reply>()> effect);
  /// The fate of one call: an error when its request, or later its answer, is lost.
  bool loses(int call, Loss what);

  async::Executor executor_;
  seam::World world_;
  FakeRuntime& runtime_;
  async::Wakeup closing_;
  edged::CriCalls counts_;
  int calls_ = 0;
  int lost_call_ = -1;
  Loss loss_ = Loss::kRequest;
  bool dies_ = false;
  bool closed_ = false;
};

}  // namespace skerry::test

// The container runtime as edged sees it: CRI's own messages (proto/cri_v1.proto), one task per
// call. cri_grpc.h is the real one; tests hand in a fake. Errors: kUnavailable (runtime away or
// restarting), kTimeout, kTooLarge, kMalformed (reply), and the runtime's own answer mapped by
// grpc_frames.cc (kNotFound, kAlreadyExists, kUnsupported, kInternal...).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/async/task.h"
#include "common/base/result.h"
#include "common/base/units.h"

namespace runtime::v1 {
class VersionRequest;
class VersionResponse;
class StatusRequest;
class StatusResponse;
class RunPodSandboxRequest;
class RunPodSandboxResponse;
class StopPodSandboxRequest;
class StopPodSandboxResponse;
class RemovePodSandboxRequest;
class RemovePodSandboxResponse;
class PodSandboxStatusRequest;
class PodSandboxStatusResponse;
class ListPodSandboxRequest;
class ListPodSandboxResponse;
class CreateContainerRequest;
class CreateContainerResponse;
class StartContainerRequest;
class StartContainerResponse;
class StopContainerRequest;
class StopContainerResponse;
class RemoveContainerRequest;
class RemoveContainerResponse;
class ListContainersRequest;
class ListContainersResponse;
class ContainerStatusRequest;
class ContainerStatusResponse;
class UpdateContainerResourcesRequest;
class UpdateContainerResourcesResponse;
class ReopenContainerLogRequest;
class ReopenContainerLogResponse;
class ExecSyncRequest;
class ExecSyncResponse;
class ContainerStatsRequest;
class ContainerStatsResponse;
class ListContainerStatsRequest;
class ListContainerStatsResponse;
class ListImagesRequest;
class ListImagesResponse;
class ImageStatusRequest;
class ImageStatusResponse;
class PullImageRequest;
class PullImageResponse;
class RemoveImageRequest;
class RemoveImageResponse;
class ImageFsInfoRequest;
class ImageFsInfoResponse;
}  // namespace runtime::v1

namespace skerry::edged {

namespace cri = runtime::v1;

inline constexpr std::size_t kCriMessageBytesMax = 16 * kMiB;
inline constexpr auto kCriDeadline = 2min;         // kubelet's runtimeRequestTimeout
inline constexpr auto kCriSandboxDeadline = 4min;  // kubelet doubles it for RunPodSandbox
inline constexpr auto kCriListDeadline = 30s;
inline constexpr auto kCriPullDeadline = 30min;

/// How often each operation was asked for, and failed.
struct CriCount {
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
};
using CriCalls = std::map<std::string, CriCount>;

/// Owner: App. Thread: the loop. Every call has a deadline of its own kind from above;
/// StopContainer and ExecSync add the request's timeout.
class CriClient {
 public:
  template <class Reply>
  using Call = async::Task<Result<Reply>>;

  virtual ~CriClient() = default;
  /// Every call that waits, and every later one, ends with kCancelled. For going down.
  virtual void close() = 0;
  virtual const CriCalls& calls() const = 0;

  virtual Call<cri::VersionResponse> version(cri::VersionRequest) = 0;
  virtual Call<cri::StatusResponse> status(cri::StatusRequest) = 0;

  virtual Call<cri::RunPodSandboxResponse> run_sandbox(cri::RunPodSandboxRequest) = 0;
  virtual Call<cri::StopPodSandboxResponse> stop_sandbox(cri::StopPodSandboxRequest) = 0;
  virtual Call<cri::RemovePodSandboxResponse> remove_sandbox(cri::RemovePodSandboxRequest) = 0;
  virtual Call<cri::PodSandboxStatusResponse> sandbox_status(cri::PodSandboxStatusRequest) = 0;
  virtual Call<cri::ListPodSandboxResponse> list_sandboxes(cri::ListPodSandboxRequest) = 0;

  virtual Call<cri::CreateContainerResponse> create_container(cri::CreateContainerRequest) = 0;
  virtual Call<cri::StartContainerResponse> start_container(cri::StartContainerRequest) = 0;
  virtual Call<cri::StopContainerResponse> stop_container(cri::StopContainerRequest) = 0;
  virtual Call<cri::RemoveContainerResponse> remove_container(cri::RemoveContainerRequest) = 0;
  virtual Call<cri::ListContainersResponse> list_containers(cri::ListContainersRequest) = 0;
  virtual Call<cri::ContainerStatusResponse> container_status(cri::ContainerStatusRequest) = 0;
  virtual Call<cri::UpdateContainerResourcesResponse> update_resources(
      cri::UpdateContainerResourcesRequest) = 0;
  virtual Call<cri::ReopenContainerLogResponse> reopen_log(cri::ReopenContainerLogRequest) = 0;
  virtual Call<cri::ExecSyncResponse> exec(cri::ExecSyncRequest) = 0;
  virtual Call<cri::ContainerStatsResponse> container_stats(cri::ContainerStatsRequest) = 0;
  virtual Call<cri::ListContainerStatsResponse> list_stats(cri::ListContainerStatsRequest) = 0;

  virtual Call<cri::ListImagesResponse> list_images(cri::ListImagesRequest) = 0;
  virtual Call<cri::ImageStatusResponse> image_status(cri::ImageStatusRequest) = 0;
  virtual Call<cri::PullImageResponse> pull_image(cri::PullImageRequest) = 0;
  virtual Call<cri::RemoveImageResponse> remove_image(cri::RemoveImageRequest) = 0;
  virtual Call<cri::ImageFsInfoResponse> image_fs_info(cri::ImageFsInfoRequest) = 0;
};

}  // namespace skerry::edged

#include "edgecore/edged/cri_grpc.h"

#include <string_view>
#include <utility>

#include "cri_v1.pb.h"
#include "edgecore/edged/grpc_channel.h"

namespace skerry::edged {
namespace {

constexpr std::string_view kRuntime = "/runtime.v1.RuntimeService/";
constexpr std::string_view kImages = "/runtime.v1.ImageService/";

std::string socket_path(std::string endpoint) {
  constexpr std::string_view kScheme = "unix://";
  if (endpoint.starts_with(kScheme)) endpoint.erase(0, kScheme.size());
  return endpoint;
}

/// Where a call goes and where it is counted; outlives the client while a call runs.
struct Wire {
  std::shared_ptr<GrpcChannel> channel;
  CriCalls calls;
};

template <class Reply>
async::Task<Result<Reply>> unary(std::shared_ptr<Wire> wire,
                                 std::string method,
                                 std::string request,
                                 Duration timeout) {
  const std::string operation = method.substr(method.rfind('/') + 1);
  const Result<std::string> bytes =
      co_await wire->channel->call(method, std::move(request), timeout);
  CriCount& count = wire->calls[operation];
  ++count.calls;
  if (!bytes && bytes.error().code != Code::kCancelled) ++count.errors;
  if (!bytes) co_return fail(bytes.error());
  Reply reply;
  if (!reply.ParseFromString(*bytes)) {
    co_return fail(Code::kMalformed, method + ": the container runtime's reply is not protobuf");
  }
  co_return reply;
}

class GrpcCriClient final : public CriClient {
 public:
  GrpcCriClient(async::Executor executor, seam::World world, std::string endpoint)
      : wire_(std::make_shared<Wire>()) {
    wire_->channel = std::make_shared<GrpcChannel>(
        std::move(executor), world, socket_path(std::move(endpoint)), kCriMessageBytesMax);
  }
  ~GrpcCriClient() override { wire_->channel->close(); }
  void close() override { wire_->channel->close(); }
  const CriCalls& calls() const override { return wire_->calls; }

  Call<cri::VersionResponse> version(cri::VersionRequest r) override {
    return runtime<cri::VersionResponse>("Version", r, kCriListDeadline);
  }
  Call<cri::StatusResponse> status(cri::StatusRequest r) override {
    return runtime<cri::StatusResponse>("Status", r, kCriListDeadline);
  }

  Call<cri::RunPodSandboxResponse> run_sandbox(cri::RunPodSandboxRequest r) override {
    return runtime<cri::RunPodSandboxResponse>("RunPodSandbox", r, kCriSandboxDeadline);
  }
  Call<cri::StopPodSandboxResponse> stop_sandbox(cri::StopPodSandboxRequest r) override {
    return runtime<cri::StopPodSandboxResponse>("StopPodSandbox", r, kCriDeadline);
  }
  Call<cri::RemovePodSandboxResponse> remove_sandbox(cri::RemovePodSandboxRequest r) override {
    return runtime<cri::RemovePodSandboxResponse>("RemovePodSandbox", r, kCriDeadline);
  }
  Call<cri::PodSandboxStatusResponse> sandbox_status(cri::PodSandboxStatusRequest r) override {
    return runtime<cri::PodSandboxStatusResponse>("PodSandboxStatus", r, kCriListDeadline);
  }
  Call<cri::ListPodSandboxResponse> list_sandboxes(cri::ListPodSandboxRequest r) override {
    return runtime<cri::ListPodSandboxResponse>("ListPodSandbox", r, kCriListDeadline);
  }

  Call<cri::CreateContainerResponse> create_container(cri::CreateContainerRequest r) override {
    return runtime<cri::CreateContainerResponse>("CreateContainer", r, kCriDeadline);
  }
  Call<cri::StartContainerResponse> start_container(cri::StartContainerRequest r) override {
    return runtime<cri::StartContainerResponse>("StartContainer", r, kCriDeadline);
  }
  Call<cri::StopContainerResponse> stop_container(cri::StopContainerRequest r) override {
    const std::chrono::seconds grace(r.timeout());
    return runtime<cri::StopContainerResponse>("StopContainer", r, kCriDeadline + grace);
  }
  Call<cri::RemoveContainerResponse> remove_container(cri::RemoveContainerRequest r) override {
    return runtime<cri::RemoveContainerResponse>("RemoveContainer", r, kCriDeadline);
  }
  Call<cri::ListContainersResponse> list_containers(cri::ListContainersRequest r) override {
    return runtime<cri::ListContainersResponse>("ListContainers", r, kCriListDeadline);
  }
  Call<cri::ContainerStatusResponse> container_status(cri::ContainerStatusRequest r) override {
    return runtime<cri::ContainerStatusResponse>("ContainerStatus", r, kCriListDeadline);
  }
  Call<cri::UpdateContainerResourcesResponse> update_resources(
      cri::UpdateContainerResourcesRequest r) override {
    return runtime<cri::UpdateContainerResourcesResponse>("UpdateContainerResources", r,
                                                          kCriDeadline);
  }
  Call<cri::ReopenContainerLogResponse> reopen_log(cri::ReopenContainerLogRequest r) override {
    return runtime<cri::ReopenContainerLogResponse>("ReopenContainerLog", r, kCriListDeadline);
  }
  Call<cri::ExecSyncResponse> exec(cri::ExecSyncRequest r) override {
    const std::chrono::seconds timeout(r.timeout());
    return runtime<cri::ExecSyncResponse>("ExecSync", r, kCriListDeadline + timeout);
  }
  Call<cri::ContainerStatsResponse> container_stats(cri::ContainerStatsRequest r) override {
    return runtime<cri::ContainerStatsResponse>("ContainerStats", r, kCriListDeadline);
  }
  Call<cri::ListContainerStatsResponse> list_stats(cri::ListContainerStatsRequest r) override {
    return runtime<cri::ListContainerStatsResponse>("ListContainerStats", r, kCriListDeadline);
  }

  Call<cri::ListImagesResponse> list_images(cri::ListImagesRequest r) override {
    return image<cri::ListImagesResponse>("ListImages", r, kCriListDeadline);
  }
  Call<cri::ImageStatusResponse> image_status(cri::ImageStatusRequest r) override {
    return image<cri::ImageStatusResponse>("ImageStatus", r, kCriListDeadline);
  }
  Call<cri::PullImageResponse> pull_image(cri::PullImageRequest r) override {
    return image<cri::PullImageResponse>("PullImage", r, kCriPullDeadline);
  }
  Call<cri::RemoveImageResponse> remove_image(cri::RemoveImageRequest r) override {
    return image<cri::RemoveImageResponse>("RemoveImage", r, kCriDeadline);
  }
  Call<cri::ImageFsInfoResponse> image_fs_info(cri::ImageFsInfoRequest r) override {
    return image<cri::ImageFsInfoResponse>("ImageFsInfo", r, kCriListDeadline);
  }

 private:
  template <class Reply, class Request>
  Call<Reply> runtime(std::string_view method, const Request& request, Duration timeout) {
    return unary<Reply>(wire_, std::string(kRuntime).append(method), request.SerializeAsString(),
                        timeout);
  }
  template <class Reply, class Request>
  Call<Reply> image(std::string_view method, const Request& request, Duration timeout) {
    return unary<Reply>(wire_, std::string(kImages).append(method), request.SerializeAsString(),
                        timeout);
  }

  std::shared_ptr<Wire> wire_;
};

}  // namespace

std::unique_ptr<CriClient> make_cri_client(async::Executor executor,
                                           seam::World world,
                                           std::string endpoint) {
  return std::make_unique<GrpcCriClient>(std::move(executor), world, std::move(endpoint));
}

}  // namespace skerry::edged

#include "edgecore/edged/pod_images.h"

#include "cri_v1.pb.h"
#include "edgecore/edged/image_reference.h"

namespace skerry::edged {
namespace {

constexpr auto kRetry = std::chrono::seconds(10);
constexpr auto kTurnPoll = std::chrono::milliseconds(200);

}  // namespace

PodImages::PodImages(seam::World world, CriClient& runtime, EventRecorder& events)
    : world_(world), runtime_(runtime), events_(events) {}

ImageOutcome PodImages::refuse(Waiting waiting, Duration retry_after) {
  ImageOutcome out;
  out.waiting = std::move(waiting);
  out.retry_at = world_.clock.now() + retry_after;
  return out;
}

async::Task<ImageOutcome> PodImages::ensure(PodPtr pod,
                                            std::string container,
                                            std::vector<RegistryAuth> auths) {
  const ContainerSpec& spec = *pod->container(container);
  const Result<std::string> image = with_default_tag(spec.image);
  if (!image) co_return refuse({"InvalidImageName", image.error().what}, kRetry);
  const Result<ImageOutcome> found = co_await find(*image);
  if (!found) co_return refuse({"ImageInspectError", found.error().what}, kRetry);
  switch (should_pull(spec.pull_policy, !found->image_id.empty())) {
    case PullDecision::kUse:
      events_.record({pod, container, EventType::kNormal, "Pulled", present_message(spec.image)});
      co_return *found;
    case PullDecision::kNever:
      events_.record({pod, container, EventType::kWarning, "ErrImageNeverPull",
                      never_pull_message(spec.image)});
      co_return refuse({"ErrImageNeverPull", never_pull_message(spec.image)}, kRetry);
    case PullDecision::kPull:
      break;
  }
  co_return co_await pull(pod, container, std::move(auths));
}

async::Task<Result<ImageOutcome>> PodImages::find(std::string image) {
  cri::ImageStatusRequest request;
  request.mutable_image()->set_image(image);
  const Result<cri::ImageStatusResponse> reply = co_await runtime_.image_status(request);
  if (!reply) co_return fail(reply.error());
  ImageOutcome out;
  out.image_id = reply->image().id();
  out.size_bytes = reply->image().size();
  out.username = reply->image().username();
  if (reply->image().has_uid()) out.uid = reply->image().uid().value();
  co_return out;
}

async::Task<ImageOutcome> PodImages::pull(PodPtr pod,
                                          std::string container,
                                          std::vector<RegistryAuth> auths) {
  const std::string image = pod->container(container)->image;
  const std::string full_name = with_default_tag(image).value_or(image);
  const PullBackoff::Key key{pod->uid, full_name};
  const TimePoint allowed = backoff_.allowed_at(key);
  if (allowed > world_.clock.now()) {
    events_.record({pod, container, EventType::kNormal, "BackOff", back_off_message(image)});
    Waiting backing_off{"ImagePullBackOff",
                        back_off_message(image) + ": ErrImagePull: " + backoff_.last_failure(key)};
    co_return refuse(std::move(backing_off), allowed - world_.clock.now());
  }
  while (pulling_ >= kPullsMax) co_await async::sleep_for(kTurnPoll);
  events_.record({pod, container, EventType::kNormal, "Pulling", pulling_message(image)});
  const TimePoint began = world_.clock.now();
  ++pulling_;
  const Result<std::string> pulled =
      co_await pull_once(full_name, credentials_for(auths, full_name));
  --pulling_;
  if (!pulled) {
    const std::string why = pulled.error().what;
    backoff_.on_failure(key, world_.clock.now(), why);
    events_.record(
        {pod, container, EventType::kWarning, "Failed", pull_failed_message(image, why)});
    events_.record({pod, container, EventType::kWarning, "Failed", "Error: ErrImagePull"});
    // Looked at again before the backoff ends, so that the status says ImagePullBackOff.
    co_return refuse({"ErrImagePull", why}, std::chrono::seconds(2));
  }
  backoff_.on_success(key);
  const Result<ImageOutcome> found = co_await find(full_name);
  if (!found || found->image_id.empty()) {
    co_return refuse({"ErrImagePull", "the pulled image is not there: " + image}, kRetry);
  }
  events_.record({pod, container, EventType::kNormal, "Pulled",
                  pulled_message(image, world_.clock.now() - began, found->size_bytes)});
  co_return *found;
}

async::Task<Result<std::string>> PodImages::pull_once(std::string image,
                                                      std::vector<RegistryAuth> auths) {
  cri::PullImageRequest request;
  request.mutable_image()->set_image(image);
  Result<cri::PullImageResponse> reply = fail(Code::kInternal, "nothing was tried");
  if (auths.empty()) reply = co_await runtime_.pull_image(request);
  for (const RegistryAuth& auth : auths) {
    request.mutable_auth()->set_username(auth.username);
    request.mutable_auth()->set_password(auth.password);
    reply = co_await runtime_.pull_image(request);
    if (reply) break;
  }
  if (!reply) co_return fail(reply.error());
  co_return reply->image_ref();
}

}  // namespace skerry::edged

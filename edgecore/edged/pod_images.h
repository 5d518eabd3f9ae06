// Makes a container's image present, by its pull policy. Source: kubelet 1.34, pkg/kubelet/images.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "edgecore/edged/cri_client.h"
#include "edgecore/edged/events.h"
#include "edgecore/edged/image_credentials.h"
#include "edgecore/edged/image_policy.h"
#include "edgecore/edged/pod_status.h"

namespace skerry::edged {

struct ImageOutcome {
  std::string image;                // as the spec names it
  std::uint64_t size_bytes = 0;
  std::string image_id;             // empty: not to be had, see `waiting`
  std::optional<std::int64_t> uid;  // the image's own user, for runAsNonRoot
  std::string username;
  Waiting waiting;  // ErrImagePull, ImagePullBackOff, ErrImageNeverPull, ...
  TimePoint retry_at{};
};

/// Owner: Edged. Thread: the loop. At most kPullsMax pulls at a time; others wait their turn.
class PodImages {
 public:
  PodImages(seam::World world, CriClient& runtime, EventRecorder& events);

  static constexpr int kPullsMax = 3;

  /// Comes back when the image is there or cannot be had now. Does not outlive its caller's
  /// runtime.
  async::Task<ImageOutcome> ensure(PodPtr pod,
                                   std::string container,
                                   std::vector<RegistryAuth> auths);
  void forget(const Uid& pod) { backoff_.forget(pod); }

 private:
  async::Task<Result<ImageOutcome>> find(std::string image);
  async::Task<ImageOutcome> pull(PodPtr pod,
                                 std::string container,
                                 std::vector<RegistryAuth> auths);
  async::Task<Result<std::string>> pull_once(std::string image, std::vector<RegistryAuth> auths);
  ImageOutcome refuse(Waiting waiting, Duration retry_after);

  seam::World world_;
  CriClient& runtime_;
  EventRecorder& events_;
  PullBackoff backoff_;
  int pulling_ = 0;
};

}  // namespace skerry::edged

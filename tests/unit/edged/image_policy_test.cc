#include "edgecore/edged/image_policy.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edged;

TEST_CASE("ImagePolicy: when an image is pulled", "[edged]") {
  CHECK(should_pull(ImagePullPolicy::kAlways, true) == PullDecision::kPull);
  CHECK(should_pull(ImagePullPolicy::kAlways, false) == PullDecision::kPull);
  CHECK(should_pull(ImagePullPolicy::kIfNotPresent, true) == PullDecision::kUse);
  CHECK(should_pull(ImagePullPolicy::kIfNotPresent, false) == PullDecision::kPull);
  CHECK(should_pull(ImagePullPolicy::kNever, true) == PullDecision::kUse);
  CHECK(should_pull(ImagePullPolicy::kNever, false) == PullDecision::kNever);
}

TEST_CASE("ImagePolicy: a tag that moves is pulled each time", "[edged]") {
  CHECK(default_pull_policy("busybox") == ImagePullPolicy::kAlways);
  CHECK(default_pull_policy("busybox:latest") == ImagePullPolicy::kAlways);
  CHECK(default_pull_policy("reg.io:5000/busybox") == ImagePullPolicy::kAlways);
  CHECK(default_pull_policy("busybox:1.36") == ImagePullPolicy::kIfNotPresent);
  CHECK(default_pull_policy("busybox@sha256:" + std::string(64, 'a')) ==
        ImagePullPolicy::kIfNotPresent);
}

TEST_CASE("ImagePolicy: messages as the kubelet writes them", "[edged]") {
  CHECK(pulling_message("a") == "Pulling image \"a\"");
  CHECK(present_message("a") == "Container image \"a\" already present on machine");
  CHECK(never_pull_message("a") ==
        "Container image \"a\" is not present with pull policy of Never");
  CHECK(back_off_message("a") == "Back-off pulling image \"a\"");
  CHECK(pull_failed_message("a", "why") == "Failed to pull image \"a\": why");
  CHECK(pulled_message("a", 1234ms, 99) ==
        "Successfully pulled image \"a\" in 1.234s (1.234s including waiting). Image size: 99 "
        "bytes.");
  CHECK(pulled_message("a", 87ms, 1).find("in 87ms (") != std::string::npos);
}

TEST_CASE("PullBackoff: doubles from ten seconds to five minutes and is forgotten", "[edged]") {
  PullBackoff backoff;
  const PullBackoff::Key key{Uid("u"), "a"};
  TimePoint now{std::chrono::hours(1)};
  CHECK(backoff.allowed_at(key) <= now);
  for (const auto want : {10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
    backoff.on_failure(key, now, "no such image");
    CHECK(backoff.allowed_at(key) == now + want);
    now += want;
  }
  const PullBackoff::Key other{Uid("u"), "b"};
  CHECK(backoff.allowed_at(other) <= now);
  backoff.on_success(key);
  CHECK(backoff.allowed_at(key) <= now);
  backoff.on_failure(key, now, "no such image");
  CHECK(backoff.allowed_at(key) == now + 10s);
  backoff.on_failure(other, now + 11min, "");  // by then the first is forgotten
  CHECK(backoff.size() == 1);
  backoff.forget(Uid("u"));
  CHECK(backoff.size() == 0);
}

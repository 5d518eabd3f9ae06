// Names of images. Pure. Source: distribution/reference, as the kubelet uses it.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace skerry::edged {

struct ImageReference {
  std::string registry;    // "docker.io", "registry.local:5000"
  std::string repository;  // "library/busybox"
  std::string tag;         // "latest" when neither tag nor digest was given
  std::string digest;      // "sha256:..."; empty: none

  /// "docker.io/library/busybox:latest"
  std::string text() const;
};

/// Errors: kMalformed, with the kubelet's words for an InvalidImageName.
Result<ImageReference> parse_image(std::string_view name);

/// The name that is asked of the runtime: ":latest" added where neither tag nor digest is given,
/// else unchanged. Errors: kMalformed.
Result<std::string> with_default_tag(std::string_view name);

}  // namespace skerry::edged

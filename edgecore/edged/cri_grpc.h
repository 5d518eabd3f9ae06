// CriClient over gRPC frames on a unix socket. No thread: it lives on the loop.
#pragma once

#include <memory>
#include <string>

#include "common/async/task.h"
#include "common/seam/world.h"
#include "edgecore/edged/cri_client.h"

namespace skerry::edged {

/// `endpoint`: "unix:///run/containerd/containerd.sock" or a path. Connects at the first call and
/// again after a loss; a call never waits for a runtime that is away, it returns kUnavailable.
std::unique_ptr<CriClient> make_cri_client(async::Executor executor,
                                           seam::World world,
                                           std::string endpoint);

}  // namespace skerry::edged

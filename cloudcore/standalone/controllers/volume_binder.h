// Binds PersistentVolumeClaims to PersistentVolumes that are there, and lets volumes go when their
// claim has gone: retained, or deleted with the volume's object. What a volume holds is its node's
// matter; nothing is provisioned.
//
// Owner: ControllerSet. Thread: the API's loop. Source: pkg/controller/volume/persistentvolume, as
// behaviour.
#pragma once

#include <memory>

#include "cloudcore/standalone/controllers/controller.h"

namespace skerry::standalone {

std::unique_ptr<Controller> make_volume_binder(ApiClient& client, seam::World world);

}  // namespace skerry::standalone

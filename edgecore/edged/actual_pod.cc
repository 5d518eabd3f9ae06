#include "edgecore/edged/actual_pod.h"

#include <algorithm>

namespace skerry::edged {

const ActualContainer* ActualPod::newest(std::string_view name) const {
  const auto found = std::find_if(containers.begin(), containers.end(),
                                  [name](const ActualContainer& c) { return c.name == name; });
  return found == containers.end() ? nullptr : &*found;
}

const ActualContainer* ActualPod::in_sandbox(std::string_view name,
                                             std::string_view sandbox_id) const {
  const auto found = std::find_if(
      containers.begin(), containers.end(),
      [&](const ActualContainer& c) { return c.name == name && c.sandbox_id == sandbox_id; });
  return found == containers.end() ? nullptr : &*found;
}

ActualContainer* ActualPod::find(std::string_view id) {
  const auto found = std::find_if(containers.begin(), containers.end(),
                                  [id](const ActualContainer& c) { return c.id == id; });
  return found == containers.end() ? nullptr : &*found;
}

bool ActualPod::anything_runs() const {
  const auto runs = [](const ActualContainer& c) { return c.state == ContainerState::kRunning; };
  return std::any_of(containers.begin(), containers.end(), runs);
}

}  // namespace skerry::edged

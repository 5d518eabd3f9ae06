#include "edgecore/edged/actual_state.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>

#include "edgecore/edged/cri_config.h"

namespace skerry::edged {
namespace {

using StringFields = google::protobuf::Map<std::string, std::string>;

std::string field(const StringFields& map, const char* key) {
  const auto found = map.find(key);
  return found == map.end() ? std::string() : found->second;
}

WallTime from_nanoseconds(std::int64_t count) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::nanoseconds(count)));
}

ContainerState state_of(cri::ContainerState state) {
  switch (state) {
    case cri::CONTAINER_CREATED:
      return ContainerState::kCreated;
    case cri::CONTAINER_RUNNING:
      return ContainerState::kRunning;
    case cri::CONTAINER_EXITED:
      return ContainerState::kExited;
    default:
      return ContainerState::kUnknown;
  }
}

ActualSandbox from_list(const cri::PodSandbox& item) {
  ActualSandbox out;
  out.id = item.id();
  out.attempt = item.metadata().attempt();
  out.ready = item.state() == cri::SANDBOX_READY;
  out.created = from_nanoseconds(item.created_at());
  return out;
}

ActualContainer from_list(const cri::Container& item) {
  ActualContainer out;
  out.id = item.id();
  out.name = field(item.labels(), kContainerNameLabel);
  out.sandbox_id = item.pod_sandbox_id();
  out.attempt = item.metadata().attempt();
  out.state = state_of(item.state());
  out.hash = field(item.annotations(), kContainerHash);
  out.created = from_nanoseconds(item.created_at());
  return out;
}

template <class Item>
void newest_first(std::vector<Item>& items) {
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return std::tie(a.created, a.attempt) > std::tie(b.created, b.attempt);
  });
}

/// containerd's verbose info is JSON that is mostly the OCI spec; only the pid is wanted.
int pid_of(const StringFields& info) {
  const std::string text = field(info, "info");
  constexpr std::string_view kKey = "\"pid\":";
  const std::size_t at = text.find(kKey);
  if (at == std::string::npos) return 0;
  int pid = 0;
  const char* begin = text.data() + at + kKey.size();
  std::from_chars(begin, text.data() + text.size(), pid);
  return pid;
}

}  // namespace

std::map<Uid, ListedPod> group_by_pod(const cri::ListPodSandboxResponse& sandboxes,
                                      const cri::ListContainersResponse& containers) {
  std::map<Uid, ListedPod> pods;
  for (const cri::PodSandbox& item : sandboxes.items()) {
    const std::string uid = field(item.labels(), kPodUidLabel);
    if (uid.empty()) continue;
    ListedPod& pod = pods[Uid(uid)];
    pod.ns = field(item.labels(), kPodNamespaceLabel);
    pod.name = field(item.labels(), kPodNameLabel);
    pod.node = field(item.annotations(), kNodeAnnotation);
    pod.pod.sandboxes.push_back(from_list(item));
  }
  for (const cri::Container& item : containers.containers()) {
    const std::string uid = field(item.labels(), kPodUidLabel);
    if (!uid.empty()) pods[Uid(uid)].pod.containers.push_back(from_list(item));
  }
  for (auto& [uid, pod] : pods) {
    newest_first(pod.pod.sandboxes);
    newest_first(pod.pod.containers);
  }
  return pods;
}

void apply_status(ActualContainer& container, const cri::ContainerStatusResponse& reply) {
  const cri::ContainerStatus& status = reply.status();
  container.state = state_of(status.state());
  container.started = from_nanoseconds(status.started_at());
  container.finished = from_nanoseconds(status.finished_at());
  container.exit_code = status.exit_code();
  container.reason = status.reason();
  container.message = status.message();
  container.image = field(status.annotations(), kImageAnnotation);
  if (container.image.empty()) container.image = status.image().image();
  container.image_ref = status.image_ref();
  container.log_path = status.log_path();
  container.known = true;
  container.pid = container.state == ContainerState::kRunning ? pid_of(reply.info()) : 0;
  const std::string inside = field(status.annotations(), kMessagePath);
  for (const cri::Mount& mount : status.mounts()) {
    if (!inside.empty() && mount.container_path() == inside) {
      container.message_path = mount.host_path();
    }
  }
}

void apply_status(ActualSandbox& sandbox, const cri::PodSandboxStatusResponse& reply) {
  const cri::PodSandboxStatus& status = reply.status();
  sandbox.ready = status.state() == cri::SANDBOX_READY;
  sandbox.host_network = status.linux().namespaces().options().network() == cri::NODE;
  sandbox.ips.clear();
  if (!status.network().ip().empty()) sandbox.ips.push_back(status.network().ip());
  for (const cri::PodIP& ip : status.network().additional_ips()) sandbox.ips.push_back(ip.ip());
}

bool same_shape(const ActualPod& a, const ActualPod& b) {
  using Shape = std::set<std::pair<std::string, int>>;
  const auto shape = [](const ActualPod& pod) {
    Shape out;
    for (const ActualSandbox& s : pod.sandboxes) out.emplace(s.id, s.ready ? 1 : 0);
    for (const ActualContainer& c : pod.containers)
      out.emplace(c.id, 10 + static_cast<int>(c.state));
    return out;
  };
  return shape(a) == shape(b);
}

}  // namespace skerry::edged

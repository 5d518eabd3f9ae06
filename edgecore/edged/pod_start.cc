// Starting what plan_pod() asks for: volumes, sandbox, images, containers.
#include <algorithm>

#include "common/base/log.h"
#include "edgecore/edged/actual_state.h"
#include "edgecore/edged/pod_dns.h"
#include "edgecore/edged/pod_files.h"
#include "edgecore/edged/pod_worker.h"
#include "edgecore/edged/small_file.h"
#include "edgecore/edged/volume_mounts.h"

namespace skerry::edged {
namespace {

constexpr auto kStartRetry = std::chrono::seconds(10);
constexpr auto kMountRetry = std::chrono::seconds(30);  // an object that arrives wakes at once
constexpr auto kHookTimeout = std::chrono::minutes(2);
constexpr std::size_t kDeadContainersKept = 1;  // per name; kubelet's maxPerPodContainer
constexpr int kLogDirectoryMode = 0755;

bool mounts_at(const ContainerSpec& container, const std::string& path) {
  return std::any_of(container.mounts.begin(), container.mounts.end(),
                     [&](const VolumeMount& mount) { return mount.mount_path == path; });
}

}  // namespace

// ---- inputs and volumes ----------------------------------------------------------------------

async::Task<PodWorker::Inputs> PodWorker::load_inputs(Self self) {
  Inputs inputs;
  const PodPtr pod = self->pod_;
  for (const k8s::ObjectKey& key : referenced_objects(*pod)) {
    const auto stored = co_await self->services_.meta.get(key);
    if (!stored || !*stored) continue;
    const Result<ObjectDataPtr> data = parse_object_data(key.kind, *(*stored)->object->json);
    if (data)
      inputs.objects.emplace(key, *data);
    else
      log::warning("object cannot be used", {{"object", key.text()}, data.error()});
  }
  for (const TokenNeed& need : token_needs(*pod)) {
    // Named, not braced inside the co_await: g++ 12 destroys such an aggregate twice.
    const lane::TokenSlot slot{pod->uid, need.volume, need.path};
    const auto grant = co_await self->services_.meta.token(slot);
    if (!grant || !*grant || (*grant)->token.empty()) continue;
    inputs.tokens.add({need.volume, need.path}, **grant,
                      self->services_.config.offline_credential_lease,
                      self->services_.world.clock.wall());
  }
  co_return inputs;
}

/// Called when the files say so already.
void PodWorker::tell_ended_tokens(const ServedTokens& tokens) {
  token_lease_end_ = tokens.next_end;
  for (const ServedTokens::Place& place : tokens.ended) {
    const bool told =
        std::find(tokens_ended_.begin(), tokens_ended_.end(), place) != tokens_ended_.end();
    if (told) continue;
    event(EventType::kWarning, "", "ServiceAccountTokenExpired",
          "The token of volume \"" + place.first +
              "\" expired and could not be renewed within the offline lease: its file is removed "
              "until the cloud renews it");
  }
  tokens_ended_ = tokens.ended;
}

VolumeInputs PodWorker::volume_inputs() const {
  const Inputs& inputs = *inputs_;
  VolumeInputs out;
  out.objects = [&inputs, ns = pod_->ns](k8s::Kind kind, const std::string& name) -> ObjectDataPtr {
    const auto found = inputs.objects.find({kind, ns, name});
    return found == inputs.objects.end() ? nullptr : found->second;
  };
  out.token = [&inputs](const std::string& volume,
                        const std::string& path) -> std::optional<std::string> {
    const auto found = inputs.tokens.tokens.find({volume, path});
    if (found == inputs.tokens.tokens.end()) return std::nullopt;
    return found->second;
  };
  out.facts = facts();
  return out;
}

PodFacts PodWorker::facts() const {
  PodFacts out = services_.config.node_facts;
  const ActualSandbox* sandbox = actual_.sandbox();
  if (pod_->host_network)
    out.pod_ips = out.host_ips;
  else if (sandbox != nullptr)
    out.pod_ips = sandbox->ips;
  return out;
}

/// False: something is missing; said by an event, tried again when an object arrives.
async::Task<bool> PodWorker::set_up_volumes(Self self) {
  self->volumes_stale_ = false;
  self->inputs_ = co_await load_inputs(self);
  Result<VolumeSet> set = self->services_.volumes.set_up(*self->pod_, self->volume_inputs());
  if (!set) {
    self->event(EventType::kWarning, "", "FailedMount", set.error().what);
    self->retry_in(kMountRetry);
    self->volumes_stale_ = true;
    co_return false;
  }
  self->volume_set_ = std::move(*set);
  self->tell_ended_tokens(self->inputs_->tokens);
  co_return true;
}

// ---- sandbox ---------------------------------------------------------------------------------

cri::PodSandboxConfig PodWorker::sandbox_message(std::uint32_t attempt) const {
  const DnsConfig host_dns =
      parse_resolv_conf(read_small_file(services_.config.resolv_conf).value_or(""));
  return sandbox_config({*pod_, services_.config, host_dns, attempt});
}

/// The first images are looked for, or pulled, while the sandbox is made.
void PodWorker::prefetch_images() {
  const auto& first = pod_->init_containers.empty() ? pod_->containers : pod_->init_containers;
  for (const ContainerSpec& container : first) {
    const bool has_one = images_.count(container.name) + image_tasks_.count(container.name) > 0;
    if (!has_one)
      tasks_.spawn("image " + container.name, ensure_image(shared_from_this(), container.name));
    if (container.init) return;
  }
}

/// What would hold up the sandbox before it, and the containers after it.
async::Task<void> PodWorker::beside_sandbox(Self self) {
  self->report_pending();
  const std::string pod_dir = self->services_.volumes.pod_dir(self->uid_);
  for (const ContainerSpec& container : self->pod_->containers) {
    const bool first_start = self->record_.containers.count(container.name) == 0;
    if (!first_start || container.termination_message_path.empty()) continue;
    // An error comes again, and is told, where the file is mounted.
    (void)make_message_file(pod_dir, container.name, 0);
  }
  co_return;
}

async::Task<void> PodWorker::create_sandbox(Self self, std::uint32_t attempt) {
  if (!self->volume_set_ || self->volumes_stale_) {
    if (!co_await set_up_volumes(self)) co_return;
  }
  const PodPtr pod = self->pod_;
  if (attempt > 0) {
    self->event(EventType::kNormal, "", "SandboxChanged",
                "Pod sandbox changed, it will be killed and re-created.");
  }
  Result<void> ready = self->services_.cgroups.ensure_pod(*pod);
  cri::RunPodSandboxRequest request;
  *request.mutable_config() = self->sandbox_message(attempt);
  if (ready) ready = make_directory(request.config().log_directory(), kLogDirectoryMode);
  self->prefetch_images();
  self->tasks_.spawn("beside the sandbox", beside_sandbox(self));
  Result<cri::RunPodSandboxResponse> made = fail(Code::kInternal, "not tried");
  if (ready)
    made = co_await self->services_.runtime.run_sandbox(request);
  else
    made = fail(ready.error());
  if (!made) {
    self->event(EventType::kWarning, "", "FailedCreatePodSandBox",
                "Failed to create pod sandbox: " + made.error().what);
    self->look_needed_ = true;  // a half-made one takes the attempt's number
    self->retry_in(kMountRetry);
    co_return;
  }
  ActualSandbox sandbox;
  sandbox.id = made->pod_sandbox_id();
  sandbox.attempt = attempt;
  sandbox.ready = true;
  sandbox.created = self->services_.world.clock.wall();
  cri::PodSandboxStatusRequest status;
  status.set_pod_sandbox_id(sandbox.id);
  const auto seen = co_await self->services_.runtime.sandbox_status(status);
  if (seen)
    apply_status(sandbox, *seen);
  else
    self->look_needed_ = true;
  self->actual_.sandboxes.insert(self->actual_.sandboxes.begin(), std::move(sandbox));
  self->wake_.notify();
}

// ---- containers ------------------------------------------------------------------------------

async::Task<void> PodWorker::ensure_image(Self self, std::string name) {
  self->image_tasks_.insert(name);
  const PodPtr pod = self->pod_;
  std::vector<RegistryAuth> auths;
  for (const std::string& secret : pod->image_pull_secrets) {
    const k8s::ObjectKey secret_key{k8s::Kind::kSecret, pod->ns, secret};
    const auto stored = co_await self->services_.meta.get(secret_key);
    if (!stored || !*stored) continue;
    const Result<ObjectDataPtr> data =
        parse_object_data(k8s::Kind::kSecret, *(*stored)->object->json);
    if (!data) continue;
    const Result<std::vector<RegistryAuth>> found = parse_pull_secret(**data);
    if (found) auths.insert(auths.end(), found->begin(), found->end());
  }
  ImageOutcome outcome = co_await self->services_.images.ensure(pod, name, std::move(auths));
  outcome.image = pod->container(name)->image;
  self->images_[name] = std::move(outcome);
  self->image_tasks_.erase(name);
  self->wake_.notify();
}

void PodWorker::start_failed(const std::string& name, Waiting waiting, Duration retry_after) {
  event(EventType::kWarning, name, "Failed", "Error: " + waiting.message);
  waiting_[name] = std::move(waiting);
  not_before_[name] = services_.world.clock.now() + retry_after;
}

async::Task<void> PodWorker::start_container(Self self, std::string name, std::uint32_t attempt) {
  const TimePoint now = self->services_.world.clock.now();
  const auto barred = self->not_before_.find(name);
  if (barred != self->not_before_.end() && barred->second > now) co_return;
  if (self->image_tasks_.count(name) > 0) co_return;
  const ContainerSpec* spec = self->pod_->container(name);
  if (spec == nullptr) co_return;
  const auto found = self->images_.find(name);
  if (found == self->images_.end() || found->second.image != spec->image) {
    self->tasks_.spawn("image " + name, ensure_image(self, name));
    co_return;
  }
  const ImageOutcome image = found->second;
  if (image.image_id.empty()) {
    self->images_.erase(found);
    self->waiting_[name] = image.waiting;
    self->not_before_[name] = image.retry_at;
    co_return;
  }
  co_await create_and_start(self, name, attempt);
}

Result<std::vector<BindMount>> PodWorker::bind_mounts(const ContainerSpec& container,
                                                      const EnvList& env,
                                                      std::uint32_t attempt) {
  std::vector<BindMount> mounts;
  for (std::size_t i = 0; i < container.mounts.size(); ++i) {
    const Result<std::string> source =
        services_.volumes.mount_source(*pod_, container, i, env, *volume_set_);
    if (!source) return fail(source.error());
    const VolumeMount& mount = container.mounts[i];
    mounts.push_back({*source, mount.mount_path, mount.read_only, mount.propagation});
  }
  const std::string pod_dir = services_.volumes.pod_dir(uid_);
  // Without aliases the runtime itself gives a pod on the host's network the host's file.
  const bool own_hosts = !pod_->host_network || !pod_->host_aliases.empty();
  if (own_hosts && !mounts_at(container, "/etc/hosts")) {
    const std::string hosts = pod_dir + "/etc-hosts";
    const std::string content =
        pod_->host_network
            ? hosts_file_of_host(*pod_, read_small_file("/etc/hosts").value_or(""))
            : hosts_file(*pod_, facts().pod_ips, services_.config.cluster_domain);
    if (const Result<void> put = put_file(hosts, content, 0644); !put) return fail(put.error());
    mounts.push_back({hosts, "/etc/hosts", false, VolumeMount::Propagation::kNone});
  }
  if (!container.termination_message_path.empty()) {
    const Result<std::string> file = make_message_file(pod_dir, container.name, attempt);
    if (!file) return fail(file.error());
    mounts.push_back(
        {*file, container.termination_message_path, false, VolumeMount::Propagation::kNone});
  }
  return mounts;
}

async::Task<void> PodWorker::create_and_start(Self self, std::string name, std::uint32_t attempt) {
  if (!self->volume_set_ || self->volumes_stale_) {
    if (!co_await set_up_volumes(self)) co_return;
  }
  if (!self->inputs_) self->inputs_ = co_await load_inputs(self);
  const PodPtr pod = self->pod_;
  const ContainerSpec* spec = pod->container(name);
  const ActualSandbox* sandbox = self->actual_.sandbox();
  if (spec == nullptr || sandbox == nullptr) co_return;
  const ImageOutcome image = self->images_.at(name);
  self->images_.erase(name);

  const PodFacts facts = self->facts();
  const VolumeInputs volumes = self->volume_inputs();
  const Result<EnvList> env = expand_env({*pod, *spec, facts, volumes.objects});
  if (!env) {
    self->start_failed(name, {"CreateContainerConfigError", env.error().what}, kStartRetry);
    co_return;
  }
  cri::Image user;
  user.set_username(image.username);
  if (image.uid) user.mutable_uid()->set_value(*image.uid);
  const Result<void> non_root = check_non_root(*pod, *spec, user);
  const Result<std::vector<BindMount>> mounts =
      non_root ? self->bind_mounts(*spec, *env, attempt) : fail(non_root.error());
  if (!mounts) {
    self->start_failed(name, {"CreateContainerConfigError", mounts.error().what}, kStartRetry);
    co_return;
  }
  cri::CreateContainerRequest create;
  create.set_pod_sandbox_id(sandbox->id);
  *create.mutable_config() = container_config(
      {*pod, *spec, self->services_.config, attempt, image.image_id, *env, *mounts});
  *create.mutable_sandbox_config() = self->sandbox_message(sandbox->attempt);
  const auto created = co_await self->services_.runtime.create_container(create);
  if (!created) {
    self->look_needed_ = true;
    self->start_failed(name, {"CreateContainerError", created.error().what}, kStartRetry);
    co_return;
  }
  self->event(EventType::kNormal, name, "Created", "Created container: " + name);

  const std::string id = created->container_id();
  ContainerRecord& record = self->record_.containers[name];
  if (record.end)
    record.backoff.on_restart(record.end->finished, self->services_.world.clock.wall());
  ActualContainer actual;
  actual.id = id;
  actual.name = name;
  actual.sandbox_id = create.pod_sandbox_id();
  actual.attempt = attempt;
  actual.state = ContainerState::kCreated;
  actual.hash = spec->hash;
  actual.created = self->services_.world.clock.wall();
  self->actual_.containers.insert(self->actual_.containers.begin(), std::move(actual));
  self->ours_.insert(id);

  cri::StartContainerRequest start;
  start.set_container_id(id);
  const auto started = co_await self->services_.runtime.start_container(start);
  const Result<void> looked = co_await look_at_container(self, id);
  if (!looked) self->look_needed_ = true;
  self->wake_.notify();
  const ActualContainer* made = self->actual_.find(id);
  const bool runs = made != nullptr && made->state == ContainerState::kRunning;
  if (!started && !runs) {  // it may run although the answer was lost
    self->start_failed(name, {"RunContainerError", started.error().what}, kStartRetry);
    co_return;
  }
  self->waiting_.erase(name);
  self->not_before_.erase(name);
  self->event(EventType::kNormal, name, "Started", "Started container " + name);
  if (spec->post_start) co_await run_post_start(self, name, id);
  co_await collect_garbage(self, name);
}

async::Task<void> PodWorker::run_post_start(Self self, std::string name, std::string id) {
  const PodPtr pod = self->pod_;
  const ContainerSpec& spec = *pod->container(name);
  if (const auto* sleep = std::get_if<SleepAction>(&*spec.post_start)) {
    co_await pause(self, std::min<Duration>(sleep->duration, kHookTimeout));
    co_return;
  }
  const auto* exec = std::get_if<ExecAction>(&*spec.post_start);
  if (exec == nullptr) co_return;  // refused by admit()
  cri::ExecSyncRequest request;
  request.set_container_id(id);
  request.set_timeout(std::chrono::seconds(kHookTimeout).count());
  for (const std::string& word : exec->command) request.add_cmd(word);
  const auto done = co_await self->services_.runtime.exec(request);
  if (done && done->exit_code() == 0) co_return;
  const std::string why =
      done ? "exit code " + std::to_string(done->exit_code()) : done.error().what;
  self->event(EventType::kWarning, name, "FailedPostStartHook", "PostStartHook failed: " + why);
  self->begin_kill({id, name, pod->termination_grace, "FailedPostStartHook"});
}

/// Of each container's ended predecessors one is kept for its log and last state, as by a kubelet;
/// of the sandboxes that are not ready none.
async::Task<void> PodWorker::collect_garbage(Self self, std::string name) {
  std::vector<std::pair<std::string, std::string>> old;  // id, log path
  std::size_t dead = 0;
  for (const ActualContainer& container : self->actual_.containers) {
    if (container.name != name || container.state != ContainerState::kExited) continue;
    if (++dead > kDeadContainersKept) old.emplace_back(container.id, container.log_path);
  }
  for (const auto& [id, log_path] : old) {
    cri::RemoveContainerRequest request;
    request.set_container_id(id);
    if (!co_await self->services_.runtime.remove_container(request)) continue;
    if (!log_path.empty()) remove_log_files(log_path);
    std::erase_if(self->actual_.containers, [&](const ActualContainer& c) { return c.id == id; });
  }
  std::vector<std::string> sandboxes;
  for (std::size_t i = 1; i < self->actual_.sandboxes.size(); ++i) {
    const ActualSandbox& sandbox = self->actual_.sandboxes[i];
    const bool used =
        std::any_of(self->actual_.containers.begin(), self->actual_.containers.end(),
                    [&](const ActualContainer& c) { return c.sandbox_id == sandbox.id; });
    if (!sandbox.ready && !used) sandboxes.push_back(sandbox.id);
  }
  for (const std::string& id : sandboxes) {
    if (const Result<void> removed = co_await remove_sandbox(self, id); !removed) {
      log::debug("old sandbox stays until the next start", {{"sandbox", id}, removed.error()});
      continue;
    }
    std::erase_if(self->actual_.sandboxes, [&](const ActualSandbox& s) { return s.id == id; });
  }
}

}  // namespace skerry::edged

#include "edgecore/edged/prober.h"

#include <algorithm>
#include <array>
#include <map>

#include "common/async/task_group.h"
#include "common/async/wakeup.h"
#include "common/base/assert.h"
#include "edgecore/edged/env.h"
#include "edgecore/edged/probe_dial.h"
#include "edgecore/edged/probe_http.h"

namespace skerry::edged {
namespace {

constexpr int kTries = 3;  // of a probe that could not be asked at all

/// What one try gave. An error means that nothing is known about the container.
struct Answer {
  ProbeResult result = ProbeResult::kUnknown;
  std::string message;
  bool warning = false;   // a success that people should hear about
  bool hopeless = false;  // this node cannot ask such a probe: no use in trying again
};

Answer success() { return {ProbeResult::kSuccess, "", false, false}; }
Answer success_with_warning(std::string why) {
  return {ProbeResult::kSuccess, std::move(why), true, false};
}
Answer failure(std::string why) { return {ProbeResult::kFailure, std::move(why), false, false}; }

const std::optional<Probe>& spec_of(const ContainerSpec& container, ProbeKind kind) {
  if (kind == ProbeKind::kReadiness) return container.readiness;
  return kind == ProbeKind::kLiveness ? container.liveness : container.startup;
}

const char* word_of(ProbeResult result) {
  if (result == ProbeResult::kSuccess) return "successful";
  return result == ProbeResult::kFailure ? "failed" : "unknown";
}

}  // namespace

struct Prober::Impl {
  /// One running container.
  struct Watch {
    ProbeTarget target;
    const ContainerSpec* container = nullptr;  // inside target.pod
    std::array<std::optional<ProbeState>, kProbeKinds> states;
    std::array<std::unique_ptr<async::Wakeup>, kProbeKinds> wakeups;
    bool stopped = false;
    bool ending = false;

    async::Wakeup& wakeup(ProbeKind kind) { return *wakeups[static_cast<std::size_t>(kind)]; }
    std::optional<ProbeState>& state(ProbeKind kind) {
      return states[static_cast<std::size_t>(kind)];
    }
    const std::optional<ProbeState>& state(ProbeKind kind) const {
      return states[static_cast<std::size_t>(kind)];
    }
    ProbeResult result(ProbeKind kind) const {
      return state(kind) ? state(kind)->result() : ProbeResult::kSuccess;
    }
    bool has_started() const { return result(ProbeKind::kStartup) == ProbeResult::kSuccess; }
    void wake_all() {
      for (auto& wakeup : wakeups) {
        if (wakeup) wakeup->notify();
      }
    }
  };
  using WatchPtr = std::shared_ptr<Watch>;
  using Self = std::shared_ptr<Impl>;

  Impl(async::Executor loop, seam::World the_world, ExecProbe& runner, ProbeListener to)
      : executor(loop), world(the_world), exec(runner), listener(std::move(to)), tasks(loop) {}

  static async::Task<void> run(Self self, WatchPtr watch, ProbeKind kind);
  static async::Task<Answer> ask(Self self, WatchPtr watch, ProbeKind kind);
  static async::Task<Result<Answer>> try_once(Self self, WatchPtr watch, Probe spec);
  static async::Task<Result<Answer>> try_exec(Self self,
                                              WatchPtr watch,
                                              ExecAction action,
                                              Duration timeout);
  static async::Task<Result<Answer>> try_http(WatchPtr watch,
                                              HttpGetAction action,
                                              Duration timeout);
  static async::Task<Result<Answer>> try_tcp(WatchPtr watch, TcpAction action, Duration timeout);

  void say(const Watch& watch, const std::string& reason, const std::string& message) {
    if (listener.on_event)
      listener.on_event(watch.target.pod, watch.target.container, reason, message);
  }
  TimePoint start_of(const ProbeTarget& target) const {
    const WallTime wall = world.clock.wall();
    const auto ran = std::max<WallTime::duration>(wall - target.started_at, {});
    return world.clock.now() - std::chrono::duration_cast<Duration>(ran);
  }

  async::Executor executor;
  seam::World world;
  ExecProbe& exec;
  ProbeListener listener;
  std::map<std::string, WatchPtr> watches;  // by container id
  async::TaskGroup tasks;
  ProbeCounts counts;
  bool stopping = false;
};

// ---- one probe of one container --------------------------------------------------------------

async::Task<void> Prober::Impl::run(Self self, WatchPtr watch, ProbeKind kind) {
  std::string last_message;
  while (!watch->stopped && !self->stopping) {
    if (watch->ending && kind != ProbeKind::kReadiness) co_return;
    const TimePoint now = self->world.clock.now();
    const TimePoint due = watch->state(kind)->next_due(watch->has_started());
    if (now < due) {
      co_await watch->wakeup(kind).wait_until(due);
      continue;
    }
    watch->state(kind)->on_begun(now);
    const Answer answer = co_await ask(self, watch, kind);
    if (watch->stopped || self->stopping) co_return;
    if (watch->ending && kind != ProbeKind::kReadiness) co_return;
    ++self->counts[{std::string(to_string(kind)), word_of(answer.result)}];
    // The same complaint every period would be an event, and a write, every period.
    if (!answer.message.empty() && answer.message != last_message) {
      self->say(*watch, answer.warning ? "ProbeWarning" : "Unhealthy", answer.message);
    }
    last_message = answer.message;
    if (answer.hopeless) co_return;
    if (!watch->state(kind)->on_answer(answer.result)) continue;
    watch->wake_all();  // a startup probe's end begins the others
    if (self->listener.on_health) {
      self->listener.on_health(watch->target.pod->uid, watch->target.container_id);
    }
  }
}

async::Task<Answer> Prober::Impl::ask(Self self, WatchPtr watch, ProbeKind kind) {
  const Probe spec = *spec_of(*watch->container, kind);
  const std::string word(to_string(kind));
  Error error;
  Answer unknown;
  for (int i = 0; i < kTries && !watch->stopped; ++i) {
    Result<Answer> answer = co_await try_once(self, watch, spec);
    if (!answer) {
      error = answer.error();
      if (!is_retryable(error.code)) break;
      continue;
    }
    if (answer->warning) {
      answer->message = word + " probe warning: " + answer->message;
    } else if (answer->result == ProbeResult::kFailure) {
      answer->message = word + " probe failed: " + answer->message;
    }
    co_return std::move(*answer);
  }
  unknown.message = word + " probe errored and resulted in Unknown state: " + error.what;
  unknown.hopeless = error.code == Code::kUnsupported;
  co_return unknown;
}

async::Task<Result<Answer>> Prober::Impl::try_once(Self self, WatchPtr watch, Probe spec) {
  if (const auto* action = std::get_if<ExecAction>(&spec.action)) {
    co_return co_await try_exec(self, watch, *action, spec.timeout);
  }
  if (const auto* action = std::get_if<HttpGetAction>(&spec.action)) {
    co_return co_await try_http(watch, *action, spec.timeout);
  }
  if (const auto* action = std::get_if<TcpAction>(&spec.action)) {
    co_return co_await try_tcp(watch, *action, spec.timeout);
  }
  co_return fail(Code::kUnsupported, "grpc probes are not supported by this node");
}

async::Task<Result<Answer>> Prober::Impl::try_exec(Self self,
                                                   WatchPtr watch,
                                                   ExecAction action,
                                                   Duration timeout) {
  std::vector<std::string> command = expand_static(action.command, watch->container->env);
  std::string words;
  for (const std::string& word : command) words += (words.empty() ? "" : " ") + word;
  Result<ExecProbe::Outcome> outcome =
      co_await self->exec.run(watch->target.container_id, std::move(command), timeout);
  if (!outcome && outcome.error().code == Code::kTimeout) {
    const auto seconds = std::chrono::duration_cast<Seconds>(timeout).count();
    co_return failure("command timed out: \"" + words + "\" timed out after " +
                      std::to_string(seconds) + "s");
  }
  if (!outcome) co_return fail(outcome.error());
  if (outcome->exit_code == 0) co_return success();
  co_return failure(outcome->output.substr(0, kProbeReplyBytesMax));
}

async::Task<Result<Answer>> Prober::Impl::try_http(WatchPtr watch,
                                                   HttpGetAction action,
                                                   Duration timeout) {
  const std::string host = action.host.empty() ? watch->target.pod_ip : action.host;
  const Result<std::uint16_t> port = resolve_port(action.port, *watch->container);
  if (!port) co_return fail(port.error());
  Result<std::string> request = probe_request(action, host, *port);
  if (!request) co_return fail(request.error());
  Enough enough = [](const std::string& received) {
    const auto status = reply_status(received);
    return !status || status->has_value();
  };
  const DialTarget target(host, *port, action.https);
  const Result<std::string> reply = co_await dial_exchange(
      target, std::move(*request), std::move(enough), kProbeReplyBytesMax, timeout);
  if (!reply && reply.error().code == Code::kUnsupported) co_return fail(reply.error());
  const std::string getting = "Get \"" + probe_url(action, host, *port) + "\": ";
  if (!reply) co_return failure(getting + reply.error().what);
  const Result<std::optional<int>> status = reply_status(*reply);
  if (!status) co_return failure(getting + status.error().what);
  if (!*status) co_return failure(getting + "EOF");
  const int code = **status;
  if (code >= 200 && code < 300) co_return success();
  if (code >= 300 && code < 400) co_return success_with_warning("Probe terminated redirects");
  co_return failure("HTTP probe failed with statuscode: " + std::to_string(code));
}

async::Task<Result<Answer>> Prober::Impl::try_tcp(WatchPtr watch,
                                                  TcpAction action,
                                                  Duration timeout) {
  const std::string host = action.host.empty() ? watch->target.pod_ip : action.host;
  const Result<std::uint16_t> port = resolve_port(action.port, *watch->container);
  if (!port) co_return fail(port.error());
  const DialTarget target(host, *port, false);
  const Result<void> done = co_await dial_tcp(target, timeout);
  if (!done && done.error().code == Code::kUnsupported) co_return fail(done.error());
  if (!done) co_return failure(done.error().what);
  co_return success();
}

// ---- the containers --------------------------------------------------------------------------

Prober::Prober(async::Executor executor, seam::World world, ExecProbe& exec, ProbeListener listener)
    : impl_(std::make_shared<Impl>(executor, world, exec, std::move(listener))) {}

Prober::~Prober() {
  SKERRY_ASSERT(impl_->tasks.running() == 0, "stop() ends before the prober does");
}

const ProbeCounts& Prober::counts() const { return impl_->counts; }

void Prober::watch(ProbeTarget target) {
  if (impl_->stopping || impl_->watches.contains(target.container_id)) return;
  const ContainerSpec* container = target.pod->container(target.container);
  SKERRY_ASSERT(container != nullptr, "a container of the pod");
  auto watch = std::make_shared<Impl::Watch>();
  watch->container = container;
  watch->target = std::move(target);
  impl_->watches.emplace(watch->target.container_id, watch);

  const auto& adopted = watch->target.adopted;
  const TimePoint now = impl_->world.clock.now();
  for (const ProbeKind kind : {ProbeKind::kStartup, ProbeKind::kReadiness, ProbeKind::kLiveness}) {
    const std::optional<Probe>& spec = spec_of(*container, kind);
    if (!spec) continue;
    std::optional<ProbeResult> known;
    if (adopted && kind == ProbeKind::kStartup && adopted->started) known = ProbeResult::kSuccess;
    if (adopted && kind == ProbeKind::kReadiness && adopted->ready) known = ProbeResult::kSuccess;
    ProbeState& state =
        watch->state(kind).emplace(kind, *spec, impl_->start_of(watch->target), known);
    if (adopted) {
      const auto period = std::max<Duration>(spec->period, 1s);
      state.postpone(now + Duration(static_cast<Duration::rep>(impl_->world.random.below(
                               static_cast<std::uint64_t>(period.count())))));
    }
    watch->wakeups[static_cast<std::size_t>(kind)] =
        std::make_unique<async::Wakeup>(impl_->executor);
  }
  for (const ProbeKind kind : {ProbeKind::kStartup, ProbeKind::kReadiness, ProbeKind::kLiveness}) {
    if (!watch->state(kind)) continue;
    impl_->tasks.spawn("probe " + watch->target.pod->text(), Impl::run(impl_, watch, kind));
  }
}

void Prober::forget(const std::string& container_id) {
  const auto found = impl_->watches.find(container_id);
  if (found == impl_->watches.end()) return;
  found->second->stopped = true;
  found->second->wake_all();
  impl_->watches.erase(found);
}

void Prober::pod_is_ending(const Uid& pod) {
  for (auto& [id, watch] : impl_->watches) {
    if (watch->target.pod->uid != pod) continue;
    watch->ending = true;
    watch->wake_all();
  }
}

ContainerHealth Prober::health(const std::string& container_id) const {
  ContainerHealth health;
  const auto found = impl_->watches.find(container_id);
  if (found == impl_->watches.end()) return health;
  const Impl::Watch& watch = *found->second;
  health.started = watch.has_started();
  health.ready = health.started && watch.result(ProbeKind::kReadiness) == ProbeResult::kSuccess;
  for (const ProbeKind kind : {ProbeKind::kStartup, ProbeKind::kLiveness}) {
    // A pod that ends is not restarted for its probes.
    if (watch.ending || watch.result(kind) != ProbeResult::kFailure) continue;
    health.must_restart = true;
    health.reason = to_string(kind);
    health.termination_grace = spec_of(*watch.container, kind)->termination_grace;
    break;
  }
  return health;
}

std::size_t Prober::watched() const { return impl_->watches.size(); }

async::Task<void> Prober::stop() {
  const std::shared_ptr<Impl> impl = impl_;
  impl->stopping = true;
  for (auto& [id, watch] : impl->watches) watch->wake_all();
  co_await impl->tasks.join();
  impl->watches.clear();
}

}  // namespace skerry::edged

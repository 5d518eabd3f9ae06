#include "edgecore/edged/node_reporter.h"

#include "common/base/log.h"
#include "cri_v1.pb.h"

namespace skerry::edged {
namespace {

constexpr auto kRuntimeAwayRetry = 1s;

/// Why the runtime cannot run pods, in its own words; empty: it can.
std::string problem_of(const cri::StatusResponse& reply) {
  for (const cri::RuntimeCondition& condition : reply.status().conditions()) {
    const bool counts = condition.type() == "RuntimeReady" || condition.type() == "NetworkReady";
    if (counts && !condition.status()) {
      return "container runtime: " + condition.type() + "=false: " + condition.message();
    }
  }
  return {};
}

}  // namespace

NodeReporter::NodeReporter(async::Executor executor,
                           seam::World world,
                           metamanager::MetaManager& meta,
                           CriClient& runtime,
                           NodeFacts facts,
                           std::string data_dir)
    : world_(world),
      meta_(meta),
      runtime_(runtime),
      wakeup_(executor),
      facts_(std::move(facts)),
      data_dir_(std::move(data_dir)) {}

async::Task<void> NodeReporter::run() {
  while (!stopping_) {
    co_await look();
    const bool away = !conditions_.ready();
    const Duration pause = away ? Duration(kRuntimeAwayRetry) : Duration(kLookInterval);
    co_await wakeup_.wait_until(world_.clock.now() + pause);
  }
}

void NodeReporter::stop() {
  stopping_ = true;
  wakeup_.notify();
}

void NodeReporter::report_again() {
  again_ = true;
  wakeup_.notify();
}

async::Task<void> NodeReporter::look() {
  const std::string problem = co_await ask_runtime();
  if (stopping_) co_return;
  const Result<MachineUse> use = read_machine_use("/", data_dir_);
  if (!use) {
    log::error("the machine's state cannot be read", {use.error()});
    co_return;
  }
  const NodeLimits limits;
  const WallTime now = world_.clock.wall();
  conditions_.update(observe(*use, limits, problem), now);
  const std::string status = node_status(facts_, *use, limits, conditions_, now);
  const auto hash = k8s::status_hash(k8s::Kind::kNode, status);
  const k8s::ObjectKey key{k8s::Kind::kNode, "", facts_.name.str()};
  const auto stored = co_await meta_.get(key);
  if (!stored) {
    log::error("the node's status cannot be reported: the store cannot be read", {stored.error()});
    co_return;
  }
  if (!hash) {
    log::error("the node's status cannot be reported", {hash.error()});
    co_return;
  }
  const Uid uid = *stored ? (*stored)->object->uid : Uid();
  if (*hash == reported_ && uid == reported_for_ && !again_) co_return;

  metamanager::Batch batch;
  metamanager::NewReport report;
  report.kind = lane::ReportKind::kNodeStatus;
  report.key = key;
  report.uid = uid;
  report.body = node_report_body(node_registration(facts_), status);
  // Of a Node that does not exist nothing is remembered: it is reported anew once it does.
  if (!uid.empty()) report.status_hash = *hash;
  report.force = again_;
  batch.reports.push_back(std::move(report));
  const Result<void> committed = co_await meta_.commit(std::move(batch));
  if (!committed) {
    metamanager::MetaManager::log_not_stored("the node's status cannot be stored",
                                             committed.error());
    co_return;
  }
  reported_ = *hash;
  reported_for_ = uid;
  again_ = false;
}

async::Task<std::string> NodeReporter::ask_runtime() {
  if (facts_.runtime_version.empty()) {
    const auto version = co_await runtime_.version(cri::VersionRequest());
    if (version) {
      facts_.runtime_version = version->runtime_name() + "://" + version->runtime_version();
    }
  }
  const auto status = co_await runtime_.status(cri::StatusRequest());
  std::string problem = status ? problem_of(*status) : status.error().what;
  if (problem != told_problem_) {
    if (!problem.empty()) log::warning("the node is not ready", {{"reason", problem}});
    if (problem.empty()) log::info("the container runtime is ready");
    told_problem_ = problem;
  }
  if (status && world_.clock.now() >= images_due_) co_await list_images();
  co_return problem;
}

async::Task<void> NodeReporter::list_images() {
  images_due_ = world_.clock.now() + kImagesInterval;
  const auto reply = co_await runtime_.list_images(cri::ListImagesRequest());
  if (!reply) co_return;  // the next look says what is wrong with the runtime
  facts_.images.clear();
  for (const cri::Image& image : reply->images()) {
    facts_.images.push_back({{image.repo_digests().begin(), image.repo_digests().end()},
                             {image.repo_tags().begin(), image.repo_tags().end()},
                             image.size()});
  }
}

}  // namespace skerry::edged

#include "cloudcore/edgecontroller/report_writer.h"

#include <nlohmann/json.hpp>

#include "cloudcore/edgecontroller/report_patches.h"
#include "common/base/log.h"
#include "common/k8s/json_fields.h"

namespace skerry::edgecontroller {
namespace {

using lane::ReportKind;
using lane::Verdict;
namespace fields = k8s::fields;

bool is_marked_deleted(const k8s::Object& pod) {
  const auto json = nlohmann::json::parse(*pod.json, nullptr, false);
  return !fields::text(fields::at(json, "metadata"), "deletionTimestamp").empty();
}

lane::ReportVerdict verdict_of(ReportSeq seq, const Result<void>& written) {
  if (written) return {seq, Verdict::kOk, {}};
  const Code code = written.error().code;
  const bool again = is_retryable(code) && code != Code::kConflict;
  return {seq, again ? Verdict::kRetry : Verdict::kRefused, std::string(to_string(code))};
}

async::Task<Result<void>> done(async::Task<Result<std::string>> call) {
  const Result<std::string> answer = co_await std::move(call);
  if (!answer) co_return fail(answer.error());
  co_return Result<void>();
}

}  // namespace

Result<void> authorize(const DesiredIndex& index,
                       const NodeName& node,
                       const lane::Report& report) {
  if (report.key.kind == k8s::Kind::kNode) {
    const bool node_report =
        report.kind == ReportKind::kNodeStatus || report.kind == ReportKind::kEvent;
    if (node_report && report.key.name == node.str() && report.key.ns.empty()) return {};
    return fail(Code::kForbidden, "a node reports its own Node only");
  }
  if (report.key.kind != k8s::Kind::kPod || report.kind == ReportKind::kNodeStatus) {
    return fail(Code::kForbidden, "a node reports Pods and its Node only");
  }
  const PodEntry* pod = index.pod(report.key);
  if (pod == nullptr) return fail(Code::kNotFound, report.key.text() + " is gone");
  // Before the node: the name may have moved on to another one, and whoever does not know a pod's
  // uid does not learn that there is such a pod.
  if (pod->object->uid != report.uid) {
    return fail(Code::kNotFound, report.key.text() + " is another pod by now");
  }
  if (pod->node != node) return fail(Code::kForbidden, report.key.text() + " is not this node's");
  if (report.kind == ReportKind::kFinalised && !is_marked_deleted(*pod->object)) {
    return fail(Code::kForbidden,
                report.key.text() + " is not marked deleted: only then it can be finalised");
  }
  return {};
}

async::Task<lane::ReportVerdict> ReportWriter::write(NodeName node,
                                                     StoreId store,
                                                     lane::Report report) {
  const ReportSeq seq = report.seq;
  if (const Result<void> allowed = authorize(index_, node, report); !allowed) {
    // What is gone needs no more reports, and "nothing is left of it" has come true.
    const bool done_anyway = allowed.error().code == Code::kNotFound;
    if (!done_anyway) {
      log::warning("report refused", {{"node", node.str()},
                                      {"object", report.key.text()},
                                      allowed.error(),
                                      {"audit", "denied"}});
    }
    co_return lane::ReportVerdict{seq, done_anyway ? Verdict::kOk : Verdict::kRefused,
                                  std::string(to_string(allowed.error().code))};
  }
  Result<void> written;
  switch (report.kind) {
    case ReportKind::kPodStatus:
      written = co_await write_pod_status(report);
      break;
    case ReportKind::kNodeStatus:
      written = co_await write_node(node, report);
      break;
    case ReportKind::kEvent:
      written = co_await write_event(node, store, report);
      break;
    case ReportKind::kFinalised:
      written = co_await finalise_pod(report);
      break;
    case ReportKind::kCount:
      written = fail(Code::kUnsupported, "unknown report kind");
      break;
  }
  if (!written) {
    log::warning("report not written",
                 {{"node", node.str()}, {"object", report.key.text()}, written.error()});
  }
  co_return verdict_of(seq, written);
}

async::Task<Result<void>> ReportWriter::write_pod_status(lane::Report report) {
  const Result<std::string> body = pod_status_patch(report.uid, report.body);
  if (!body) co_return fail(body.error());
  kube::Patch patch;
  patch.key = report.key;
  patch.type = kube::PatchType::kStrategicMerge;
  patch.subresource = "status";
  patch.body = *body;
  const Result<void> written = co_await done(client_.patch(std::move(patch)));
  const bool gone = !written && written.error().code == Code::kNotFound;
  co_return gone ? Result<void>() : written;
}

async::Task<Result<void>> ReportWriter::write_node(NodeName node, lane::Report report) {
  NodeRecord record;
  if (!index_.has_node(node)) {
    Result<NodeRecord> found = co_await records_.find(node);
    if (!found) co_return fail(found.error());
    record = std::move(*found);
  }
  const Result<NodeReport> parts =
      node_report(node, report.body, record.labels, client_.world().clock.wall());
  if (!parts) co_return fail(parts.error());
  kube::Patch patch;
  patch.key = report.key;
  patch.type = kube::PatchType::kStrategicMerge;
  patch.subresource = "status";
  patch.body = parts->status_patch;

  Result<void> written;
  if (index_.has_node(node)) written = co_await done(client_.patch(patch));
  const bool missing =
      !index_.has_node(node) || (!written && written.error().code == Code::kNotFound);
  if (!missing) co_return written;

  if (parts->registration.empty() || record.registered) {
    co_return fail(Code::kNotFound, "the Node was deleted: `edgecore join` brings it back");
  }
  const Result<void> created =
      co_await done(client_.create(k8s::Kind::kNode, "", parts->registration));
  if (!created && created.error().code != Code::kAlreadyExists) co_return created;
  const Result<void> recorded = co_await records_.set_registered(node);
  if (!recorded) co_return recorded;
  co_return co_await done(client_.patch(patch));
}

async::Task<Result<void>> ReportWriter::write_event(NodeName node,
                                                    StoreId store,
                                                    lane::Report report) {
  const Result<std::string> event = event_object(node, store, report, client_.world().clock.wall());
  if (!event) co_return fail(event.error());
  const std::string ns = report.key.kind == k8s::Kind::kNode ? "default" : report.key.ns;
  const Result<void> created = co_await done(client_.create(k8s::Kind::kEvent, ns, *event));
  const bool known = !created && created.error().code == Code::kAlreadyExists;
  co_return known ? Result<void>() : created;
}

async::Task<Result<void>> ReportWriter::finalise_pod(lane::Report report) {
  kube::Deletion deletion;
  deletion.key = report.key;
  deletion.uid = report.uid;
  deletion.grace_seconds = 0;
  const Result<void> removed = co_await done(client_.remove(std::move(deletion)));
  const bool gone = !removed && (removed.error().code == Code::kNotFound ||
                                 removed.error().code == Code::kConflict);
  co_return gone ? Result<void>() : removed;
}

}  // namespace skerry::edgecontroller

#include "cloudcore/edgecontroller/report_writer.h"

#include "tests/support/catch.h"

using namespace skerry;
using namespace skerry::edgecontroller;
using k8s::Kind;
using lane::ReportKind;

namespace {

const NodeName kOwn("edge-a");
const NodeName kOther("edge-b");

ObjectPtr object(
    Kind kind, const char* ns, const char* name, const char* uid, const char* json = "{}") {
  return k8s::received_object({kind, ns, name}, Uid(uid), {}, ResourceVersion(1), json);
}

constexpr const char* kMarkedDeleted =
    R"({"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"}})";

/// Pods own/p (uid 1) and own/ending (uid 3, marked deleted) on edge-a, the same in other on edge-b
/// (uids 2 and 4).
DesiredIndex two_nodes() {
  DesiredIndex index;
  Changes ignored;
  for (const NodeName& node : {kOwn, kOther}) {
    index.put_node(object(Kind::kNode, "", node.str().c_str(), "n"), ignored);
  }
  index.put_pod({object(Kind::kPod, "own", "p", "1"), kOwn, {}}, {}, ignored);
  index.put_pod({object(Kind::kPod, "other", "p", "2"), kOther, {}}, {}, ignored);
  index.put_pod({object(Kind::kPod, "own", "ending", "3", kMarkedDeleted), kOwn, {}}, {}, ignored);
  index.put_pod({object(Kind::kPod, "other", "ending", "4", kMarkedDeleted), kOther, {}}, {},
                ignored);
  return index;
}

struct Row {
  ReportKind kind;
  ObjectKey key;
  const char* uid;
  const char* verdict;  // "ok", "forbidden", "not_found"
};

std::string verdict_of(const Result<void>& result) {
  return result ? "ok" : std::string(to_string(result.error().code));
}

}  // namespace

TEST_CASE("Authorize: a node reports its own Node and its own pods, nothing else",
          "[edgecontroller]") {
  const DesiredIndex index = two_nodes();
  const ObjectKey own_node{Kind::kNode, "", "edge-a"};
  const ObjectKey other_node{Kind::kNode, "", "edge-b"};
  const ObjectKey own_pod{Kind::kPod, "own", "p"};
  const ObjectKey other_pod{Kind::kPod, "other", "p"};
  const ObjectKey no_pod{Kind::kPod, "own", "gone"};
  const ObjectKey own_ending{Kind::kPod, "own", "ending"};
  const ObjectKey other_ending{Kind::kPod, "other", "ending"};
  const Row rows[] = {
      {ReportKind::kNodeStatus, own_node, "", "ok"},
      {ReportKind::kEvent, own_node, "", "ok"},
      {ReportKind::kNodeStatus, other_node, "", "forbidden"},
      {ReportKind::kEvent, other_node, "", "forbidden"},
      {ReportKind::kPodStatus, own_node, "", "forbidden"},
      {ReportKind::kFinalised, own_node, "", "forbidden"},
      {ReportKind::kNodeStatus, own_pod, "1", "forbidden"},
      {ReportKind::kPodStatus, own_pod, "1", "ok"},
      {ReportKind::kEvent, own_pod, "1", "ok"},
      {ReportKind::kFinalised, own_ending, "3", "ok"},
      {ReportKind::kFinalised, own_pod, "1", "forbidden"},  // nobody deleted it
      {ReportKind::kFinalised, other_ending, "4", "forbidden"},
      // Its name moved on to another node; and a stranger learns nothing of it.
      {ReportKind::kPodStatus, other_pod, "1", "not_found"},
      {ReportKind::kFinalised, other_ending, "3", "not_found"},
      {ReportKind::kPodStatus, own_pod, "2", "not_found"},  // another uid of that name
      {ReportKind::kFinalised, own_pod, "2", "not_found"},
      {ReportKind::kPodStatus, other_pod, "2", "forbidden"},
      {ReportKind::kEvent, other_pod, "2", "forbidden"},
      {ReportKind::kFinalised, other_pod, "2", "forbidden"},
      {ReportKind::kPodStatus, no_pod, "1", "not_found"},
      {ReportKind::kPodStatus, {Kind::kConfigMap, "own", "c"}, "1", "forbidden"},
      {ReportKind::kPodStatus, {Kind::kSecret, "own", "s"}, "1", "forbidden"},
      {ReportKind::kEvent, {Kind::kNamespace, "", "own"}, "1", "forbidden"},
      {ReportKind::kEvent, {Kind::kLease, "kube-node-lease", "edge-b"}, "1", "forbidden"},
      {ReportKind::kNodeStatus, {Kind::kNode, "own", "edge-a"}, "", "forbidden"},
  };
  for (const Row& row : rows) {
    lane::Report report;
    report.kind = row.kind;
    report.key = row.key;
    report.uid = Uid(row.uid);
    INFO(static_cast<int>(row.kind) << " " << row.key.text() << " uid " << row.uid);
    CHECK(verdict_of(authorize(index, kOwn, report)) == row.verdict);
  }
}

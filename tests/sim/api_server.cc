#include "tests/sim/api_server.h"

#include "common/base/assert.h"

namespace skerry::sim {
namespace {

constexpr std::size_t kHistoryKept = 30;

std::string text_of(const ObjectKey& key, const ApiServer::Record& record, std::uint64_t version) {
  const k8s::KindInfo& kind = k8s::info(key.kind);
  std::string json = "{\"apiVersion\":\"" + std::string(kind.api_version) + "\",\"kind\":\"" +
                     std::string(kind.kind_name) +
                     "\",\"metadata\":{\"annotations\":{\"serial\":\"" +
                     std::to_string(record.serial) + "\"},\"name\":\"" + key.name + "\"";
  if (record.deleting) json += ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"";
  if (!key.ns.empty()) json += ",\"namespace\":\"" + key.ns + "\"";
  json += ",\"resourceVersion\":\"" + std::to_string(version) + "\",\"uid\":\"" + record.uid.str() +
          "\"}";
  if (key.kind == Kind::kPod) json += ",\"spec\":{\"nodeName\":\"" + record.node.str() + "\"}";
  if (key.kind == Kind::kPod || key.kind == Kind::kNode) json += ",\"status\":" + record.status;
  if (key.kind == Kind::kConfigMap || key.kind == Kind::kSecret) {
    json += ",\"data\":{\"padding\":\"" + std::string(record.padding, 'x') + "\"}";
  }
  return json + "}";
}

}  // namespace

ApiServer::ApiServer(Run& run) : run_(run) {}

// ---- writes -------------------------------------------------------------------------------------

void ApiServer::write(const ObjectKey& key,
                      Record& record,
                      kube::WatchEventType type,
                      bool content) {
  if (content) record.serial = ++serial_;
  ++version_;
  Result<ObjectPtr> object = k8s::make_object(key.kind, text_of(key, record, version_));
  SKERRY_ASSERT(object.has_value(), "the simulated API made an object that cannot be read");
  record.object = *object;
  if (content) ordinal_[{record.uid, record.object->version}] = ++ordinals_;
  if (key.kind == Kind::kPod) pods_ever_[record.uid] = record;
  run_.note(key.text(), version_);
  append(type, record.object);
}

void ApiServer::append(kube::WatchEventType type, ObjectPtr object) {
  history_.push_back({ResourceVersion(version_), type, std::move(object)});
  listener_();
}

void ApiServer::create(const ObjectKey& key,
                       NodeName node,
                       std::set<ObjectKey> refs,
                       std::size_t padding) {
  if (objects_.contains(key)) return;
  Record& record = objects_[key];
  record.uid = Uid("uid-" + std::to_string(next_uid_++));
  record.node = std::move(node);
  record.refs = std::move(refs);
  for (const ObjectKey& ref : record.refs) referenced_.emplace(record.node, ref);
  record.padding = padding;
  record.since = run_.now();
  write(key, record, kube::WatchEventType::kAdded, true);
}

void ApiServer::update(const ObjectKey& key) {
  const auto at = objects_.find(key);
  if (at != objects_.end()) write(key, at->second, kube::WatchEventType::kModified, true);
}

void ApiServer::remove(const ObjectKey& key) {
  const auto at = objects_.find(key);
  if (at == objects_.end() || at->second.deleting) return;
  if (key.kind != Kind::kPod) return remove_now(key);
  at->second.deleting = true;
  write(key, at->second, kube::WatchEventType::kModified, true);
}

void ApiServer::remove_now(const ObjectKey& key) {
  const auto at = objects_.find(key);
  if (at == objects_.end()) return;
  write(key, at->second, kube::WatchEventType::kDeleted, false);
  objects_.erase(key);
}

void ApiServer::set_status(const ObjectKey& key, const std::string& status) {
  const auto at = objects_.find(key);
  if (at == objects_.end()) return;
  at->second.status = status;
  write(key, at->second, kube::WatchEventType::kModified, false);
}

void ApiServer::compact() {
  if (history_.size() <= kHistoryKept) return;
  history_.erase(history_.begin(), history_.end() - kHistoryKept);
  compacted_ = history_.front().version.value() - 1;
}

void ApiServer::take_snapshot() {
  snapshot_ = objects_;
  snapshot_version_ = version_;
}

void ApiServer::restore(bool bump) {
  if (snapshot_version_ == 0) return;
  run_.note("restore", bump);
  run_.restored_at = run_.now();
  objects_ = snapshot_;
  version_ = bump ? version_ + 1000 : snapshot_version_;
  compacted_ = version_;
  history_.clear();
  ++incarnation_;
  events_.clear();  // what was acknowledged since the snapshot is lost by the restore, not by us
  finalised_.clear();
  for (auto& [key, record] : objects_) ordinal_[{record.uid, record.object->version}] = ++ordinals_;
  listener_();
}

// ---- cloudcore's requests -----------------------------------------------------------------------

Result<ApiServer::ListAnswer> ApiServer::list(Kind kind) {
  if (run_.faults && run_.random.chance(10)) {
    return fail(run_.random.chance(50) ? Code::kUnavailable : Code::kGone, "a page failed");
  }
  // A server behind the others answers from its past.
  const bool stale = run_.faults && snapshot_version_ > compacted_ && run_.random.chance(15);
  const Objects& objects = stale ? snapshot_ : objects_;
  if (stale) run_.coverage.count("stale list");
  ListAnswer answer;
  answer.version = ResourceVersion(stale ? snapshot_version_ : version_);
  for (const auto& [key, record] : objects) {
    if (key.kind == kind) answer.objects.push_back(record.object);
  }
  return answer;
}

ObjectPtr ApiServer::get(const ObjectKey& key) const {
  const Record* record = find(key);
  return record ? record->object : nullptr;
}

Result<std::vector<WatchRecord>> ApiServer::records_after(Kind kind,
                                                          ResourceVersion from,
                                                          std::uint64_t incarnation) const {
  if (from.value() < compacted_ || from.value() > version_ || incarnation != incarnation_) {
    return fail(Code::kGone, "the history does not reach that far");
  }
  std::vector<WatchRecord> records;
  for (const WatchRecord& record : history_) {
    if (record.version > from && record.object->key.kind == kind) records.push_back(record);
  }
  return records;
}

lane::ReportVerdict ApiServer::apply(const NodeName& node,
                                     const StoreId& store,
                                     const lane::Report& report) {
  lane::ReportVerdict verdict{report.seq, lane::Verdict::kRetry, ""};
  const bool disturbed = run_.faults && run_.random.chance(8);
  if (disturbed && run_.random.chance(50)) return verdict;  // 409, 429 or 5xx: nothing was written
  if (report.key.kind == Kind::kPod) {
    const Record* pod = pod_of(report.uid);
    if (!pod || pod->node != node) return {report.seq, lane::Verdict::kRefused, "Forbidden"};
  }
  const lane::ReportVerdict answer = apply_truly(store, report);
  return disturbed ? verdict : answer;  // written, but the answer was lost: it comes again
}

lane::ReportVerdict ApiServer::apply_truly(const StoreId& store, const lane::Report& report) {
  const lane::ReportVerdict ok{report.seq, lane::Verdict::kOk, ""};
  run_.note("apply " + report.key.text(), report.seq.value());
  if (report.kind == lane::ReportKind::kEvent) {
    events_.insert(store.str() + "/" + report.body);
    return ok;
  }
  const auto at = objects_.find(report.key);
  const bool here = at != objects_.end() && at->second.uid == report.uid;
  if (report.kind == lane::ReportKind::kFinalised) {
    if (!here) return ok;
    if (!at->second.deleting) return {report.seq, lane::Verdict::kRefused, "Forbidden"};
    finalised_.insert(report.uid);
    remove_now(report.key);
    return ok;
  }
  if (!here) return {report.seq, lane::Verdict::kRefused, "NotFound"};
  std::string status = report.body;
  if (report.kind == lane::ReportKind::kNodeStatus) {
    constexpr std::string_view kHead = "{\"status\":";
    status = status.substr(kHead.size(), status.size() - kHead.size() - 1);
  }
  if (at->second.status != status) set_status(report.key, status);
  return ok;
}

// ---- for the workload and the invariants --------------------------------------------------------

const ApiServer::Record* ApiServer::find(const ObjectKey& key) const {
  const auto at = objects_.find(key);
  return at == objects_.end() ? nullptr : &at->second;
}

const ApiServer::Record* ApiServer::pod_of(const Uid& uid) const {
  const auto at = pods_ever_.find(uid);
  return at == pods_ever_.end() ? nullptr : &at->second;
}

std::uint64_t ApiServer::ordinal(const Uid& uid, const k8s::ContentVersion& version) const {
  const auto at = ordinal_.find({uid, version});
  return at == ordinal_.end() ? 0 : at->second;
}

}  // namespace skerry::sim

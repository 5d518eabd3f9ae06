#include "edgecore/metamanager/sqlite_store.h"

#include "common/base/assert.h"

namespace skerry::metamanager {

Result<std::optional<StoredObject>> SqliteStore::get(const ObjectKey& wanted) {
  const ObjectKey key = wanted;  // `wanted` may live in the row that goes
  const auto known = mirror_.content.find(key);
  if (known == mirror_.content.end()) return std::optional<StoredObject>();
  const std::string wire(k8s::info(key.kind).wire);
  ObjectRow row;
  {
    Query query =
        db_.query("SELECT " SKERRY_OBJECT_COLUMNS " FROM objects WHERE kind=? AND ns=? AND name=?");
    query.bind(wire).bind(key.ns).bind(key.name);
    const auto found = query.step();
    if (!found) return fail(found.error());
    if (*found) row = ObjectRow::read(query);
  }
  if (row.intact()) return row.to_object();
  mirror_.content.erase(known);
  drop_bad("DELETE FROM objects WHERE kind=? AND ns=? AND name=?", {wire, key.ns, key.name});
  return std::optional<StoredObject>();
}

Result<std::vector<StoredObject>> SqliteStore::list(k8s::Kind kind) {
  std::vector<StoredObject> out;
  std::vector<ObjectKey> bad;
  const std::string wire(k8s::info(kind).wire);
  {
    Query query = db_.query("SELECT " SKERRY_OBJECT_COLUMNS " FROM objects WHERE kind=?");
    query.bind(wire);
    const Result<void> read = query.for_each([&] {
      const ObjectRow row = ObjectRow::read(query);
      if (row.intact()) {
        if (auto object = row.to_object()) out.push_back(std::move(*object));
      } else {
        bad.push_back({kind, row.ns, row.name});
      }
    });
    if (!read) return fail(read.error());
  }
  for (const ObjectKey& key : bad) {
    mirror_.content.erase(key);
    drop_bad("DELETE FROM objects WHERE kind=? AND ns=? AND name=?", {wire, key.ns, key.name});
  }
  return out;
}

Result<std::vector<TerminatingPod>> SqliteStore::terminating() {
  std::vector<TerminatingPod> out;
  std::vector<std::string> bad;
  {
    Query query = db_.query("SELECT " SKERRY_OBJECT_COLUMNS " FROM terminating");
    const Result<void> read = query.for_each([&] {
      const ObjectRow row = ObjectRow::read(query);
      const auto object = row.to_object();
      if (!row.intact()) {
        bad.push_back(row.uid);
      } else if (object) {
        out.push_back(TerminatingPod{object->object});
      }
    });
    if (!read) return fail(read.error());
  }
  for (const std::string& uid : bad) {
    mirror_.terminating.erase(Uid(uid));
    drop_bad("DELETE FROM terminating WHERE uid=?", {uid});
  }
  return out;
}

Result<std::optional<PodState>> SqliteStore::pod_state(const Uid& pod) {
  std::string json;
  bool intact = false;
  {
    Query query = db_.query("SELECT json,sum FROM pod_states WHERE pod=?");
    query.bind(pod.str());
    const auto found = query.step();
    if (!found) return fail(found.error());
    if (!*found) return std::optional<PodState>();
    json = query.text(0);
    intact = query.integer(1) == row_sum({pod.str(), json});
  }
  if (intact) return std::optional<PodState>(PodState{pod, std::move(json)});
  drop_bad("DELETE FROM pod_states WHERE pod=?", {pod.str()});
  return std::optional<PodState>();
}

Result<std::optional<std::string>> SqliteStore::status_seed(const Uid& pod) {
  std::string json;
  bool intact = false;
  {
    Query query = db_.query("SELECT json,sum FROM seeds WHERE pod=?");
    query.bind(pod.str());
    const auto found = query.step();
    if (!found) return fail(found.error());
    if (!*found) return std::optional<std::string>();
    json = query.text(0);
    intact = query.integer(1) == row_sum({pod.str(), json});
  }
  if (intact) return std::optional<std::string>(std::move(json));
  drop_bad("DELETE FROM seeds WHERE pod=?", {pod.str()});
  return std::optional<std::string>();
}

Result<std::optional<lane::TokenGrant>> SqliteStore::token(const lane::TokenSlot& slot) {
  TokenRow row;
  {
    Query query = db_.query("SELECT " SKERRY_TOKEN_COLUMNS
                            " FROM tokens WHERE pod=? AND volume=? AND path=?");
    query.bind(slot.pod.str()).bind(slot.volume).bind(slot.path);
    const auto found = query.step();
    if (!found) return fail(found.error());
    if (!*found) return std::optional<lane::TokenGrant>();
    row = TokenRow::read(query);
  }
  if (row.intact) return std::optional<lane::TokenGrant>(std::move(row.grant));
  drop_bad("DELETE FROM tokens WHERE pod=? AND volume=? AND path=?",
           {slot.pod.str(), slot.volume, slot.path});
  return std::optional<lane::TokenGrant>();
}

Result<std::vector<lane::Report>> SqliteStore::reports_after(ReportSeq after, std::size_t limit) {
  std::vector<lane::Report> out;
  std::vector<ReportSeq> bad;
  {
    // Rows that only a newer release understands are passed over, so the limit is counted here.
    Query query =
        db_.query("SELECT " SKERRY_REPORT_COLUMNS " FROM reports WHERE seq>? ORDER BY seq");
    query.bind(static_cast<std::int64_t>(after.value()));
    while (out.size() < limit) {
      const auto more = query.step();
      if (!more) return fail(more.error());
      if (!*more) break;
      ReportRow row = ReportRow::read(query);
      if (!row.intact) {
        bad.push_back(row.report.seq);
      } else if (row.known) {
        out.push_back(std::move(row.report));
      }
    }
  }
  for (const ReportSeq seq : bad) {
    mirror_.events.erase(seq);
    std::erase_if(mirror_.waiting, [&](const auto& entry) { return entry.second == seq; });
    drop_bad("DELETE FROM reports WHERE seq=CAST(? AS INTEGER)", {std::to_string(seq.value())});
  }
  return out;
}

std::vector<lane::ContentEntry> SqliteStore::content() const {
  std::vector<lane::ContentEntry> out;
  out.reserve(mirror_.content.size());
  for (const auto& [key, row] : mirror_.content) out.push_back({key, row.uid, row.version});
  return out;
}

std::vector<lane::StatusEntry> SqliteStore::status() const {
  std::vector<lane::StatusEntry> out;
  for (const auto& [key, row] : mirror_.content) {
    if (k8s::info(key.kind).status_owner != k8s::StatusOwner::kEdge) continue;
    const auto kind =
        key.kind == k8s::Kind::kNode ? lane::ReportKind::kNodeStatus : lane::ReportKind::kPodStatus;
    const auto hash = mirror_.reported.find({kind, key, row.uid});
    if (hash != mirror_.reported.end()) out.push_back({key, row.uid, hash->second});
  }
  return out;
}

}  // namespace skerry::metamanager

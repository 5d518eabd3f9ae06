#include "cloudcore/cloudhub/deny_list.h"

#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "common/k8s/time.h"

namespace skerry::cloudhub {
namespace {

using nlohmann::json;

constexpr std::string_view kRecordName = "skerry-deny-list";
constexpr const char* kDatum = "entries.json";
constexpr int kConflictRetries = 8;

WallTime whole_seconds(WallTime time) {
  return std::chrono::time_point_cast<std::chrono::seconds>(time);
}

Result<DenySet> decode_record(const Record& record) {
  const auto datum = record.data.find(kDatum);
  if (datum == record.data.end()) {
    return fail(Code::kMalformed, "Secret " + record.name + " has no " + std::string(kDatum));
  }
  return DenySet::decode(datum->second);
}

}  // namespace

bool DenySet::is_denied(const NodeName& node, std::string_view serial, WallTime not_before) const {
  const DenyEntry* entry = find(node);
  if (entry == nullptr) return false;
  if (entry->serials.contains(std::string(serial))) return true;
  return entry->issued_until != WallTime{} &&
         not_before + kCertificateBackdate <= entry->issued_until;
}

const DenyEntry* DenySet::find(const NodeName& node) const {
  const auto found = entries_.find(node);
  return found == entries_.end() ? nullptr : &found->second;
}

void DenySet::deny_issued_until(const NodeName& node, WallTime now, std::string reason) {
  DenyEntry& entry = entries_[node];
  entry.issued_until = std::max(entry.issued_until, whole_seconds(now));
  entry.at = std::max(entry.at, whole_seconds(now));
  entry.reason = std::move(reason);
}

void DenySet::deny_serial(const NodeName& node,
                          std::string serial,
                          WallTime now,
                          std::string reason) {
  DenyEntry& entry = entries_[node];
  entry.serials.insert(std::move(serial));
  entry.at = std::max(entry.at, whole_seconds(now));
  entry.reason = std::move(reason);
}

void DenySet::prune(WallTime now) {
  std::erase_if(entries_,
                [now](const auto& item) { return item.second.at + kDenyEntryLife < now; });
}

std::string DenySet::encode() const {
  json out = json::object();
  for (const auto& [node, entry] : entries_) {
    json item = {{"at", k8s::format_time(entry.at)}, {"reason", entry.reason}};
    if (entry.issued_until != WallTime{}) {
      item["issuedUntil"] = k8s::format_time(entry.issued_until);
    }
    if (!entry.serials.empty()) item["serials"] = entry.serials;
    out[node.str()] = std::move(item);
  }
  return out.dump();
}

Result<DenySet> DenySet::decode(std::string_view text) {
  const auto broken = [](const std::string& what) {
    return fail(Code::kMalformed, "deny list: " + what + "; repair Secret skerry-deny-list");
  };
  const json body = json::parse(text, nullptr, false);
  if (!body.is_object()) return broken("not a JSON object");
  DenySet set;
  for (const auto& [node, item] : body.items()) {
    if (!item.is_object()) return broken("entry " + node + " is not an object");
    const auto time = [&item](const char* key) -> std::optional<WallTime> {
      const auto found = item.find(key);
      if (found == item.end()) return WallTime{};
      return found->is_string() ? k8s::parse_time(found->get<std::string>()) : std::nullopt;
    };
    const std::optional<WallTime> issued_until = time("issuedUntil");
    const std::optional<WallTime> at = time("at");
    if (!issued_until || !at) return broken("a time of entry " + node + " is not readable");
    DenyEntry entry{.issued_until = *issued_until, .serials = {}, .at = *at, .reason = {}};
    const json serials = item.value("serials", json::array());
    for (const json& serial : serials) {
      if (!serial.is_string()) return broken("a serial of entry " + node + " is not text");
      entry.serials.insert(serial.get<std::string>());
    }
    const auto reason = item.find("reason");
    if (reason != item.end() && reason->is_string()) entry.reason = reason->get<std::string>();
    set.entries_[NodeName(node)] = std::move(entry);
  }
  return set;
}

async::Task<Result<DenySet>> read_deny_list(std::shared_ptr<IdentityStore> store) {
  Result<Record> record = co_await store->get(std::string(kRecordName));
  if (!record && record.error().code == Code::kNotFound) co_return DenySet();
  if (!record) co_return fail(record.error());
  co_return decode_record(*record);
}

async::Task<Result<void>> change_deny_list(std::shared_ptr<IdentityStore> store,
                                           std::function<void(DenySet&)> change) {
  Error last;
  for (int attempt = 0; attempt < kConflictRetries; ++attempt) {
    Result<Record> record = co_await store->get(std::string(kRecordName));
    const bool missing = !record && record.error().code == Code::kNotFound;
    if (!record && !missing) co_return fail("deny list", record.error());
    DenySet set;
    if (record) {
      Result<DenySet> read = decode_record(*record);
      if (!read) co_return fail(read.error());
      set = std::move(*read);
    }
    change(set);
    Record changed;
    if (record) changed = std::move(*record);
    changed.kind = RecordKind::kDenyList;
    changed.name = kRecordName;
    changed.data[kDatum] = set.encode();
    Error refused;
    if (missing) {
      Result<Record> stored = co_await store->create(changed);
      if (stored) co_return Result<void>();
      refused = stored.error();
    } else {
      Result<Record> stored = co_await store->replace(changed);
      if (stored) co_return Result<void>();
      refused = stored.error();
    }
    last = refused;
    const bool lost_race = last.code == Code::kConflict || last.code == Code::kAlreadyExists ||
                           last.code == Code::kNotFound;
    if (!lost_race) break;
  }
  co_return fail("deny list", last);
}

DenyListWatch::DenyListWatch(async::Executor executor,
                             std::shared_ptr<IdentityStore> store,
                             seam::World world,
                             Listener listener,
                             Duration poll)
    : store_(std::move(store)),
      world_(world),
      listener_(std::move(listener)),
      poll_(poll),
      wakeup_(executor) {}

async::Task<void> DenyListWatch::run(std::shared_ptr<DenyListWatch> self) {
  while (!self->stopping_) {
    Result<DenySet> read = co_await read_deny_list(self->store_);
    if (self->stopping_) break;
    self->take(std::move(read));
    co_await self->wakeup_.wait_until(self->world_.clock.now() + self->poll_);
  }
}

void DenyListWatch::take(Result<DenySet> read) {
  if (!read) {
    if (read.error().what != last_error_) log::warning("deny list not read", {read.error()});
    last_error_ = read.error().what;
    return;
  }
  last_error_.clear();
  std::string encoded = read->encode();
  if (current_ && encoded == last_) return;
  last_ = std::move(encoded);
  current_ = std::make_shared<const DenySet>(std::move(*read));
  listener_(current_);
}

void DenyListWatch::stop() {
  stopping_ = true;
  wakeup_.notify();
}

}  // namespace skerry::cloudhub

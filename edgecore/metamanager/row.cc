#include "edgecore/metamanager/row.h"

#include "common/base/hash.h"

namespace skerry::metamanager {
namespace {

constexpr std::size_t kHashedFieldBytes = 256;  // longer fields enter as their digest: no copy

}  // namespace

std::int64_t row_sum(std::initializer_list<std::string_view> fields) {
  std::string joined;
  for (const std::string_view field : fields) {
    (joined += std::to_string(field.size())) += ':';
    if (field.size() > kHashedFieldBytes) {
      joined += digest(field).view();
    } else {
      joined += field;
    }
  }
  const Sha256 hash = sha256(joined);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < sizeof sum; ++i) sum = sum << 8 | hash[i];
  return static_cast<std::int64_t>(sum);
}

std::int64_t to_unix_ms(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

WallTime from_unix_ms(std::int64_t ms) { return WallTime(std::chrono::milliseconds(ms)); }

// ---- objects ------------------------------------------------------------------------------------

ObjectRow ObjectRow::read(const Query& query) {
  ObjectRow row;
  row.kind = query.text(0);
  row.ns = query.text(1);
  row.name = query.text(2);
  row.uid = query.text(3);
  row.version = query.text(4);
  row.resource_version = query.integer(5);
  row.json = query.text(6);
  row.refused_code = query.text(7);
  row.refused_reason = query.text(8);
  row.finalised = query.integer(9);
  row.sum = query.integer(10);
  return row;
}

ObjectRow ObjectRow::from(const StoredObject& stored) {
  const k8s::Object& object = *stored.object;
  ObjectRow row;
  row.kind = k8s::info(object.key.kind).wire;
  row.ns = object.key.ns;
  row.name = object.key.name;
  row.uid = object.uid.str();
  row.version = object.version.view();
  row.resource_version = static_cast<std::int64_t>(object.resource_version.value());
  row.json = *object.json;
  row.refused_code = stored.refused_code;
  row.refused_reason = stored.refused_reason;
  row.finalised = stored.finalised ? 1 : 0;
  row.sum = row.right_sum();
  return row;
}

std::int64_t ObjectRow::right_sum() const {
  return row_sum({kind, ns, name, uid, version, std::to_string(resource_version), json,
                  refused_code, refused_reason, std::to_string(finalised)});
}

std::optional<ObjectKey> ObjectRow::key() const {
  const auto known = k8s::kind_from_wire(kind);
  if (!known) return std::nullopt;
  return ObjectKey{*known, ns, name};
}

std::optional<StoredObject> ObjectRow::to_object() const {
  const auto whose = key();
  if (!whose) return std::nullopt;
  StoredObject out;
  out.object =
      k8s::received_object(*whose, Uid(uid), k8s::ContentVersion(digest_from_bytes(version)),
                           ResourceVersion(static_cast<std::uint64_t>(resource_version)), json);
  out.refused_code = refused_code;
  out.refused_reason = refused_reason;
  out.finalised = finalised != 0;
  return out;
}

// ---- reports ------------------------------------------------------------------------------------

std::int64_t report_sum(const lane::Report& report) {
  return row_sum({std::to_string(report.seq.value()),
                  std::to_string(static_cast<unsigned>(report.kind)),
                  k8s::info(report.key.kind).wire, report.key.ns, report.key.name, report.uid.str(),
                  std::to_string(report.revision), report.body});
}

ReportRow ReportRow::read(const Query& query) {
  ReportRow row;
  const std::int64_t report_kind = query.integer(1);
  const std::string wire = query.text(2);
  lane::Report& report = row.report;
  report.seq = ReportSeq(static_cast<std::uint64_t>(query.integer(0)));
  report.key.ns = query.text(3);
  report.key.name = query.text(4);
  report.uid = Uid(query.text(5));
  report.revision = static_cast<std::uint64_t>(query.integer(6));
  report.body = query.text(7);
  row.intact =
      query.integer(8) ==
      row_sum({std::to_string(report.seq.value()), std::to_string(report_kind), wire, report.key.ns,
               report.key.name, report.uid.str(), std::to_string(report.revision), report.body});
  const auto kind = k8s::kind_from_wire(wire);
  row.known =
      kind && report_kind >= 0 && report_kind < static_cast<std::int64_t>(lane::ReportKind::kCount);
  if (row.known) {
    report.key.kind = *kind;
    report.kind = static_cast<lane::ReportKind>(report_kind);
  }
  return row;
}

// ---- tokens -------------------------------------------------------------------------------------

std::int64_t token_sum(const lane::TokenGrant& grant) {
  return row_sum({grant.slot.pod.str(), grant.slot.volume, grant.slot.path, grant.token,
                  std::to_string(to_unix_ms(grant.issued)),
                  std::to_string(to_unix_ms(grant.expires))});
}

TokenRow TokenRow::read(const Query& query) {
  TokenRow row;
  row.grant.slot.pod = Uid(query.text(0));
  row.grant.slot.volume = query.text(1);
  row.grant.slot.path = query.text(2);
  row.grant.token = query.text(3);
  row.grant.issued = from_unix_ms(query.integer(4));
  row.grant.expires = from_unix_ms(query.integer(5));
  row.intact = query.integer(6) == token_sum(row.grant);
  return row;
}

}  // namespace skerry::metamanager

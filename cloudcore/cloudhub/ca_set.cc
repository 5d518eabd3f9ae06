#include "cloudcore/cloudhub/ca_set.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/log.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"
#include "common/tls/certificate.h"

namespace skerry::cloudhub {
namespace {

namespace fields = k8s::fields;
using nlohmann::json;

constexpr const char* kCaRecord = "skerry-ca";
constexpr const char* kCertificate = "tls.crt";
constexpr const char* kKey = "tls.key";
constexpr const char* kNextCertificate = "next.crt";
constexpr const char* kNextKey = "next.key";
constexpr const char* kRotation = "rotation.json";
constexpr int kConflictRetries = 8;
constexpr std::size_t kFormerMax = 8;

// A former CA's certificates are valid for so long after it was used last ...
constexpr auto kFormerTrusted = kNodeCertificateLife;
// ... and so long they may be renewed.
constexpr auto kFormerAccepted = kNodeCertificateLife + kRenewAfterExpiryMax;

std::string datum(const Record& record, const char* name) {
  const auto found = record.data.find(name);
  return found == record.data.end() ? std::string() : found->second;
}

std::string with_newline(std::string pem) {
  if (!pem.empty() && pem.back() != '\n') pem += '\n';
  return pem;
}

std::string joined_by_hash(std::vector<std::string> certificates) {
  std::sort(certificates.begin(), certificates.end(),
            [](const auto& a, const auto& b) { return ca_hash(a) < ca_hash(b); });
  certificates.erase(std::unique(certificates.begin(), certificates.end()), certificates.end());
  std::string bundle;
  for (std::string& pem : certificates) bundle += with_newline(std::move(pem));
  return bundle;
}

std::vector<std::string> present_ones(const CaSet& set) {
  std::vector<std::string> certificates = {set.current.certificate_pem};
  if (set.next) certificates.push_back(set.next->authority.certificate_pem);
  return certificates;
}

bool has_ca(const CaSet& set, const std::string& certificate_pem) {
  const std::string hash = ca_hash(certificate_pem);
  for (const std::string& pem : present_ones(set)) {
    if (ca_hash(pem) == hash) return true;
  }
  return std::any_of(set.former.begin(), set.former.end(), [&](const FormerCa& former) {
    return ca_hash(former.certificate_pem) == hash;
  });
}

bool lost_race(const Error& error) {
  return error.code == Code::kConflict || error.code == Code::kAlreadyExists ||
         error.code == Code::kNotFound;
}

}  // namespace

// ---- trust -------------------------------------------------------------------------------------

std::string ca_hash(const std::string& certificate_pem) {
  const Result<tls::CertificateInfo> info = tls::parse_certificate(certificate_pem);
  if (!info) return {};
  return to_hex({reinterpret_cast<const char*>(info->sha256.data()), info->sha256.size()});
}

std::string edge_bundle(const CaSet& set, WallTime now) {
  std::vector<std::string> certificates = present_ones(set);
  for (const FormerCa& former : set.former) {
    if (now < former.retired + kFormerTrusted) certificates.push_back(former.certificate_pem);
  }
  return joined_by_hash(std::move(certificates));
}

std::string node_issuers(const CaSet& set) {
  std::vector<std::string> certificates = present_ones(set);
  for (const FormerCa& former : set.former) certificates.push_back(former.certificate_pem);
  return joined_by_hash(std::move(certificates));
}

// ---- steps -------------------------------------------------------------------------------------

std::vector<NodeName> nodes_without_next(const CaSet& set,
                                         const std::vector<NodeIdentity>& nodes,
                                         const DenySet& denied,
                                         WallTime now) {
  std::vector<NodeName> without;
  if (!set.next) return without;
  const std::string wanted = ca_hash(set.next->authority.certificate_pem);
  for (const NodeIdentity& node : nodes) {
    const bool comes_back =
        now < node.not_after + kRenewAfterExpiryMax &&
        !denied.is_denied(node.node, node.serial, node.issued - kCertificateBackdate);
    if (comes_back && node.ca_held != wanted) without.push_back(node.node);
  }
  std::sort(without.begin(), without.end());
  return without;
}

CaSet with_next(CaSet set, tls::Authority next, WallTime now, bool forced) {
  set.next = NextCa{std::move(next), now, forced};
  return set;
}

CaStep next_step(const CaSet& set, std::size_t nodes_without, WallTime now, Duration patience) {
  if (set.next) {
    const bool waited = now >= set.next->since + patience;
    if (set.next->forced || waited || nodes_without == 0) return CaStep::kUseNext;
  }
  for (const FormerCa& former : set.former) {
    if (now >= former.retired + kFormerAccepted) return CaStep::kForgetFormer;
  }
  return CaStep::kNone;
}

CaSet take_step(CaSet set, CaStep step, WallTime now) {
  if (step == CaStep::kUseNext) {
    set.former.push_back({std::move(set.current.certificate_pem), now});
    if (set.former.size() > kFormerMax) set.former.erase(set.former.begin());
    set.current = std::move(set.next->authority);
    set.next.reset();
  }
  if (step == CaStep::kForgetFormer) {
    std::erase_if(set.former, [now](const FormerCa& former) {
      return now >= former.retired + kFormerAccepted;
    });
  }
  return set;
}

// ---- the record --------------------------------------------------------------------------------

Record encode_ca_set(const CaSet& set) {
  Record record{.kind = RecordKind::kCa,
                .name = kCaRecord,
                .data = {{kCertificate, set.current.certificate_pem}, {kKey, set.current.key_pem}},
                .resource_version = set.resource_version};
  json rotation = json::object();
  if (set.next) {
    record.data[kNextCertificate] = set.next->authority.certificate_pem;
    record.data[kNextKey] = set.next->authority.key_pem;
    rotation["nextSince"] = k8s::format_time(set.next->since);
    rotation["nextForced"] = set.next->forced;
  }
  for (const FormerCa& former : set.former) {
    rotation["former"].push_back(
        {{"certificate", former.certificate_pem}, {"retired", k8s::format_time(former.retired)}});
  }
  if (!rotation.empty()) record.data[kRotation] = rotation.dump();
  return record;
}

Result<CaSet> decode_ca_set(const Record& record) {
  const auto broken = [&record](const std::string& what) {
    return fail(Code::kMalformed, "Secret " + record.name + " " + what +
                                      "; restore it from a backup (a new CA would make every node "
                                      "join again)");
  };
  CaSet set;
  set.current = {datum(record, kCertificate), datum(record, kKey)};
  set.resource_version = record.resource_version;
  if (set.current.certificate_pem.empty() || set.current.key_pem.empty()) {
    return broken("lacks tls.crt or tls.key");
  }
  const std::string text = datum(record, kRotation);
  const json rotation = text.empty() ? json::object() : json::parse(text, nullptr, false);
  if (!rotation.is_object()) return broken("has a rotation.json that is no JSON object");
  const std::string next = datum(record, kNextCertificate);
  if (!next.empty()) {
    const auto since = k8s::parse_time(fields::text(rotation, "nextSince"));
    if (!since) return broken("does not say since when there is a next CA");
    set.next = NextCa{
        {next, datum(record, kNextKey)}, *since, fields::flag(rotation, "nextForced")};
  }
  for (const json& item : fields::list(rotation, "former")) {
    const auto retired = k8s::parse_time(fields::text(item, "retired"));
    const std::string pem = fields::text(item, "certificate");
    if (!retired || ca_hash(pem).empty()) return broken("has a former CA that cannot be read");
    set.former.push_back({pem, *retired});
  }
  return set;
}

// ---- loading and starting ----------------------------------------------------------------------

async::Task<Result<std::optional<CaSet>>> find_ca_set(std::shared_ptr<IdentityStore> store) {
  Result<Record> record = co_await store->get(kCaRecord);
  if (!record && record.error().code == Code::kNotFound) co_return std::optional<CaSet>();
  if (!record) co_return fail("cannot read the node CA", record.error());
  Result<CaSet> set = decode_ca_set(*record);
  if (!set) co_return fail(set.error());
  co_return std::optional<CaSet>(std::move(*set));
}

async::Task<Result<CaSet>> load_ca_set(std::shared_ptr<IdentityStore> store,
                                       seam::World world,
                                       std::optional<tls::Authority> given) {
  const WallTime now = world.clock.wall();
  if (given) {
    Result<void> usable = tls::check_authority(*given, now);
    if (!usable) co_return fail("the given node CA", usable.error());
  }
  Error last;
  for (int attempt = 0; attempt < kConflictRetries; ++attempt) {
    Result<std::optional<CaSet>> read = co_await find_ca_set(store);
    if (!read) co_return fail(read.error());
    CaSet set;
    if (*read) {
      set = std::move(**read);
      if (!given || has_ca(set, given->certificate_pem)) co_return set;
      set = with_next(std::move(set), *given, now, false);
    } else if (given) {
      set.current = *given;
    } else {
      Result<tls::Authority> made = tls::make_authority("skerry-node-ca", now);
      if (!made) co_return fail(made.error());
      set.current = std::move(*made);
    }
    Record record = encode_ca_set(set);
    const bool fresh = record.resource_version.empty();
    Result<Record> stored = fail(Code::kInternal, "nothing stored");
    if (fresh) {
      stored = co_await store->create(std::move(record));
    } else {
      stored = co_await store->replace(std::move(record));
    }
    if (stored) {
      log::info(fresh ? "node CA stored" : "a new node CA was given: edges learn of it first",
                {{"secret", kCaRecord}});
      set.resource_version = stored->resource_version;
      co_return set;
    }
    last = stored.error();
    if (!lost_race(last)) break;
  }
  co_return fail("cannot store the node CA", last);
}

async::Task<Result<CaSet>> rotate_ca(std::shared_ptr<IdentityStore> store,
                                     seam::World world,
                                     bool at_once) {
  Error last;
  for (int attempt = 0; attempt < kConflictRetries; ++attempt) {
    Result<std::optional<CaSet>> read = co_await find_ca_set(store);
    if (!read) co_return fail(read.error());
    if (!*read) co_return fail(Code::kNotFound, "there is no node CA yet: start cloudcore once");
    CaSet set = std::move(**read);
    if (set.next && !at_once) {
      co_return fail(Code::kConflict,
                     "a new CA is on its way already (`cloudcore ca status` says who lacks it); "
                     "--now uses it without waiting, and who lacks it must join again");
    }
    if (set.next) {
      set.next->forced = true;
    } else {
      const WallTime now = world.clock.wall();
      Result<tls::Authority> made = tls::make_authority("skerry-node-ca", now);
      if (!made) co_return fail(made.error());
      set = with_next(std::move(set), std::move(*made), now, at_once);
    }
    Result<Record> stored = co_await store->replace(encode_ca_set(set));
    if (stored) {
      set.resource_version = stored->resource_version;
      co_return set;
    }
    last = stored.error();
    if (!lost_race(last)) break;
  }
  co_return fail("cannot store the new CA", last);
}

}  // namespace skerry::cloudhub

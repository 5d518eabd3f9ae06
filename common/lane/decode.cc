// A message's way from the wire: limits first, then one `take` per message, in the order of
// message.h.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>

#include "common/lane/codec.h"
#include "common/lane/object_bytes.h"
#include "common/lane/packed_id.h"
#include "lane.pb.h"

namespace skerry::lane {
namespace {

namespace wire = skerry::lane::v1;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// ---- limits, before protobuf allocates -------------------------------------------------------

struct Outline {
  std::uint32_t field = 0;  // the message's number in the envelope
  std::size_t entries = 0;
};

// An empty submessage costs 2 bytes on the wire and about 100 in memory: count before parsing. What
// cannot be read is left to the parser, which says so.
std::size_t count_fields(std::string_view payload) {
  CodedInputStream in(reinterpret_cast<const std::uint8_t*>(payload.data()),
                      static_cast<int>(payload.size()));
  std::size_t fields = 0;
  while (const std::uint32_t tag = in.ReadTag()) {
    ++fields;
    if (!WireFormatLite::SkipField(&in, tag)) break;
  }
  return fields;
}

Outline outline(std::string_view bytes) {
  CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                      static_cast<int>(bytes.size()));
  Outline out;
  while (const std::uint32_t tag = in.ReadTag()) {
    if (out.field == 0) {
      out.field = static_cast<std::uint32_t>(WireFormatLite::GetTagFieldNumber(tag));
    }
    std::uint32_t size = 0;
    const bool message =
        WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
    if (!message) {
      if (!WireFormatLite::SkipField(&in, tag)) break;
      continue;
    }
    if (!in.ReadVarint32(&size)) break;
    const auto start = static_cast<std::size_t>(in.CurrentPosition());
    out.entries += count_fields(bytes.substr(start, size));
    if (!in.Skip(static_cast<int>(std::min<std::size_t>(size, bytes.size())))) break;
  }
  return out;
}

// ---- fields ----------------------------------------------------------------------------------

Result<k8s::Kind> take_kind(const std::string& word) {
  const std::optional<k8s::Kind> kind = k8s::kind_from_wire(word);
  if (!kind) {
    return fail(Code::kMalformed, "kind \"" + word.substr(0, 64) + "\" is unknown to this version");
  }
  return *kind;
}

Result<ObjectKey> take_key(const wire::Key& in) {
  const Result<k8s::Kind> kind = take_kind(in.kind());
  if (!kind) return fail(kind.error());
  return ObjectKey{*kind, in.ns(), in.name()};
}

Result<Digest> take_digest(const std::string& raw, const char* what) {
  if (raw.size() != sizeof(Digest::bytes)) {
    return fail(Code::kMalformed,
                std::string(what) + " of " + std::to_string(raw.size()) + " bytes, it has 16");
  }
  return digest_from_bytes(raw);
}

// Empty spells the zero digest.
Result<Digest> take_optional_digest(const std::string& raw, const char* what) {
  if (raw.empty()) return Digest{};
  return take_digest(raw, what);
}

template <class Enum>
Result<Enum> take_enum(std::uint32_t value, Enum last, const char* what) {
  if (value > static_cast<std::uint32_t>(last)) {
    return fail(Code::kMalformed,
                std::string(what) + " " + std::to_string(value) + " is unknown to this version");
  }
  return static_cast<Enum>(value);
}

// What system_clock cannot hold (before 1970, after 2262) is clamped: nothing may overflow here.
WallTime take_time(std::int64_t unix_ms) {
  constexpr std::int64_t kLatestMs = 9'223'372'036'000;
  const std::chrono::milliseconds bounded(std::clamp<std::int64_t>(unix_ms, 0, kLatestMs));
  return WallTime(std::chrono::duration_cast<WallTime::duration>(bounded));
}

TokenSlot take_slot(const wire::TokenSlot& in) {
  return {Uid(unpacked_id(in.pod())), in.volume(), in.path()};
}

// ---- before a certificate --------------------------------------------------------------------

Result<Message> take(const wire::JoinRequest& in) {
  JoinRequest out{in.token(), NodeName(in.node()), in.csr_pem(), {}};
  for (const auto& [name, value] : in.labels()) out.labels[name] = value;
  return out;
}

Result<Message> take(const wire::RenewRequest& in) { return RenewRequest{in.csr_pem()}; }

Result<Message> take(const wire::CertificateReply& in) {
  return CertificateReply{in.certificate_pem(), in.ca_bundle_pem()};
}

// ---- opening a session -----------------------------------------------------------------------

Result<Buckets> take_buckets(const std::string& raw) {
  constexpr std::size_t kDigestBytes = sizeof(Digest::bytes);
  Buckets out{};
  if (raw.empty()) return out;
  if (raw.size() != out.size() * kDigestBytes) {
    return fail(Code::kMalformed, "content digests of " + std::to_string(raw.size()) +
                                      " bytes, they have " +
                                      std::to_string(out.size() * kDigestBytes));
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = digest_from_bytes(raw.substr(i * kDigestBytes, kDigestBytes));
  }
  return out;
}

Result<Message> take(const wire::Hello& in) {
  Hello out;
  out.node = NodeName(in.node());
  out.agent_version = in.agent_version();
  out.protocol_min = in.protocol_min();
  out.protocol_max = in.protocol_max();
  out.cut_rules = in.cut_rules();
  out.store = StoreId(unpacked_id(in.store()));
  out.boot = BootId(unpacked_id(in.boot()));
  out.cluster = ClusterId(unpacked_id(in.cluster()));
  const Result<Buckets> content = take_buckets(in.content());
  if (!content) return fail(content.error());
  out.content = *content;
  const Result<Digest> status = take_optional_digest(in.status(), "status digest");
  if (!status) return fail(status.error());
  out.status = *status;
  for (const wire::Hello::Seen& seen : in.seen()) {
    // What a newer edge has seen of a kind that this cloud does not serve asks nothing of it.
    const std::optional<k8s::Kind> kind = k8s::kind_from_wire(seen.kind());
    if (kind) out.seen[*kind] = ResourceVersion(seen.resource_version());
  }
  const Result<Digest> bundle = take_optional_digest(in.ca_bundle(), "CA bundle's digest");
  if (!bundle) return fail(bundle.error());
  out.ca_bundle = *bundle;
  return out;
}

Result<Message> take(const wire::Compare& in) {
  if (in.buckets() > 0xffff) return fail(Code::kMalformed, "Compare names more than 16 buckets");
  return Compare{static_cast<std::uint16_t>(in.buckets()), in.status()};
}

Result<Message> take(const wire::Listing& in) {
  Listing out;
  out.content.reserve(static_cast<std::size_t>(in.content_size()));
  for (const wire::Listing::Content& entry : in.content()) {
    Result<ObjectKey> key = take_key(entry.key());
    if (!key) return fail("Listing", key.error());
    const Result<Digest> version = take_digest(entry.version(), "content version");
    if (!version) return fail("Listing", version.error());
    out.content.push_back(
        {std::move(*key), Uid(unpacked_id(entry.uid())), ContentVersion(*version)});
  }
  out.status.reserve(static_cast<std::size_t>(in.status_size()));
  for (const wire::Listing::Status& entry : in.status()) {
    Result<ObjectKey> key = take_key(entry.key());
    if (!key) return fail("Listing", key.error());
    const Result<Digest> hash = take_optional_digest(entry.hash(), "status hash");
    if (!hash) return fail("Listing", hash.error());
    out.status.push_back({std::move(*key), Uid(unpacked_id(entry.uid())), StatusHash(*hash)});
  }
  return out;
}

Result<Message> take(const wire::Welcome& in) {
  return Welcome{Epoch(in.epoch()), in.in_sync(), ClusterId(unpacked_id(in.cluster())),
                 in.foreign_cluster()};
}

Result<Message> take(const wire::Goodbye& in) {
  // A goodbye for a reason that is not known here is one all the same; kProtocol backs off longest.
  const Result<GoodbyeCode> code = take_enum(in.code(), GoodbyeCode::kShutdown, "goodbye code");
  return Goodbye{code.value_or(GoodbyeCode::kProtocol), in.reason(),
                 std::chrono::milliseconds(in.retry_after_ms())};
}

// ---- downstream ------------------------------------------------------------------------------

Result<Message> take(const wire::Upsert& in, const DecodeLimits& limits) {
  Result<ObjectKey> key = take_key(in.key());
  if (!key) return fail("Upsert", key.error());
  const Result<Digest> version = take_digest(in.version(), "content version");
  if (!version) return fail("Upsert", version.error());
  Result<std::string> json = decompress(in.json_zstd(), in.json_bytes(), limits.object_bytes_max);
  if (!json) return fail("Upsert", json.error());
  Upsert out;
  out.seq = Seq(in.seq());
  out.object =
      k8s::received_object(std::move(*key), Uid(unpacked_id(in.uid())), ContentVersion(*version),
                           ResourceVersion(in.resource_version()), std::move(*json));
  if (in.has_status_seed()) out.status_seed = in.status_seed();
  return out;
}

Result<Message> take(const wire::Remove& in) {
  Result<ObjectKey> key = take_key(in.key());
  if (!key) return fail("Remove", key.error());
  const Result<RemoveReason> reason =
      take_enum(in.reason(), RemoveReason::kUnneeded, "Remove: reason");
  if (!reason) return fail(reason.error());
  return Remove{Seq(in.seq()), std::move(*key), Uid(unpacked_id(in.uid())), *reason};
}

Result<Message> take(const wire::ReportAgain& in, std::uint32_t field) {
  Result<ObjectKey> key = take_key(in.key());
  if (!key) return Unhandled{field};  // nothing of that kind is here to be reported
  return ReportAgain{std::move(*key), Uid(unpacked_id(in.uid()))};
}

Result<Message> take(const wire::TokenQuery& in) {
  Result<ObjectKey> pod = take_key(in.pod());
  if (!pod) return fail("TokenQuery", pod.error());
  return TokenQuery{in.query(), std::move(*pod), take_slot(in.slot())};
}

Result<Message> take(const wire::TokenGrant& in) {
  return TokenGrant{in.query(),
                    take_slot(in.slot()),
                    in.token(),
                    take_time(in.issued_ms()),
                    take_time(in.expires_ms()),
                    in.error()};
}

Result<Message> take(const wire::CaBundle& in) { return CaBundle{in.pem()}; }

// ---- upstream --------------------------------------------------------------------------------

Result<Message> take(const wire::Ack& in) { return Ack{Seq(in.seq())}; }

Result<Message> take(const wire::Nack& in) { return Nack{Seq(in.seq()), in.code(), in.reason()}; }

Result<Message> take(const wire::Report& in) {
  const Result<ReportKind> kind = take_enum(in.kind(), ReportKind::kFinalised, "Report: kind");
  if (!kind) return fail(kind.error());
  Result<ObjectKey> key = take_key(in.key());
  if (!key) return fail("Report", key.error());
  return Report{ReportSeq(in.seq()),        *kind,         std::move(*key),
                Uid(unpacked_id(in.uid())), in.revision(), in.body()};
}

Result<Message> take(const wire::ReportAck& in) {
  ReportAck out;
  out.verdicts.reserve(static_cast<std::size_t>(in.verdicts_size()));
  for (const wire::ReportAck::Verdict& verdict : in.verdicts()) {
    const Result<Verdict> word =
        take_enum(verdict.verdict(), Verdict::kRetry, "ReportAck: verdict");
    if (!word) return fail(word.error());
    out.verdicts.push_back({ReportSeq(verdict.seq()), *word, verdict.code()});
  }
  return out;
}

Result<Message> take(const wire::CaBundleHeld& in) {
  Result<Digest> digest = take_digest(in.digest(), "CaBundleHeld: digest");
  if (!digest) return fail(digest.error());
  return CaBundleHeld{*digest};
}

// Protobuf would write a line to standard error for each string that is not UTF-8; the error that
// decode() returns says it, and its receiver counts it.
void silence_protobuf() {
  static const auto former = google::protobuf::SetLogHandler(nullptr);
  (void)former;
}

}  // namespace

Result<Message> decode(std::string_view bytes, const DecodeLimits& limits) {
  if (bytes.size() > kMessageBytesMax) return fail(Code::kTooLarge, "a lane message over 4 MiB");
  const Outline found = outline(bytes);
  if (found.field == 0) return fail(Code::kMalformed, "not a lane message");
  if (found.entries > limits.entries_max) {
    return fail(Code::kTooLarge,
                "a lane message with more than " + std::to_string(limits.entries_max) + " entries");
  }
  silence_protobuf();
  wire::Envelope in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Code::kMalformed,
                "lane message " + std::to_string(found.field) + " is not readable");
  }
  switch (in.message_case()) {
    case wire::Envelope::kJoinRequest:
      return take(in.join_request());
    case wire::Envelope::kRenewRequest:
      return take(in.renew_request());
    case wire::Envelope::kCertificateReply:
      return take(in.certificate_reply());
    case wire::Envelope::kHello:
      return take(in.hello());
    case wire::Envelope::kCompare:
      return take(in.compare());
    case wire::Envelope::kListing:
      return take(in.listing());
    case wire::Envelope::kWelcome:
      return take(in.welcome());
    case wire::Envelope::kGoodbye:
      return take(in.goodbye());
    case wire::Envelope::kUpsert:
      return take(in.upsert(), limits);
    case wire::Envelope::kRemove:
      return take(in.remove());
    case wire::Envelope::kReportAgain:
      return take(in.report_again(), found.field);
    case wire::Envelope::kTokenQuery:
      return take(in.token_query());
    case wire::Envelope::kTokenGrant:
      return take(in.token_grant());
    case wire::Envelope::kCaBundle:
      return take(in.ca_bundle());
    case wire::Envelope::kAck:
      return take(in.ack());
    case wire::Envelope::kNack:
      return take(in.nack());
    case wire::Envelope::kReport:
      return take(in.report());
    case wire::Envelope::kReportAck:
      return take(in.report_ack());
    case wire::Envelope::kPing:
      return Ping{};
    case wire::Envelope::kCaBundleHeld:
      return take(in.ca_bundle_held());
    case wire::Envelope::MESSAGE_NOT_SET:
      return Unhandled{found.field};
  }
  return Unhandled{found.field};
}

}  // namespace skerry::lane

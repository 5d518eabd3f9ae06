// A message's way to the wire: one `put` per message, in the order of message.h.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "common/base/assert.h"
#include "common/lane/codec.h"
#include "common/lane/object_bytes.h"
#include "common/lane/packed_id.h"
#include "lane.pb.h"

namespace skerry::lane {
namespace {

namespace wire = skerry::lane::v1;

// ---- fields ----------------------------------------------------------------------------------

// Length of the UTF-8 sequence at `text`, 0 when it is none. Source: RFC 3629, table of section 4.
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xc2   ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (first == 0xe0 && byte(1) < 0xa0) return 0;  // overlong
  if (first == 0xed && byte(1) > 0x9f) return 0;  // surrogate
  if (first == 0xf0 && byte(1) < 0x90) return 0;  // overlong
  if (first == 0xf4 && byte(1) > 0x8f) return 0;  // beyond U+10FFFF
  return length;
}

std::string readable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    out += length == 0 ? "?" : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

void put_key(const ObjectKey& key, wire::Key& out) {
  out.set_kind(std::string(k8s::info(key.kind).wire));
  out.set_ns(key.ns);
  out.set_name(key.name);
}

std::string digest_bytes(const Digest& digest) {
  return digest == Digest{} ? std::string() : std::string(digest.view());
}

std::int64_t unix_ms(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

void put_slot(const TokenSlot& slot, wire::TokenSlot& out) {
  out.set_pod(packed_id(slot.pod.str()));
  out.set_volume(slot.volume);
  out.set_path(slot.path);
}

// ---- before a certificate --------------------------------------------------------------------

void put(const JoinRequest& in, wire::Envelope& envelope) {
  wire::JoinRequest& out = *envelope.mutable_join_request();
  out.set_token(in.token);
  out.set_node(in.node.str());
  out.set_csr_pem(in.csr_pem);
  for (const auto& [name, value] : in.labels) (*out.mutable_labels())[name] = value;
}

void put(const RenewRequest& in, wire::Envelope& envelope) {
  envelope.mutable_renew_request()->set_csr_pem(in.csr_pem);
}

void put(const CertificateReply& in, wire::Envelope& envelope) {
  envelope.mutable_certificate_reply()->set_certificate_pem(in.certificate_pem);
  envelope.mutable_certificate_reply()->set_ca_bundle_pem(in.ca_bundle_pem);
}

// ---- opening a session -----------------------------------------------------------------------

std::string bucket_bytes(const Buckets& buckets) {
  if (buckets == Buckets{}) return {};
  std::string out;
  out.reserve(buckets.size() * sizeof(Digest));
  for (const Digest& bucket : buckets) out += bucket.view();
  return out;
}

void put(const Hello& in, wire::Envelope& envelope) {
  wire::Hello& out = *envelope.mutable_hello();
  out.set_node(in.node.str());
  out.set_agent_version(in.agent_version);
  out.set_protocol_min(in.protocol_min);
  out.set_protocol_max(in.protocol_max);
  out.set_cut_rules(in.cut_rules);
  out.set_store(packed_id(in.store.str()));
  out.set_boot(packed_id(in.boot.str()));
  out.set_cluster(packed_id(in.cluster.str()));
  out.set_content(bucket_bytes(in.content));
  out.set_status(digest_bytes(in.status));
  for (const auto& [kind, version] : in.seen) {
    wire::Hello::Seen& seen = *out.add_seen();
    seen.set_kind(std::string(k8s::info(kind).wire));
    seen.set_resource_version(version.value());
  }
  out.set_ca_bundle(digest_bytes(in.ca_bundle));
}

void put(const Compare& in, wire::Envelope& envelope) {
  envelope.mutable_compare()->set_buckets(in.buckets);
  envelope.mutable_compare()->set_status(in.status);
}

void put(const Listing& in, wire::Envelope& envelope) {
  wire::Listing& out = *envelope.mutable_listing();
  for (const ContentEntry& entry : in.content) {
    wire::Listing::Content& content = *out.add_content();
    put_key(entry.key, *content.mutable_key());
    content.set_uid(packed_id(entry.uid.str()));
    content.set_version(std::string(entry.version.view()));
  }
  for (const StatusEntry& entry : in.status) {
    wire::Listing::Status& status = *out.add_status();
    put_key(entry.key, *status.mutable_key());
    status.set_uid(packed_id(entry.uid.str()));
    status.set_hash(digest_bytes(entry.hash));
  }
}

void put(const Welcome& in, wire::Envelope& envelope) {
  wire::Welcome& out = *envelope.mutable_welcome();
  out.set_epoch(in.epoch.value());
  out.set_in_sync(in.in_sync);
  out.set_cluster(packed_id(in.cluster.str()));
  out.set_foreign_cluster(in.foreign_cluster);
}

void put(const Goodbye& in, wire::Envelope& envelope) {
  wire::Goodbye& out = *envelope.mutable_goodbye();
  out.set_code(static_cast<std::uint32_t>(in.code));
  out.set_reason(readable(in.reason));
  out.set_retry_after_ms(static_cast<std::uint32_t>(in.retry_after.count()));
}

// ---- downstream ------------------------------------------------------------------------------

void put(const Upsert& in, wire::Envelope& envelope) {
  SKERRY_ASSERT(in.object && in.object->json, "an Upsert without an object");
  const k8s::Object& object = *in.object;
  wire::Upsert& out = *envelope.mutable_upsert();
  out.set_seq(in.seq.value());
  put_key(object.key, *out.mutable_key());
  out.set_uid(packed_id(object.uid.str()));
  out.set_version(std::string(object.version.view()));
  out.set_resource_version(object.resource_version.value());
  out.set_json_zstd(compress(*object.json));
  out.set_json_bytes(static_cast<std::uint32_t>(object.json->size()));
  if (in.status_seed) out.set_status_seed(*in.status_seed);
}

void put(const Remove& in, wire::Envelope& envelope) {
  wire::Remove& out = *envelope.mutable_remove();
  out.set_seq(in.seq.value());
  put_key(in.key, *out.mutable_key());
  out.set_uid(packed_id(in.uid.str()));
  out.set_reason(static_cast<std::uint32_t>(in.reason));
}

void put(const ReportAgain& in, wire::Envelope& envelope) {
  put_key(in.key, *envelope.mutable_report_again()->mutable_key());
  envelope.mutable_report_again()->set_uid(packed_id(in.uid.str()));
}

void put(const TokenQuery& in, wire::Envelope& envelope) {
  wire::TokenQuery& out = *envelope.mutable_token_query();
  out.set_query(in.query);
  put_key(in.pod, *out.mutable_pod());
  put_slot(in.slot, *out.mutable_slot());
}

void put(const TokenGrant& in, wire::Envelope& envelope) {
  wire::TokenGrant& out = *envelope.mutable_token_grant();
  out.set_query(in.query);
  put_slot(in.slot, *out.mutable_slot());
  out.set_token(in.token);
  out.set_issued_ms(unix_ms(in.issued));
  out.set_expires_ms(unix_ms(in.expires));
  out.set_error(readable(in.error));
}

void put(const CaBundle& in, wire::Envelope& envelope) {
  envelope.mutable_ca_bundle()->set_pem(in.pem);
}

// ---- upstream --------------------------------------------------------------------------------

void put(const Ack& in, wire::Envelope& envelope) {
  envelope.mutable_ack()->set_seq(in.seq.value());
}

void put(const Nack& in, wire::Envelope& envelope) {
  wire::Nack& out = *envelope.mutable_nack();
  out.set_seq(in.seq.value());
  out.set_code(in.code);
  out.set_reason(readable(in.reason));
}

void put(const Report& in, wire::Envelope& envelope) {
  wire::Report& out = *envelope.mutable_report();
  out.set_seq(in.seq.value());
  out.set_kind(static_cast<std::uint32_t>(in.kind));
  put_key(in.key, *out.mutable_key());
  out.set_uid(packed_id(in.uid.str()));
  out.set_revision(in.revision);
  out.set_body(in.body);
}

void put(const ReportAck& in, wire::Envelope& envelope) {
  wire::ReportAck& out = *envelope.mutable_report_ack();
  for (const ReportVerdict& verdict : in.verdicts) {
    wire::ReportAck::Verdict& added = *out.add_verdicts();
    added.set_seq(verdict.seq.value());
    added.set_verdict(static_cast<std::uint32_t>(verdict.verdict));
    added.set_code(readable(verdict.code));
  }
}

void put(const CaBundleHeld& in, wire::Envelope& envelope) {
  envelope.mutable_ca_bundle_held()->set_digest(digest_bytes(in.digest));
}

void put(const Ping&, wire::Envelope& envelope) { envelope.mutable_ping(); }

void put(const Unhandled&, wire::Envelope&) {
  SKERRY_ASSERT(false, "Unhandled exists only for what was received");
}

}  // namespace

std::string encode(const Message& message) {
  wire::Envelope envelope;
  std::visit([&envelope](const auto& in) { put(in, envelope); }, message);
  // Maps in the order of their keys: one message, one form, also in a replayed simulation.
  std::string out;
  google::protobuf::io::StringOutputStream sink(&out);
  google::protobuf::io::CodedOutputStream stream(&sink);
  stream.SetSerializationDeterministic(true);
  SKERRY_ASSERT(envelope.SerializeToCodedStream(&stream), "a lane message could not be written");
  stream.Trim();
  return out;
}

}  // namespace skerry::lane

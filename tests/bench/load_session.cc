#include "tests/bench/load_session.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/base/assert.h"
#include "common/lane/codec.h"
#include "common/lane/digest.h"

namespace skerry::bench {
namespace {

constexpr std::string_view kUpgradeRequest =
    "GET / HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: skerry.lane.v1\r\n\r\n";
constexpr std::string_view kSwitched = "HTTP/1.1 101 ";
constexpr unsigned char kBinaryFrame = 0x82;
constexpr unsigned char kMasked = 0x80;

// What a gateway of the kind says of itself; quantities as the API writes them.
constexpr std::string_view kStatus =
    R"({"addresses":[{"address":"192.0.2.1","type":"InternalIP"}],)"
    R"("allocatable":{"cpu":"2","memory":"1Gi","pods":"110"},)"
    R"("capacity":{"cpu":"2","memory":"1Gi","pods":"110"},)"
    R"("conditions":[{"type":"Ready","status":"True","reason":"KubeletReady","message":"ready",)"
    R"("lastHeartbeatTime":"2026-01-01T00:00:00Z","lastTransitionTime":"2026-01-01T00:00:00Z"}]})";

k8s::ObjectKey key_of(const FleetNode& node) { return {k8s::Kind::kNode, "", node.name.str()}; }

// A websocket frame from the client has a mask; one of zeros leaves the bytes as they are.
void append_frame(std::string& out, std::string_view payload) {
  out += static_cast<char>(kBinaryFrame);
  if (payload.size() < 126) {
    out += static_cast<char>(kMasked | payload.size());
  } else {
    out += static_cast<char>(kMasked | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size() & 0xff);
  }
  out.append(4, '\0');
  out += payload;
}

}  // namespace

LoadSession::LoadSession(FleetNode& node, const Fleet& fleet, SSL_CTX* context, bool bare)
    : node_(node), bare_(bare), ssl_(SSL_new(context), SSL_free) {
  SSL_use_certificate(ssl_.get(), node.certificate.get());
  SSL_use_PrivateKey(ssl_.get(), fleet.key.get());
  SSL_set_connect_state(ssl_.get());
}

LoadSession::~LoadSession() {
  if (fd_ >= 0) ::close(fd_);
}

bool LoadSession::connect(const sockaddr_in& hub) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return false;
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  SSL_set_fd(ssl_.get(), fd_);
  const auto* address = reinterpret_cast<const sockaddr*>(&hub);
  return ::connect(fd_, address, sizeof hub) == 0 || errno == EINPROGRESS;
}

void LoadSession::die(std::string why) {
  if (stage_ == Stage::kDead) return;
  stage_ = Stage::kDead;
  failure_ = std::move(why);
}

// ---- bytes -----------------------------------------------------------------------------------

void LoadSession::drive(TimePoint now) {
  if (stage_ == Stage::kDead) return;
  ERR_clear_error();
  if (stage_ == Stage::kTls) {
    const int done = SSL_do_handshake(ssl_.get());
    const int error = SSL_get_error(ssl_.get(), done);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
    if (done != 1) return die("TLS handshake: " + std::string(std::strerror(errno)));
    after_handshake();
  }
  flush();
  read_all(now);
  flush();
}

void LoadSession::after_handshake() {
  stage_ = Stage::kUpgrade;
  out_ = bare_ ? "x" : std::string(kUpgradeRequest);
}

void LoadSession::read_all(TimePoint now) {
  static char buffer[lane::kChunkBytesMax * 2];
  while (stage_ != Stage::kDead) {
    std::size_t bytes = 0;
    ERR_clear_error();
    const int done = SSL_read_ex(ssl_.get(), buffer, sizeof buffer, &bytes);
    if (done == 0) {
      const int error = SSL_get_error(ssl_.get(), done);
      if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) die("the hub closed");
      return;
    }
    in_.append(buffer, bytes);
    if (stage_ == Stage::kUpgrade) take_upgrade();
    if (stage_ == Stage::kOpening || stage_ == Stage::kLive) take_frames(now);
    if (in_.empty()) in_ = {};  // thousands are idle: their buffers go
  }
}

void LoadSession::flush() {
  while (!out_.empty() && stage_ != Stage::kDead && stage_ != Stage::kTls) {
    std::size_t bytes = 0;
    ERR_clear_error();
    const int done = SSL_write_ex(ssl_.get(), out_.data(), out_.size(), &bytes);
    if (done == 0) {
      const int error = SSL_get_error(ssl_.get(), done);
      if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) die("the hub closed");
      return;
    }
    out_.erase(0, bytes);
  }
  out_ = {};
}

void LoadSession::take_upgrade() {
  if (bare_) {
    in_.clear();
    stage_ = Stage::kEchoed;
    return;
  }
  const std::size_t end = in_.find("\r\n\r\n");
  if (end == std::string::npos) return;
  if (!in_.starts_with(kSwitched)) return die("no upgrade: " + in_.substr(0, 40));
  in_.erase(0, end + 4);
  stage_ = Stage::kOpening;
  say_hello();
}

void LoadSession::take_frames(TimePoint now) {
  std::size_t at = 0;
  while (in_.size() - at >= 2 && stage_ != Stage::kDead) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(in_[at + i]); };
    std::size_t header = 2, size = byte(1);
    if (size == 126) {
      header = 4;
      if (in_.size() - at < header) break;
      size = static_cast<std::size_t>(byte(2)) << 8 | byte(3);
    }
    if (size > kFrameBytesMax || byte(0) != kBinaryFrame) return die("a frame of another kind");
    if (in_.size() - at < header + size) break;
    const auto whole = mux_.receive(std::string_view(in_).substr(at + header, size));
    at += header + size;
    if (!whole) return die(whole.error().what);
    if (!*whole) continue;
    const Result<lane::Message> message = lane::decode(**whole);
    if (!message) return die(message.error().what);
    take_message(*message, now);
  }
  in_.erase(0, at);
}

// ---- messages --------------------------------------------------------------------------------

void LoadSession::say(const lane::Message& message) {
  const Result<void> queued = mux_.send(lane::class_of(message), lane::encode(message));
  if (!queued) return die(queued.error().what);
  while (const auto frame = mux_.next_frame()) append_frame(out_, *frame);
}

void LoadSession::say_hello() {
  lane::Hello hello;
  hello.node = node_.name;
  hello.agent_version = "bench";
  hello.store = node_.store;
  hello.boot = BootId("bench");
  hello.cluster = node_.cluster;
  if (node_.content) hello.content = lane::content_digests({*node_.content});
  if (node_.status) hello.status = lane::status_digest({*node_.status});
  if (node_.content) hello.seen[k8s::Kind::kNode] = node_.seen;
  say(hello);
}

void LoadSession::take_message(const lane::Message& message, TimePoint now) {
  if (const auto* compare = std::get_if<lane::Compare>(&message)) return take_compare(*compare);
  if (const auto* upsert = std::get_if<lane::Upsert>(&message)) return take_object(*upsert);
  if (const auto* remove = std::get_if<lane::Remove>(&message)) return say(lane::Ack{remove->seq});
  if (std::holds_alternative<lane::ReportAgain>(message)) return report();
  if (const auto* goodbye = std::get_if<lane::Goodbye>(&message)) {
    return die("goodbye: " + goodbye->reason);
  }
  if (const auto* welcome = std::get_if<lane::Welcome>(&message)) {
    stage_ = Stage::kLive;
    in_sync_ = welcome->in_sync;
    node_.cluster = welcome->cluster;
    last_said_ = now;
    if (!node_.status) report();
  }
  if (const auto* ack = std::get_if<lane::ReportAck>(&message)) {
    reporting_ = false;
    for (const lane::ReportVerdict& verdict : ack->verdicts) {
      if (verdict.verdict != lane::Verdict::kOk) return die("report refused: " + verdict.code);
    }
  }
}

void LoadSession::take_compare(const lane::Compare& compare) {
  lane::Listing listing;
  if (node_.content && compare.buckets >> lane::bucket_of(node_.content->key) & 1) {
    listing.content.push_back(*node_.content);
  }
  if (node_.status && compare.status) listing.status.push_back(*node_.status);
  say(listing);
}

void LoadSession::take_object(const lane::Upsert& upsert) {
  const k8s::Object& object = *upsert.object;
  if (object.key == key_of(node_)) {
    node_.content = lane::ContentEntry{object.key, object.uid, object.version};
    node_.seen = object.resource_version;
    const auto hash = k8s::status_hash(k8s::Kind::kNode, kStatus);
    SKERRY_ASSERT(hash, "the bench's own status is malformed");
    node_.status = lane::StatusEntry{object.key, object.uid, *hash};
  }
  say(lane::Ack{upsert.seq});
}

void LoadSession::report() {
  lane::Report report;
  report.seq = ReportSeq(++node_.reports);
  report.kind = lane::ReportKind::kNodeStatus;
  report.key = key_of(node_);
  if (node_.content) report.uid = node_.content->uid;
  report.revision = node_.reports;
  report.body = R"({"registration":{"metadata":{"labels":{"node-role.kubernetes.io/edge":""}}},)"
                R"("status":)" +
                std::string(kStatus) + "}";
  reporting_ = true;
  say(report);
}

void LoadSession::on_time(TimePoint now) {
  if (stage_ != Stage::kLive || now < last_said_ + kEdgePingInterval) return;
  last_said_ = now;
  say(lane::Ping{});
  flush();
}

}  // namespace skerry::bench

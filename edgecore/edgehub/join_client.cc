#include "edgecore/edgehub/join_client.h"

#include <boost/asio/steady_timer.hpp>
#include <optional>

#include "common/async/wakeup.h"
#include "common/base/log.h"
#include "common/lane/codec.h"
#include "common/lane/mux.h"
#include "common/lane/websocket_lane.h"
#include "common/tls/key.h"

namespace skerry::edgehub {
namespace {

constexpr auto kAttemptLimit = 20s;
constexpr auto kRetryDelay = 2s;
constexpr std::size_t kHashDigits = 64;
constexpr std::size_t kPresentedLetters = 6 + 1 + 32;

std::string common_name(const NodeName& node) { return "system:node:" + node.str(); }

std::optional<Sha256> sha256_from_hex(std::string_view text) {
  Sha256 hash{};
  if (text.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(text[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    hash[i / 2] = static_cast<std::uint8_t>(hash[i / 2] << 4 | digit);
  }
  return hash;
}

// ---- one question, one answer ------------------------------------------------------------------

/// A refusal in the hub's own words; what may pass by itself is retryable.
Error refusal_of(const lane::Goodbye& goodbye) {
  const bool may_pass =
      goodbye.code == lane::GoodbyeCode::kNotReady || goodbye.code == lane::GoodbyeCode::kShutdown;
  return {may_pass ? Code::kUnavailable : Code::kForbidden, goodbye.reason, goodbye.retry_after};
}

Result<std::optional<lane::CertificateReply>> take_frame(lane::Mux& mux, const std::string& frame) {
  Result<std::optional<std::string>> message = mux.receive(frame);
  if (!message) return fail("the answer", message.error());
  if (!*message) return std::optional<lane::CertificateReply>();
  Result<lane::Message> decoded = lane::decode(**message);
  if (!decoded) return fail("the answer", decoded.error());
  if (auto* reply = std::get_if<lane::CertificateReply>(&*decoded)) {
    return std::optional<lane::CertificateReply>(std::move(*reply));
  }
  if (const auto* goodbye = std::get_if<lane::Goodbye>(&*decoded))
    return fail(refusal_of(*goodbye));
  return std::optional<lane::CertificateReply>();  // pings and what this version does not know
}

async::Task<Result<lane::CertificateReply>> exchange(std::shared_ptr<lane::Lane> lane,
                                                     lane::Message question,
                                                     TimePoint deadline) {
  lane::Mux mux({.message_bytes_max = kJoinBytesMax, .queue_bytes_max = kJoinBytesMax});
  Result<void> queued = mux.send(lane::class_of(question), lane::encode(question));
  if (!queued) co_return fail("the request", queued.error());
  while (true) {
    while (std::optional<std::string> frame = mux.next_frame()) {
      Result<void> written = co_await lane->write(std::move(*frame), deadline);
      if (!written) co_return fail(written.error());
    }
    Result<std::string> frame = co_await lane->read();
    if (!frame) co_return fail(frame.error());
    Result<std::optional<lane::CertificateReply>> reply = take_frame(mux, *frame);
    if (!reply) co_return fail(reply.error());
    if (*reply) co_return std::move(**reply);
  }
}

/// The same with a deadline for the reads too: the lane is closed when it comes.
async::Task<Result<lane::CertificateReply>> ask(std::unique_ptr<lane::Lane> connected,
                                                lane::Message question,
                                                TimePoint deadline) {
  const std::shared_ptr<lane::Lane> lane = std::move(connected);
  const auto passed = std::make_shared<bool>(false);
  boost::asio::steady_timer timer(co_await async::this_executor(), deadline);
  timer.async_wait([lane, passed](const boost::system::error_code& error) {
    if (error) return;
    *passed = true;
    lane->close();
  });
  Result<lane::CertificateReply> reply = co_await exchange(lane, std::move(question), deadline);
  timer.cancel();
  lane->close();
  if (*passed && !reply) co_return fail(Code::kTimeout, "the hub did not answer in time");
  co_return reply;
}

// ---- joining -----------------------------------------------------------------------------------

struct Prepared {
  ServerAddress server;
  JoinToken token;
  std::string key_pem;
  lane::JoinRequest request;
};

Result<Prepared> prepare(const JoinOrder& order, IdentityStore& identities) {
  Prepared prepared;
  Result<ServerAddress> server = parse_server_address(order.server);
  if (!server) return fail(server.error());
  prepared.server = std::move(*server);
  Result<JoinToken> token = parse_join_token(order.token);
  if (!token) return fail(token.error());
  prepared.token = std::move(*token);
  Result<std::string> key = identities.key_for_join();
  if (!key) return fail("this node's key", key.error());
  prepared.key_pem = std::move(*key);
  Result<std::string> csr = tls::make_request(prepared.key_pem, common_name(order.node));
  if (!csr) return fail("this node's key", csr.error());
  prepared.request = {.token = prepared.token.presented,
                      .node = order.node,
                      .csr_pem = std::move(*csr),
                      .labels = order.labels};
  return prepared;
}

/// Nothing is believed because it came over the link: the certificate must be for this key and
/// name, and the bundle must hold the pinned root.
Result<void> check_reply(const lane::CertificateReply& reply,
                         const Prepared& prepared,
                         const NodeName& node) {
  Result<tls::CertificateInfo> leaf = tls::parse_certificate(reply.certificate_pem);
  if (!leaf) return fail("the hub's answer", leaf.error());
  if (leaf->common_name != common_name(node)) {
    return fail(Code::kMalformed, "the hub's answer is a certificate for \"" + leaf->common_name +
                                      "\", not for this node");
  }
  Result<void> matches = tls::check_key_matches(prepared.key_pem, reply.certificate_pem);
  if (!matches) return fail("the hub's answer", matches.error());
  Result<std::vector<tls::CertificateInfo>> bundle = tls::parse_chain(reply.ca_bundle_pem);
  if (!bundle) return fail("the hub's CA bundle", bundle.error());
  for (const tls::CertificateInfo& ca : *bundle) {
    if (ca.sha256 == prepared.token.ca_hash) return {};
  }
  return fail(Code::kMalformed, "the hub's CA bundle lacks the CA that the token names");
}

async::Task<Result<void>> join_once(Prepared prepared,
                                    JoinOrder order,
                                    std::shared_ptr<IdentityStore> identities,
                                    ConnectToHub connect,
                                    TimePoint deadline) {
  tls::ServerTrust trust;
  trust.pinned_root = prepared.token.ca_hash;
  const std::optional<tls::Identity> nobody;
  Result<std::unique_ptr<lane::Lane>> lane =
      co_await connect(prepared.server, trust, nobody, deadline);
  if (!lane) co_return fail(lane.error());
  lane::Message question = prepared.request;
  Result<lane::CertificateReply> reply =
      co_await ask(std::move(*lane), std::move(question), deadline);
  if (!reply) co_return fail(reply.error());
  if (Result<void> checked = check_reply(*reply, prepared, order.node); !checked) co_return checked;
  JoinedConfig config{.node = order.node,
                      .server = prepared.server.text(),
                      .labels = order.labels,
                      .runtime_endpoint = order.runtime_endpoint};
  co_return identities->save_join(*reply, config);
}

}  // namespace

Result<JoinToken> parse_join_token(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  const auto hash = sha256_from_hex(text.substr(0, kHashDigits));
  const std::string_view rest = text.substr(std::min(text.size(), kHashDigits));
  const bool is_whole = rest.size() == 1 + kPresentedLetters && rest[0] == '.' && rest[7] == '.';
  const bool is_plain =
      rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.") == std::string_view::npos;
  if (!hash || !is_whole || !is_plain) {
    return fail(Code::kMalformed,
                "this is not a whole join token; copy the last line of `cloudcore token create`");
  }
  return JoinToken{*hash, std::string(rest.substr(1))};
}

ConnectToHub websocket_to_hub(std::function<WallTime()> now) {
  return [now = std::move(now)](
             ServerAddress server, tls::ServerTrust trust, std::optional<tls::Identity> own,
             TimePoint deadline) -> async::Task<Result<std::unique_ptr<lane::Lane>>> {
    Result<std::shared_ptr<tls::ClientContext>> context = tls::ClientContext::create(trust, own);
    if (!context) co_return fail(context.error());
    lane::Dial dial;
    dial.host = server.host;
    dial.port = server.port;
    dial.context = *context;
    dial.now = now();
    co_return co_await lane::connect_websocket(std::move(dial), deadline);
  };
}

async::Task<Result<void>> join(JoinOrder order,
                               std::shared_ptr<IdentityStore> identities,
                               ConnectToHub connect,
                               seam::World world,
                               TimePoint deadline) {
  Result<Prepared> prepared = prepare(order, *identities);
  if (!prepared) co_return fail(prepared.error());
  const std::string doing = "cannot join at " + prepared->server.text();
  bool told = false;
  while (true) {
    const TimePoint limit = std::min(deadline, world.clock.now() + kAttemptLimit);
    Result<void> joined = co_await join_once(*prepared, order, identities, connect, limit);
    if (joined) co_return joined;
    Error error = joined.error();
    const Duration wait = error.retry_after.count() > 0 ? Duration(error.retry_after)
                                                        : world.random.jittered(kRetryDelay);
    if (!is_retryable(error.code) || world.clock.now() + wait >= deadline) {
      co_return fail(doing, std::move(error));
    }
    if (!told) log::warning(doing + " yet; trying again", {error});
    told = true;
    co_await async::sleep_for(wait);
  }
}

Result<lane::RenewRequest> renew_request(const StoredIdentity& identity) {
  Result<std::string> csr = tls::make_request(identity.key_pem, common_name(identity.node));
  if (!csr) return fail("this node's key", csr.error());
  return lane::RenewRequest{std::move(*csr)};
}

async::Task<Result<void>> renew_expired(std::shared_ptr<IdentityStore> identities,
                                        ServerAddress server,
                                        ConnectToHub connect,
                                        TimePoint deadline) {
  Result<std::optional<StoredIdentity>> identity = identities->load();
  if (!identity) co_return fail(identity.error());
  if (!*identity) co_return fail(Code::kNotFound, "this node has not joined; run edgecore join");
  Result<lane::RenewRequest> request = renew_request(**identity);
  if (!request) co_return fail(request.error());
  tls::ServerTrust trust;
  trust.bundle_pem = (*identity)->ca_bundle_pem;
  std::optional<tls::Identity> own =
      tls::Identity{(*identity)->certificate_pem, (*identity)->key_pem};
  Result<std::unique_ptr<lane::Lane>> lane = co_await connect(server, trust, own, deadline);
  if (!lane) co_return fail("cannot renew the certificate", lane.error());
  lane::Message question = std::move(*request);
  Result<lane::CertificateReply> reply =
      co_await ask(std::move(*lane), std::move(question), deadline);
  if (!reply) co_return fail("cannot renew the certificate", reply.error());
  co_return identities->save_renewed(*reply);
}

}  // namespace skerry::edgehub

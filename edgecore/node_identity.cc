#include "edgecore/node_identity.h"

#include <functional>

#include "common/base/log.h"
#include "common/lane/websocket_lane.h"

namespace skerry::edgecore {
namespace {

constexpr auto kDialDeadline = 15s;
constexpr auto kRenewDeadline = 30s;

}  // namespace

NodeIdentity::NodeIdentity(std::shared_ptr<edgehub::IdentityStore> files,
                           edgehub::StoredIdentity identity,
                           edgehub::ServerAddress server,
                           seam::Clock& clock)
    : files_(std::move(files)),
      identity_(std::move(identity)),
      server_(std::move(server)),
      clock_(clock) {}

async::Task<Result<std::unique_ptr<lane::Lane>>> NodeIdentity::dial() {
  if (state() == edgehub::CertificateState::kTooLate) {
    co_return fail(
        Code::kUnauthorized,
        "this node's certificate expired more than a year ago: join again with a new token");
  }
  if (state() == edgehub::CertificateState::kExpired) {
    edgehub::ConnectToHub connect =
        edgehub::websocket_to_hub([clock = &clock_] { return clock->wall(); });
    const Result<void> renewed = co_await edgehub::renew_expired(
        files_, server_, std::move(connect), clock_.now() + kRenewDeadline);
    if (!renewed) co_return fail("the expired certificate cannot be renewed", renewed.error());
    log::info("the node's certificate had expired and was renewed");
    reload();
  }
  if (!context_) {
    auto made =
        tls::ClientContext::create({identity_.ca_bundle_pem, std::nullopt},
                                   tls::Identity{identity_.certificate_pem, identity_.key_pem});
    if (!made) co_return fail("this node's identity", made.error());
    context_ = *made;
  }
  lane::Dial dial{server_.host, server_.port, context_, clock_.wall()};
  co_return co_await lane::connect_websocket(std::move(dial), clock_.now() + kDialDeadline);
}

void NodeIdentity::renewed(const lane::CertificateReply& reply) {
  const Result<void> saved = files_->save_renewed(reply);
  if (!saved) {
    log::error("the renewed certificate cannot be stored", {saved.error()});
    return;
  }
  log::info("the node's certificate was renewed");
  reload();
}

void NodeIdentity::new_bundle(const std::string& pem) {
  const Result<void> saved = files_->save_ca_bundle(pem);
  if (!saved) log::error("the new CA bundle cannot be stored", {saved.error()});
  if (saved) reload();
}

edgehub::CertificateState NodeIdentity::state() const {
  const tls::CertificateInfo& own = identity_.certificate;
  return edgehub::certificate_state(own.not_before, own.not_after, jitter(), clock_.wall());
}

WallTime NodeIdentity::issued() const {
  return edgehub::issued_at(identity_.certificate.not_before, identity_.certificate.not_after);
}

WallTime NodeIdentity::renewal_time() const {
  const tls::CertificateInfo& own = identity_.certificate;
  return edgehub::renewal_time(own.not_before, own.not_after, jitter());
}

std::uint64_t NodeIdentity::jitter() const {
  return std::hash<std::string>{}(identity_.certificate.serial_hex);
}

void NodeIdentity::reload() {
  auto loaded = files_->load();
  if (loaded && *loaded) identity_ = std::move(**loaded);
  context_ = nullptr;  // used from the next dial on; the live link stays
}

}  // namespace skerry::edgecore

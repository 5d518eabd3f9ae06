#include "cloudcore/cloudhub/join_tokens.h"

#include "common/base/assert.h"

namespace skerry::cloudhub {
namespace {

constexpr int kConflictRetries = 16;                       // racers on one reusable token
constexpr auto kKeptAfterExpiry = std::chrono::hours(24);  // to say "expired", not "unknown"

}  // namespace

JoinTokens::JoinTokens(std::shared_ptr<IdentityStore> store, seam::World world)
    : store_(std::move(store)), world_(world) {}

async::Task<Result<PrintedToken>> JoinTokens::create(TokenWish wish, std::string ca_hash) {
  const std::shared_ptr<IdentityStore> store = store_;
  SKERRY_ASSERT(ca_hash.size() == 64, "the CA's hash is 64 hex digits");
  if (Result<void> checked = check_wish(wish); !checked) co_return fail(checked.error());
  NewToken made = make_token(wish, world_);
  Result<Record> stored = co_await store->create(encode_token(made.token));
  if (!stored) co_return fail("cannot store the token", stored.error());
  co_return PrintedToken{std::move(ca_hash), made.token.id, made.secret};
}

async::Task<Result<std::vector<JoinToken>>> JoinTokens::list() {
  const std::shared_ptr<IdentityStore> store = store_;
  Result<std::vector<Record>> records = co_await store->list(RecordKind::kJoinToken);
  if (!records) co_return fail(records.error());
  std::vector<JoinToken> tokens;
  for (const Record& record : *records) {
    Result<JoinToken> token = decode_token(record);
    if (!token) co_return fail(token.error());
    tokens.push_back(std::move(*token));
  }
  co_return tokens;
}

async::Task<Result<void>> JoinTokens::remove(std::string id) {
  const std::shared_ptr<IdentityStore> store = store_;
  Result<void> removed = co_await store->remove(token_record_name(id));
  if (!removed && removed.error().code == Code::kNotFound) {
    co_return fail(Code::kNotFound,
                   "there is no token " + id + "; `cloudcore token list` has them");
  }
  co_return removed;
}

async::Task<Result<std::size_t>> JoinTokens::sweep() {
  const std::shared_ptr<IdentityStore> store = store_;
  const WallTime now = world_.clock.wall();
  Result<std::vector<Record>> records = co_await store->list(RecordKind::kJoinToken);
  if (!records) co_return fail(records.error());
  std::size_t removed = 0;
  for (const Record& record : *records) {
    Result<JoinToken> token = decode_token(record);
    if (!token || now < token->expires + kKeptAfterExpiry) continue;
    Result<void> gone = co_await store->remove(record.name);
    if (!gone && gone.error().code != Code::kNotFound) co_return fail(gone.error());
    ++removed;
  }
  co_return removed;
}

async::Task<Result<JoinTokens::Redeemed>> JoinTokens::redeem(Redemption redemption) {
  const std::shared_ptr<IdentityStore> store = store_;
  for (int attempt = 0; attempt < kConflictRetries; ++attempt) {
    Result<Record> record = co_await store->get(token_record_name(redemption.token.id));
    if (!record && record.error().code == Code::kNotFound) co_return fail(unknown_token());
    if (!record) co_return fail(record.error());
    Result<JoinToken> token = decode_token(*record);
    if (!token) co_return fail(token.error());
    Result<std::optional<TokenUse>> earlier = decide_redeem(
        *token, redemption.token.secret, redemption.node, redemption.key_hash, world_.clock.wall());
    if (!earlier) co_return fail(earlier.error());
    if (*earlier) co_return Redeemed{std::move(**earlier), std::move(*token), true};

    Result<TokenUse> use = redemption.issue(*token);
    if (!use) co_return fail(use.error());
    token->uses.push_back(*use);
    Result<Record> stored = co_await store->replace(encode_token(*token));
    if (stored) co_return Redeemed{std::move(*use), std::move(*token), false};
    if (stored.error().code == Code::kNotFound) co_return fail(unknown_token());
    // A conflict: somebody else was faster. What was signed here is dropped unseen.
    if (stored.error().code != Code::kConflict) co_return fail(stored.error());
  }
  co_return fail(Error{Code::kUnavailable, "many nodes join with this token at once; try again",
                       std::chrono::seconds(1)});
}

}  // namespace skerry::cloudhub

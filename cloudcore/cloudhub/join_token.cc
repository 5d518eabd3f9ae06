#include "cloudcore/cloudhub/join_token.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "common/base/hash.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::cloudhub {
namespace {

using k8s::fields::text;
using k8s::fields::time;
using nlohmann::json;

constexpr std::size_t kIdLetters = 6;
constexpr std::size_t kSecretBytes = 16;
constexpr std::string_view kIdAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kRecordPrefix = "join-token-";

bool is_lower_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string hash_secret(std::string_view salt, std::string_view secret) {
  const Sha256 hash = sha256(std::string(salt) + std::string(secret));
  return to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

WallTime whole_seconds(WallTime time) {
  return std::chrono::time_point_cast<std::chrono::seconds>(time);
}

TokenUse use_from(const json& object) {
  return {.node = NodeName(text(object, "node")),
          .key_hash = text(object, "keyHash"),
          .serial = text(object, "serial"),
          .certificate_pem = text(object, "certificate"),
          .issued = time(object, "issued"),
          .not_after = time(object, "notAfter")};
}

json to_json(const TokenUse& use) {
  return {{"node", use.node.str()},
          {"keyHash", use.key_hash},
          {"serial", use.serial},
          {"certificate", use.certificate_pem},
          {"issued", k8s::format_time(use.issued)},
          {"notAfter", k8s::format_time(use.not_after)}};
}

}  // namespace

std::optional<PresentedToken> parse_presented_token(std::string_view text) {
  if (text.size() != kIdLetters + 1 + 2 * kSecretBytes || text[kIdLetters] != '.') {
    return std::nullopt;
  }
  const std::string_view id = text.substr(0, kIdLetters);
  const std::string_view secret = text.substr(kIdLetters + 1);
  if (id.find_first_not_of(kIdAlphabet) != std::string_view::npos) return std::nullopt;
  if (!is_lower_hex(secret)) return std::nullopt;
  return PresentedToken{std::string(id), std::string(secret)};
}

Result<void> check_wish(const TokenWish& wish) {
  if (wish.life <= Duration::zero() || wish.life > kJoinTokenLifeMax) {
    return fail(Code::kMalformed, "a token lives at most 24 h; choose a --ttl up to that");
  }
  if (wish.uses_max < 1 || wish.uses_max > kTokenUsesMax) {
    return fail(Code::kMalformed,
                "a token is for 1 to " + std::to_string(kTokenUsesMax) + " joins; make several");
  }
  if (!wish.node.empty() && wish.uses_max > 1) {
    return fail(Code::kMalformed, "a token for one node cannot be reusable; leave one of them out");
  }
  if (wish.labels.size() > kTokenLabelsMax) {
    return fail(Code::kMalformed,
                "more than " + std::to_string(kTokenLabelsMax) + " labels in one token");
  }
  return {};
}

NewToken make_token(const TokenWish& wish, seam::World world) {
  NewToken made;
  for (std::size_t i = 0; i < kIdLetters; ++i) {
    made.token.id += kIdAlphabet[world.random.below(kIdAlphabet.size())];
  }
  made.secret = to_hex(world.random.bytes(kSecretBytes));
  made.token.salt = world.random.bytes(16);
  made.token.hash = hash_secret(made.token.salt, made.secret);
  made.token.node = wish.node;
  made.token.labels = wish.labels;
  made.token.uses_max = wish.uses_max;
  made.token.created = whole_seconds(world.clock.wall());
  made.token.expires =
      whole_seconds(made.token.created + std::chrono::ceil<std::chrono::seconds>(wish.life));
  return made;
}

bool secret_matches(const JoinToken& token, std::string_view secret) {
  const std::string hash = hash_secret(token.salt, secret);
  return hash.size() == token.hash.size() &&
         CRYPTO_memcmp(hash.data(), token.hash.data(), hash.size()) == 0;
}

Error unknown_token() {
  return {Code::kUnauthorized,
          "this token is not known here: mistyped, deleted or long expired; make a new one with "
          "`cloudcore token create`",
          {}};
}

Result<std::optional<TokenUse>> decide_redeem(const JoinToken& token,
                                              std::string_view secret,
                                              const NodeName& node,
                                              std::string_view key_hash,
                                              WallTime now) {
  if (!secret_matches(token, secret)) return fail(unknown_token());
  if (!token.node.empty() && token.node != node) {
    return fail(Code::kForbidden, "this token is for node \"" + token.node.str() +
                                      "\", not for \"" + node.str() +
                                      "\"; join by that name or make another token");
  }
  // Before expiry and use: the answer to a join that succeeded may have been lost on its way.
  for (const TokenUse& use : token.uses) {
    if (use.node == node && use.key_hash == key_hash) return std::optional<TokenUse>(use);
  }
  if (now >= token.expires) {
    return fail(Code::kUnauthorized, "this token expired at " + k8s::format_time(token.expires) +
                                         "; make a new one with `cloudcore token create`");
  }
  if (static_cast<std::int64_t>(token.uses.size()) >= token.uses_max) {
    const TokenUse& last = token.uses.back();
    return fail(Code::kForbidden, "this token was used up at " + k8s::format_time(last.issued) +
                                      " by node \"" + last.node.str() +
                                      "\" with another key; make a new one with `cloudcore token "
                                      "create`");
  }
  return std::optional<TokenUse>();
}

bool is_label_for_nodes(std::string_view key) {
  const std::size_t slash = key.find('/');
  if (slash == std::string_view::npos) return true;
  const std::string_view domain = key.substr(0, slash);
  const auto within = [domain](std::string_view parent) {
    return domain == parent ||
           (domain.ends_with(parent) && domain[domain.size() - parent.size() - 1] == '.');
  };
  if (within("node-restriction.kubernetes.io")) return false;
  if (within("kubelet.kubernetes.io") || within("node.kubernetes.io")) return true;
  if (within("skerry.io")) return false;  // the offline policy and its like are the administrator's
  constexpr std::string_view kAllowed[] = {
      "kubernetes.io/hostname",
      "kubernetes.io/arch",
      "kubernetes.io/os",
      "topology.kubernetes.io/zone",
      "topology.kubernetes.io/region",
      "node-role.kubernetes.io/edge",
      "node-role.kubernetes.io/agent",
      "beta.kubernetes.io/arch",
      "beta.kubernetes.io/os",
      "beta.kubernetes.io/instance-type",
      "node.kubernetes.io/instance-type",
  };
  if (std::find(std::begin(kAllowed), std::end(kAllowed), key) != std::end(kAllowed)) return true;
  return !within("kubernetes.io") && !within("k8s.io");
}

std::string token_record_name(std::string_view id) {
  return std::string(kRecordPrefix) + std::string(id);
}

Record encode_token(const JoinToken& token) {
  json uses = json::array();
  for (const TokenUse& use : token.uses) uses.push_back(to_json(use));
  const json body = {{"node", token.node.str()},
                     {"labels", token.labels},
                     {"usesMax", token.uses_max},
                     {"created", k8s::format_time(token.created)},
                     {"expires", k8s::format_time(token.expires)},
                     {"uses", uses}};
  return {.kind = RecordKind::kJoinToken,
          .name = token_record_name(token.id),
          .data = {{"salt", token.salt}, {"hash", token.hash}, {"token.json", body.dump()}},
          .resource_version = token.resource_version};
}

Result<JoinToken> decode_token(const Record& record) {
  const auto broken = [&record](std::string_view what) {
    return fail(Code::kMalformed, "Secret " + record.name + ": " + std::string(what) +
                                      "; delete it and make a new token");
  };
  const auto datum = [&record](const char* key) {
    const auto found = record.data.find(key);
    return found == record.data.end() ? std::string() : found->second;
  };
  JoinToken token;
  if (record.name.rfind(kRecordPrefix, 0) != 0) return broken("not a token's name");
  token.id = record.name.substr(kRecordPrefix.size());
  token.salt = datum("salt");
  token.hash = datum("hash");
  if (token.salt.size() != 16 || token.hash.size() != 64) return broken("no salt or hash");
  const json body = json::parse(datum("token.json"), nullptr, false);
  if (!body.is_object()) return broken("token.json is not JSON");
  token.node = NodeName(text(body, "node"));
  token.created = time(body, "created");
  token.expires = time(body, "expires");
  const auto uses_max = body.find("usesMax");
  if (token.expires == WallTime{} || uses_max == body.end() || !uses_max->is_number_integer()) {
    return broken("expires or usesMax is missing");
  }
  token.uses_max = uses_max->get<std::int64_t>();
  const json labels = body.value("labels", json::object());
  for (const auto& [key, value] : labels.items()) {
    if (value.is_string()) token.labels[key] = value.get<std::string>();
  }
  for (const json& use : body.value("uses", json::array())) {
    if (!use.is_object()) return broken("a use is not readable");
    token.uses.push_back(use_from(use));
  }
  token.resource_version = record.resource_version;
  return token;
}

}  // namespace skerry::cloudhub

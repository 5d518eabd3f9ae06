#include "cloudcore/standalone/access/certificate_requests.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/api/rest.h"
#include "common/base/base64.h"
#include "common/k8s/json_fields.h"
#include "common/tls/key.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
using Operation = AdmissionRequest::Operation;
namespace fields = k8s::fields;

constexpr const char* kPrefix = "certificatesigningrequests.certificates.k8s.io";
constexpr const char* kGroup = "certificates.k8s.io";
constexpr const char* kClientSigner = "kubernetes.io/kube-apiserver-client";

std::string signer_of(const json& request) {
  return fields::text(fields::object(request, "spec"), "signerName");
}

std::string name_of(const json& object) {
  return fields::text(fields::object(object, "metadata"), "name");
}

/// Rights on signers are given by name or, for all of a domain, as "<domain>/*".
bool may_with_signer(const Authorizer& authorizer,
                     const User& user,
                     const char* verb,
                     const std::string& signer) {
  AccessQuestion question;
  question.verb = verb;
  question.group = kGroup;
  question.version = "v1";
  question.resource = "signers";
  question.name = signer;
  if (authorizer.allows(user, question)) return true;
  question.name = signer.substr(0, signer.find('/')) + "/*";
  return authorizer.allows(user, question);
}

void write_requester(json& spec, const User& user) {
  spec["username"] = user.name;
  spec.erase("uid");
  spec.erase("groups");
  spec.erase("extra");
  if (!user.uid.empty()) spec["uid"] = user.uid;
  if (!user.groups.empty()) spec["groups"] = user.groups;
  for (const auto& [key, values] : user.extra) spec["extra"][key] = values;
}

Answer<void> admit_new(const AdmissionRequest& asked) {
  json& object = *asked.object;
  if (!fields::at(object, "spec").is_object()) object["spec"] = json::object();
  json& spec = object["spec"];
  write_requester(spec, asked.request.request->user);
  if (signer_of(object) != kClientSigner) return {};
  const auto pem = decode_base64(fields::text(spec, "request"));
  const auto info = pem ? tls::parse_request(*pem) : Result<tls::RequestInfo>(fail(pem.error()));
  if (!info) return {};  // validation says more, or the signer
  const auto& all = info->organisations;
  if (std::find(all.begin(), all.end(), "system:masters") == all.end()) return {};
  return forbidden(
      std::string("use of ") + kClientSigner + " signer with system:masters group is not allowed",
      asked.request.row.get(), name_of(object));
}

Answer<void> admit_decision(const Authorizer& authorizer, const AdmissionRequest& asked) {
  const std::string signer = signer_of(*asked.old);
  if (may_with_signer(authorizer, asked.request.request->user, "approve", signer)) return {};
  return forbidden("user not permitted to approve requests with signerName \"" + signer + "\"",
                   asked.request.row.get(), name_of(*asked.old));
}

Answer<void> admit_certificate(const Authorizer& authorizer, const AdmissionRequest& asked) {
  const auto certificate = [](const json& request) {
    return fields::text(fields::object(request, "status"), "certificate");
  };
  if (certificate(*asked.object) == certificate(*asked.old)) return {};
  const std::string signer = signer_of(*asked.old);
  if (may_with_signer(authorizer, asked.request.request->user, "sign", signer)) return {};
  return forbidden("user not permitted to sign requests with signerName \"" + signer + "\"",
                   asked.request.row.get(), name_of(*asked.old));
}

}  // namespace

Answer<void> admit_certificate_request(const Authorizer& authorizer,
                                       const AdmissionRequest& asked) {
  const bool ours = asked.request.row->storage_prefix == kPrefix;
  if (!ours || asked.operation == Operation::kDelete) return {};
  if (asked.operation == Operation::kCreate) return admit_new(asked);
  const std::string& part = asked.request.info.subresource;
  if (part == "approval") return admit_decision(authorizer, asked);
  if (part == "status") return admit_certificate(authorizer, asked);
  return {};
}

}  // namespace skerry::standalone

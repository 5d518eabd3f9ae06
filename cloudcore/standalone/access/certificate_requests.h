// CertificateSigningRequests: who asked is written by the API, who may approve and sign is checked,
// and what is approved for a client or a kubelet of this cluster is signed by the API's CA.
//
// Owner: Access and ControllerSet. Thread: the API's loop. Source: pkg/registry/certificates, the
// admission plugins CertificateApproval, CertificateSigning, CertificateSubjectRestriction, and the
// controller certificatesigningrequest-signing, as behaviour.
#pragma once

#include <memory>

#include "cloudcore/standalone/access/authorizer.h"
#include "cloudcore/standalone/api/admission.h"
#include "cloudcore/standalone/controllers/controller.h"
#include "common/tls/certificate_order.h"

namespace skerry::standalone {

/// Errors: 403.
Answer<void> admit_certificate_request(const Authorizer& authorizer, const AdmissionRequest& asked);

/// `authority` outlives it.
std::unique_ptr<Controller> make_certificate_signer(ApiClient& client,
                                                    const tls::Authority& authority,
                                                    seam::World world);

/// A signer of this cluster, and what it signs. Pure.
struct SignedRequest {
  tls::CertificateOrder order;  // without a time
  std::string refused;          // why the signer does not; empty: it does
};
SignedRequest signed_request(const nlohmann::json& request);

}  // namespace skerry::standalone

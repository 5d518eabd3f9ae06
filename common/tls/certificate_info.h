// Private to common/tls: an OpenSSL certificate as a value.
#pragma once

#include "common/tls/certificate.h"
#include "common/tls/openssl.h"

namespace skerry::tls {

CertificateInfo info_of(X509* certificate);

}  // namespace skerry::tls

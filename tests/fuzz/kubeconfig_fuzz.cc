// A kubeconfig of any bytes. Corpus: tests/fuzz/corpus/kubeconfig.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cloudcore/kube/client_config.h"
#include "common/base/assert.h"

using namespace skerry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view yaml(reinterpret_cast<const char*>(data), size);
  const Result<kube::ClientConfig> config = kube::parse_kubeconfig(yaml, "/nonexistent");
  if (!config) {
    SKERRY_ASSERT(!config.error().what.empty(), "an error without a text");
    return 0;
  }
  SKERRY_ASSERT(!config->server.empty(), "a kubeconfig without a server");
  SKERRY_ASSERT(config->certificate_pem.empty() == config->key_pem.empty(),
                "a certificate without its key");
  return 0;
}

// What edged relies on in a container runtime, call by call. The fake runtime of the unit tests and
// a real containerd both have to hold it: unit/edged/fake_runtime_test.cc, e2e/cri_contract_test.py.
#pragma once

#include <string>
#include <vector>

#include "edgecore/edged/cri_client.h"

namespace skerry::test {

struct CriContractSetup {
  std::string image;    // present in the runtime, has `sh`
  std::string log_dir;  // absolute, exists
  bool host_network = false;
};

/// Every promise that was broken, as a line for people; empty: all hold. Leaves nothing behind.
async::Task<std::vector<std::string>> check_cri_contract(edged::CriClient& runtime,
                                                         CriContractSetup setup);

}  // namespace skerry::test

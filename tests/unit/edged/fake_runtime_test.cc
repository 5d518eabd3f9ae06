#include "tests/support/fake_runtime.h"

#include "tests/support/catch.h"
#include "tests/support/cri_contract.h"
#include "tests/support/virtual_loop.h"

using namespace skerry;

TEST_CASE("FakeRuntime: keeps what edged relies on, as a real containerd does", "[edged]") {
  test::VirtualLoop loop;
  test::FakeRuntime runtime(loop.io.get_executor(), loop.world.world());
  test::FakeCri client(loop.io.get_executor(), loop.world.world(), runtime);
  runtime.programs["stubborn"].ignores_sigterm = true;
  runtime.programs["last"].ignores_sigterm = true;
  const test::CriContractSetup setup{"docker.io/library/busybox:1.36", "/logs", false};
  CHECK(loop.run(test::check_cri_contract(client, setup)) == std::vector<std::string>{});
  CHECK(runtime.empty());
}

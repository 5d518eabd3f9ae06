// check_cri_contract() against a real runtime: cri_contract ENDPOINT IMAGE LOG_DIRECTORY
// Prints each broken promise; exit code 1 when there is one. Run by e2e/cri_contract_test.py.
#include <cstdio>

#include "tests/support/cri_contract.h"
// clang-format off
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
// clang-format on

#include "edgecore/edged/cri_grpc.h"

int main(int argc, char** argv) {
  using namespace skerry;
  if (argc != 4) {
    std::fprintf(stderr, "usage: cri_contract ENDPOINT IMAGE LOG_DIRECTORY\n");
    return 2;
  }
  boost::asio::io_context loop;
  const auto runtime = edged::make_cri_client(loop.get_executor(), seam::posix_world(), argv[1]);
  std::vector<std::string> broken = {"the check did not end"};
  const auto on_end = [&](std::exception_ptr failure, std::vector<std::string> found) {
    if (!failure) broken = std::move(found);
    runtime->close();
  };
  boost::asio::co_spawn(loop, test::check_cri_contract(*runtime, {argv[2], argv[3], false}), on_end);
  loop.run();
  for (const std::string& promise : broken) std::printf("broken: %s\n", promise.c_str());
  return broken.empty() ? 0 : 1;
}

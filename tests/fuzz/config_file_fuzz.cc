// A configuration file of any bytes. Input: YAML, read by both halves.
// Corpus: tests/fuzz/corpus/config_file.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/assert.h"
#include "common/config/cloud_config.h"
#include "common/config/edge_config.h"

using namespace skerry;
using namespace skerry::config;

// What was read is printed so that it reads back to the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view yaml(reinterpret_cast<const char*>(data), size);
  if (const Result<EdgeConfigRead> edge = parse_edge_config(yaml, "fuzz")) {
    const std::string printed = print_edge_config(edge->config, false);
    const Result<EdgeConfigRead> again = parse_edge_config(printed, "printed");
    SKERRY_ASSERT(again && print_edge_config(again->config, false) == printed,
                  "edgecore's configuration changes when it is printed and read");
  }
  if (const Result<CloudConfigRead> cloud = parse_cloud_config(yaml, "fuzz")) {
    const std::string printed = print_cloud_config(cloud->config, false);
    const Result<CloudConfigRead> again = parse_cloud_config(printed, "printed");
    SKERRY_ASSERT(again && print_cloud_config(again->config, false) == printed,
                  "cloudcore's configuration changes when it is printed and read");
  }
  return 0;
}

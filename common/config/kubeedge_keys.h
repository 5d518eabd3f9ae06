// KubeEdge 1.23's configuration keys that have no effect here. They are accepted without a word, so
// that a KubeEdge user's file works as it is. Source: reference/kubeedge-edge.md 1.1-1.3. Private.
#pragma once

#include <span>
#include <string_view>

namespace skerry::config {

std::span<const std::string_view> ignored_edge_keys();
std::span<const std::string_view> ignored_cloud_keys();

}  // namespace skerry::config

// What an httpGet probe sends and how its answer is read. Pure: bytes in, bytes out.
// Source: kubelet 1.34, pkg/probe/http.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "edgecore/edged/pod_spec.h"

namespace skerry::edged {

inline constexpr std::size_t kProbeReplyBytesMax = 10 * kKiB;

/// Number, or name of one of the container's ports. Errors: kMalformed with the kubelet's words.
Result<std::uint16_t> resolve_port(const std::string& port, const ContainerSpec& container);

/// "http://10.0.0.7:8080/healthz", for messages.
std::string probe_url(const HttpGetAction& action, const std::string& host, std::uint16_t port);

/// The request. Errors: kMalformed (a header or path that would break the request apart).
Result<std::string> probe_request(const HttpGetAction& action,
                                  const std::string& host,
                                  std::uint16_t port);

/// Status code once the header is whole; nothing while more is needed.
/// Errors: kMalformed (not HTTP), kTooLarge (header over kProbeReplyBytesMax).
Result<std::optional<int>> reply_status(std::string_view received);

}  // namespace skerry::edged

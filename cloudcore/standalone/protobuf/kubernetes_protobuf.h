// Bodies in Kubernetes' own protobuf, which client-go sends for built-in kinds: "k8s\0", then a
// runtime.Unknown that says what kind its raw bytes are of. They become the JSON that the same
// client would have sent as JSON.
//
// A body goes: prefix -> Unknown -> the kind's TypeSchema -> its fields by number.
//
// Pure; any thread. Limits: kProtobufDepthMax messages within each other, kProtobufValuesMax
// values. Errors: kMalformed, kTooLarge, kNotFound (a kind that is not built in). Source:
// k8s.io/apimachinery 0.34, pkg/runtime/serializer/protobuf and the JSON and protobuf forms of its
// types, as behaviour.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "cloudcore/standalone/schema/kind_table.h"
#include "common/base/result.h"

namespace skerry::standalone {

inline constexpr std::string_view kProtobufType = "application/vnd.kubernetes.protobuf";
inline constexpr int kProtobufDepthMax = 100;
inline constexpr std::size_t kProtobufValuesMax = 1'000'000;

/// The object with its apiVersion and kind.
Result<nlohmann::json> decode_protobuf(std::string_view body, const BuiltInKinds& kinds);

}  // namespace skerry::standalone

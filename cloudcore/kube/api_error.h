// What an answer of the API server that is no success means to the program.
#pragma once

#include <optional>
#include <string_view>

#include "cloudcore/kube/http_client.h"
#include "common/base/result.h"

namespace skerry::kube {

/// Nothing for a status of 2xx. The API's own message goes into Error::what.
/// Source: Status of k8s.io/apimachinery/pkg/apis/meta/v1.
std::optional<Error> refusal(const HttpResponse& response);

/// The Status object of an ERROR event in a watch.
Error status_error(std::string_view status_json);

}  // namespace skerry::kube

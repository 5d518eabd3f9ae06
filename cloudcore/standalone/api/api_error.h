// What the API says when it says no: Kubernetes' Status with its reason, code and details, so that
// clients branch on it as they do with a kube-apiserver. Pure.
// Source: k8s.io/apimachinery/pkg/api/errors (reasons, codes, texts).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "cloudcore/standalone/kinds/field_error.h"
#include "cloudcore/standalone/schema/kind_table.h"
#include "common/base/result.h"

namespace skerry::standalone {

struct ApiError {
  int code = 500;
  std::string reason;   // "NotFound", "Conflict", ...; empty: none
  std::string message;  // for people
  nlohmann::json details = nullptr;

  /// The Status object, without a trailing newline.
  std::string body() const;
};

template <class T>
using Answer = tl::expected<T, ApiError>;
using ApiFailure = tl::unexpected<ApiError>;

ApiFailure bad_request(std::string message);
ApiFailure unauthorized();
ApiFailure forbidden(std::string message, const KindRow* row = nullptr, std::string name = {});
ApiFailure not_found_path();  // no such path: "the server could not find the requested resource"
ApiFailure not_found(const KindRow& row, const std::string& name);
ApiFailure already_exists(const KindRow& row, const std::string& name);
/// `why` empty: "the object has been modified; please apply ..."
ApiFailure conflict(const KindRow& row, const std::string& name, std::string why = {});
ApiFailure invalid(const KindRow& row, const std::string& name, const FieldErrors& errors);
ApiFailure expired(std::string message);  // 410, reason Expired
ApiFailure method_not_allowed();
/// The client knows what it gave; Kubernetes names what it may give.
ApiFailure unsupported_media_type(const std::string& given, const std::string& wanted);
ApiFailure not_acceptable(const std::string& offered);
ApiFailure too_large(std::string message);
ApiFailure internal(std::string message);
/// A failed write of the storage: 503 or 507 with what to do, never Conflict.
ApiFailure storage_failed(const Error& error);

/// "deployments.apps"
std::string qualified(const KindRow& row);

}  // namespace skerry::standalone

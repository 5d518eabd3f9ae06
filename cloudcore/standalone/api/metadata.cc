#include "cloudcore/standalone/api/metadata.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/base/hash.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;

constexpr std::string_view kNameLetters = "bcdfghjklmnpqrstvwxz2456789";
constexpr std::size_t kNameSuffixLetters = 5;
constexpr std::size_t kNameBytesMax = 63;
constexpr std::size_t kAnnotationBytesMax = 256 * kKiB;

bool is_lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_alnum(char c) { return is_lower_alnum(c) || (c >= 'A' && c <= 'Z'); }

bool is_name_part(std::string_view text, std::size_t max, std::string_view inner) {
  if (text.empty() || text.size() > max || !is_alnum(text.front()) || !is_alnum(text.back())) {
    return false;
  }
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alnum(c) || inner.find(c) != std::string_view::npos;
  });
}

constexpr const char* kSubdomainAdvice =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', "
    "and must start and end with an alphanumeric character (e.g. 'example.com', regex used for "
    "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr const char* kLabelAdvice =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must "
    "start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
    "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr const char* kServiceAdvice =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
constexpr const char* kKeyAdvice =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with "
    "an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr const char* kValueAdvice =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or "
    "'12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// What the name of a kind must look like; empty advice: fine.
std::string name_advice(const KindRow& row, const std::string& name) {
  // Kinds whose names are only kept from breaking a path.
  const std::string& group = row.gv.group;
  if (group == "rbac.authorization.k8s.io" || group == "certificates.k8s.io" ||
      group == "apiregistration.k8s.io") {
    if (name.find('/') != std::string::npos) return "may not contain '/'";
    return name.find('%') != std::string::npos ? "may not contain '%'" : "";
  }
  if (row.kind == "Namespace") return is_dns_label(name) ? "" : kLabelAdvice;
  if (row.kind == "Service") {
    const bool letter = !name.empty() && name.front() >= 'a' && name.front() <= 'z';
    return is_dns_label(name) && letter ? "" : kServiceAdvice;
  }
  return is_dns_subdomain(name) ? "" : kSubdomainAdvice;
}

void check_labels(const json& metadata, FieldErrors& errors) {
  const json& labels = k8s::fields::object(metadata, "labels");
  for (const auto& [key, value] : labels.items()) {
    if (!is_qualified_name(key)) {
      errors.push_back({FieldError::Kind::kInvalid, "metadata.labels", kKeyAdvice, key, {}});
    }
    if (!value.is_string() || !is_label_value(value.get<std::string>())) {
      errors.push_back({FieldError::Kind::kInvalid, "metadata.labels", kValueAdvice, value, {}});
    }
  }
}

void check_annotations(const json& metadata, FieldErrors& errors) {
  std::size_t bytes = 0;
  const json& annotations = k8s::fields::object(metadata, "annotations");
  for (const auto& [key, value] : annotations.items()) {
    std::string lower = key;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (!is_qualified_name(lower)) {
      errors.push_back({FieldError::Kind::kInvalid, "metadata.annotations", kKeyAdvice, key, {}});
    }
    bytes += key.size() + (value.is_string() ? value.get_ref<const std::string&>().size() : 0);
  }
  if (bytes > kAnnotationBytesMax) {
    errors.push_back({FieldError::Kind::kTooLong,
                      "metadata.annotations",
                      "may not be more than 262144 bytes",
                      nullptr,
                      {}});
  }
}

}  // namespace

std::string make_uid(seam::Random& random) {
  std::string bytes = random.bytes(16);
  bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3f) | 0x80);
  std::string hex = to_hex(bytes);
  for (const std::size_t at : {8u, 13u, 18u, 23u}) hex.insert(at, 1, '-');
  return hex;
}

std::string generated_name(const std::string& base, seam::Random& random) {
  std::string name = base.substr(0, kNameBytesMax - kNameSuffixLetters);
  for (std::size_t i = 0; i < kNameSuffixLetters; ++i) {
    name += kNameLetters[random.below(kNameLetters.size())];
  }
  return name;
}

void fill_metadata(json& object, seam::World world) {
  json& metadata = object["metadata"];
  if (!metadata.is_object()) metadata = json::object();
  for (const char* field : {"deletionTimestamp", "deletionGracePeriodSeconds", "selfLink",
                            "resourceVersion", "generation"}) {
    metadata.erase(field);
  }
  const std::string base = k8s::fields::text(metadata, "generateName");
  if (k8s::fields::text(metadata, "name").empty() && !base.empty()) {
    metadata["name"] = generated_name(base, world.random);
  }
  metadata["uid"] = make_uid(world.random);
  metadata["creationTimestamp"] = k8s::format_time(world.clock.wall());
}

void keep_metadata(json& object, const json& old) {
  json& metadata = object["metadata"];
  const json& former = old["metadata"];
  for (const char* field : {"uid", "creationTimestamp", "deletionTimestamp",
                            "deletionGracePeriodSeconds", "generation", "generateName"}) {
    if (const auto found = former.find(field); found != former.end()) {
      metadata[field] = *found;
    } else {
      metadata.erase(field);
    }
  }
  metadata.erase("selfLink");
}

FieldErrors validate_metadata(const json& object, const KindRow& row) {
  FieldErrors errors;
  const json& metadata = k8s::fields::object(object, "metadata");
  const std::string name = k8s::fields::text(metadata, "name");
  if (name.empty()) {
    errors.push_back({FieldError::Kind::kRequired,
                      "metadata.name",
                      "name or generateName is required",
                      nullptr,
                      {}});
  } else if (const std::string advice = name_advice(row, name); !advice.empty()) {
    errors.push_back({FieldError::Kind::kInvalid, "metadata.name", advice, name, {}});
  }
  check_labels(metadata, errors);
  check_annotations(metadata, errors);
  return errors;
}

bool is_dns_label(std::string_view text) {
  if (text.empty() || text.size() > kNameBytesMax) return false;
  return is_lower_alnum(text.front()) && is_lower_alnum(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_lower_alnum(c) || c == '-'; });
}

bool is_dns_subdomain(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  while (!text.empty()) {
    const std::size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    const bool ok =
        !part.empty() && is_lower_alnum(part.front()) && is_lower_alnum(part.back()) &&
        std::all_of(part.begin(), part.end(), [](char c) { return is_lower_alnum(c) || c == '-'; });
    if (!ok) return false;
    if (dot == std::string_view::npos) return true;
    text = text.substr(dot + 1);
  }
  return false;  // ended with a dot
}

bool is_qualified_name(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return is_name_part(text, kNameBytesMax, "-_.");
  return is_dns_subdomain(text.substr(0, slash)) &&
         is_name_part(text.substr(slash + 1), kNameBytesMax, "-_.");
}

bool is_label_value(std::string_view text) {
  return text.empty() || is_name_part(text, kNameBytesMax, "-_.");
}

}  // namespace skerry::standalone

#include "cloudcore/standalone/api/metadata.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/field_checks.h"
#include "cloudcore/standalone/kinds/name_rules.h"
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

/// What is wrong with the name of an object of that kind.
name_rules::Problems name_problems(const KindRow& row, const std::string& name) {
  // Kinds whose names are only kept from breaking a path.
  const std::string& group = row.gv.group;
  if (group == "rbac.authorization.k8s.io" || group == "certificates.k8s.io" ||
      group == "apiregistration.k8s.io") {
    if (name == "." || name == "..") return {"may not be '" + name + "'"};
    name_rules::Problems out;
    if (name.find('/') != std::string::npos) out.emplace_back("may not contain '/'");
    if (name.find('%') != std::string::npos) out.emplace_back("may not contain '%'");
    return out;
  }
  if (row.kind == "Namespace") return name_rules::dns_label(name);
  if (row.kind == "Service") return name_rules::dns_1035_label(name);
  return name_rules::dns_subdomain(name);
}

void check_annotations(const json& metadata, FieldChecks& checks) {
  std::size_t bytes = 0;
  const json& annotations = k8s::fields::object(metadata, "annotations");
  for (const auto& [key, value] : annotations.items()) {
    std::string lower = key;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    checks.rule("metadata.annotations", key, name_rules::qualified_name(lower));
    bytes += key.size() + (value.is_string() ? value.get_ref<const std::string&>().size() : 0);
  }
  if (bytes > kAnnotationBytesMax) checks.too_long("metadata.annotations", kAnnotationBytesMax);
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
  FieldChecks checks;
  const json& metadata = k8s::fields::object(object, "metadata");
  const std::string name = k8s::fields::text(metadata, "name");
  if (name.empty()) {
    checks.required("metadata.name", "name or generateName is required");
  } else {
    checks.rule("metadata.name", name, name_problems(row, name));
  }
  checks.labels("metadata.labels", k8s::fields::object(metadata, "labels"));
  check_annotations(metadata, checks);
  return checks.take();
}

bool is_dns_label(std::string_view text) { return name_rules::dns_label(text).empty(); }

bool is_dns_subdomain(std::string_view text) { return name_rules::dns_subdomain(text).empty(); }

bool is_qualified_name(std::string_view text) { return name_rules::qualified_name(text).empty(); }

bool is_label_value(std::string_view text) { return name_rules::label_value(text).empty(); }

}  // namespace skerry::standalone

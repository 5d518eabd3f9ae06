// What is wrong with a Pod's volumes.
#include <nlohmann/json.hpp>
#include <set>

#include "cloudcore/standalone/kinds/name_rules.h"
#include "cloudcore/standalone/kinds/pod_parts.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/quantity.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr const char* kModeAdvice = "must be a number between 0 and 0777 (octal), both inclusive";
constexpr std::int64_t kModeMax = 0777;
constexpr std::int64_t kTokenSecondsMin = 600;
constexpr std::int64_t kTokenSecondsMax = std::int64_t{1} << 32;

void check_mode(const json& holder, const char* key, const std::string& path, FieldChecks& checks) {
  const auto mode = fields::number(holder, key);
  if (mode && (*mode < 0 || *mode > kModeMax)) {
    checks.invalid(path + "." + key, *mode, kModeAdvice);
  }
}

bool steps_up(const std::string& path) {
  return path == ".." || path.starts_with("../") || path.ends_with("/..") ||
         path.find("/../") != std::string::npos;
}

void check_key_to_path(const json& source, const std::string& path, FieldChecks& checks) {
  const json& items = fields::list(source, "items");
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string at = at_index(path + ".items", i);
    if (fields::text(items[i], "key").empty()) checks.required(at + ".key");
    const std::string target = fields::text(items[i], "path");
    if (target.empty()) {
      checks.required(at + ".path");
    } else {
      check_relative_path(target, at + ".path", checks);
    }
    check_mode(items[i], "mode", at, checks);
  }
}

void check_downward_items(const json& source, const std::string& path, FieldChecks& checks) {
  for (const json& item : fields::list(source, "items")) {
    const std::string target = fields::text(item, "path");
    if (target.empty()) {
      checks.required(path + ".path");
    } else {
      check_relative_path(target, path + ".path", checks);
    }
    const json& field = fields::at(item, "fieldRef");
    const json& resource = fields::at(item, "resourceFieldRef");
    if (field.is_object()) {
      check_field_path(field, path + ".fieldRef",
                       {"metadata.annotations", "metadata.labels", "metadata.name",
                        "metadata.namespace", "metadata.uid"},
                       checks);
      if (resource.is_object()) {
        checks.invalid(path, "resource",
                       "fieldRef and resourceFieldRef can not be specified simultaneously");
      }
    } else if (!resource.is_object()) {
      checks.required(path, "one of fieldRef and resourceFieldRef is required");
    }
    check_mode(item, "mode", path, checks);
  }
}

void check_token(const json& source, const std::string& path, FieldChecks& checks) {
  const std::int64_t seconds = fields::number(source, "expirationSeconds").value_or(0);
  if (seconds < kTokenSecondsMin) {
    checks.invalid(path + ".expirationSeconds", seconds,
                   "may not specify a duration less than 10 minutes");
  } else if (seconds > kTokenSecondsMax) {
    checks.invalid(path + ".expirationSeconds", seconds,
                   "may not specify a duration larger than 2^32 seconds");
  }
}

void check_projected_source(const json& source,
                            const std::string& at,
                            const std::string& path,
                            FieldChecks& checks) {
  int sources = 0;
  for (const std::string kind : {"secret", "configMap", "downwardAPI", "serviceAccountToken"}) {
    const json& part = fields::at(source, kind);
    if (!part.is_object()) continue;
    const std::string field = at + "." + kind;
    if (++sources > 1) {
      checks.forbidden(field, "may not specify more than 1 volume type per source");
      continue;
    }
    if (kind == "downwardAPI") {
      check_downward_items(part, field, checks);
    } else if (kind == "serviceAccountToken") {
      check_token(part, field, checks);
      const std::string target = fields::text(part, "path");
      if (target.empty())
        checks.required(path + ".path");
      else
        check_relative_path(target, path + ".path", checks);
    } else {
      if (fields::text(part, "name").empty()) checks.required(field + ".name");
      check_key_to_path(part, field, checks);
    }
  }
}

void check_projected(const json& source, const std::string& path, FieldChecks& checks) {
  check_mode(source, "defaultMode", path, checks);
  const json& sources = fields::list(source, "sources");
  for (std::size_t i = 0; i < sources.size(); ++i) {
    check_projected_source(sources[i], at_index(path + ".sources", i), path, checks);
  }
}

void check_empty_dir(const json& source, const std::string& path, FieldChecks& checks) {
  const json& limit = fields::at(source, "sizeLimit");
  const auto parsed = k8s::parse_quantity(fields::text_or_number(limit));
  if (!limit.is_null() && parsed && parsed->milli_value() < 0) {
    checks.forbidden(path + ".sizeLimit", "SizeLimit field must be a valid resource quantity");
  }
}

void check_host_path(const json& source, const std::string& path, FieldChecks& checks) {
  const std::string target = fields::text(source, "path");
  if (target.empty()) return checks.required(path + ".path");
  if (steps_up(target)) checks.invalid(path + ".path", target, "must not contain '..'");
  const std::string type = fields::text(source, "type");
  if (!type.empty()) {
    checks.one_of(path + ".type", type,
                  {"", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File",
                   "FileOrCreate", "Socket"});
  }
}

void check_nfs(const json& source, const std::string& path, FieldChecks& checks) {
  if (fields::text(source, "server").empty()) checks.required(path + ".server");
  const std::string target = fields::text(source, "path");
  if (target.empty()) checks.required(path + ".path");
  if (!target.starts_with('/')) checks.invalid(path + ".path", target, "must be an absolute path");
}

void check_secret(const json& source, const std::string& path, FieldChecks& checks) {
  if (fields::text(source, "secretName").empty()) checks.required(path + ".secretName");
  check_mode(source, "defaultMode", path, checks);
  check_key_to_path(source, path, checks);
}

void check_config_map(const json& source, const std::string& path, FieldChecks& checks) {
  if (fields::text(source, "name").empty()) checks.required(path + ".name");
  check_mode(source, "defaultMode", path, checks);
  check_key_to_path(source, path, checks);
}

void check_downward(const json& source, const std::string& path, FieldChecks& checks) {
  check_mode(source, "defaultMode", path, checks);
  check_downward_items(source, path, checks);
}

void check_claim(const json& source, const std::string& path, FieldChecks& checks) {
  if (fields::text(source, "claimName").empty()) checks.required(path + ".claimName");
}

void check_csi(const json& source, const std::string& path, FieldChecks& checks) {
  const std::string driver = fields::text(source, "driver");
  if (driver.empty()) checks.required(path + ".driver");
  checks.rule(path + ".driver", driver, name_rules::dns_subdomain(driver));
}

void check_ephemeral(const json& source, const std::string& path, FieldChecks& checks) {
  if (!source.contains("volumeClaimTemplate")) checks.required(path + ".volumeClaimTemplate");
}

struct SourceRow {
  const char* kind;
  void (*check)(const json& source, const std::string& path, FieldChecks& checks);
};
/// In the order in which they are looked at; other kinds of volume are taken as they are.
constexpr SourceRow kSources[] = {
    {"emptyDir", check_empty_dir},
    {"hostPath", check_host_path},
    {"secret", check_secret},
    {"nfs", check_nfs},
    {"persistentVolumeClaim", check_claim},
    {"configMap", check_config_map},
    {"downwardAPI", check_downward},
    {"projected", check_projected},
    {"csi", check_csi},
    {"ephemeral", check_ephemeral},
};

void check_source(const json& volume, const std::string& path, FieldChecks& checks) {
  int sources = 0;
  for (const SourceRow& row : kSources) {
    const json& source = fields::at(volume, row.kind);
    if (!source.is_object()) continue;
    const std::string at = path + "." + row.kind;
    if (++sources > 1) {
      checks.forbidden(at, "may not specify more than 1 volume type");
    } else {
      row.check(source, at, checks);
    }
  }
}

}  // namespace

void check_relative_path(const std::string& target, const std::string& field, FieldChecks& checks) {
  if (target.starts_with('/')) return checks.invalid(field, target, "must be a relative path");
  if (steps_up(target)) checks.invalid(field, target, "must not contain '..'");
  if (target.starts_with("..") && !steps_up(target)) {
    checks.invalid(field, target, "must not start with '..'");
  }
}

NamedVolumes check_volumes(const json& spec, const std::string& path, FieldChecks& checks) {
  NamedVolumes good;
  const json& volumes = fields::list(spec, "volumes");
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    const std::string at = at_index(path + ".volumes", i);
    FieldChecks own;
    check_source(volumes[i], at, own);
    const std::string name = fields::text(volumes[i], "name");
    if (name.empty()) {
      own.required(at + ".name");
    } else {
      own.rule(at + ".name", name, name_rules::dns_label(name));
    }
    if (good.contains(name)) own.duplicate(at + ".name", name);
    if (!own.any()) good.emplace(name, &volumes[i]);
    checks.add(own.take());
  }
  return good;
}

}  // namespace skerry::standalone

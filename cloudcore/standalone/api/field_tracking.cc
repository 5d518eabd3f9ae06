#include "cloudcore/standalone/api/field_tracking.h"

#include <nlohmann/json.hpp>

#include "cloudcore/standalone/kinds/conversion.h"
#include "cloudcore/standalone/patch/ownership.h"
#include "common/k8s/json_fields.h"
#include "common/k8s/time.h"

namespace skerry::standalone {
namespace {

using nlohmann::json;
namespace fields = k8s::fields;

constexpr std::size_t kManagerBytesMax = 128;
constexpr std::string_view kApplyTypes = "application/apply-patch+yaml";

bool is_print(unsigned char c) { return c >= 0x20 && c != 0x7f; }

/// Bytes of the character that begins here.
std::size_t character_bytes(unsigned char first) {
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/// Bytes of a client as text that JSON can hold; what is no UTF-8 becomes U+FFFD.
std::string clean(std::string_view bytes) {
  const std::string dumped =
      json(std::string(bytes)).dump(-1, ' ', false, json::error_handler_t::replace);
  return json::parse(dumped).get<std::string>();
}

std::string prefix_of(std::string_view user_agent) {
  std::string out;
  const std::string_view name = user_agent.substr(0, user_agent.find('/'));
  for (std::size_t i = 0; i < name.size();) {
    const std::string_view one =
        name.substr(i, character_bytes(static_cast<unsigned char>(name[i])));
    i += one.size();
    if (!is_print(static_cast<unsigned char>(one[0]))) continue;
    if (out.size() + one.size() > kManagerBytesMax) break;
    out += one;
  }
  return clean(out);
}

void check_manager(const std::string& manager, FieldErrors& errors) {
  if (manager.size() > kManagerBytesMax) {
    errors.push_back({FieldError::Kind::kTooLong,
                      "fieldManager",
                      "may not be more than 128 bytes",
                      nullptr,
                      {}});
  }
  for (std::size_t i = 0; i < manager.size(); ++i) {
    const auto c = static_cast<unsigned char>(manager[i]);
    if (is_print(c)) continue;
    static constexpr char kDigits[] = "0123456789ABCDEF";
    const std::string code = {'0', '0', kDigits[c >> 4], kDigits[c & 15]};
    errors.push_back({FieldError::Kind::kInvalid,
                      "fieldManager",
                      "invalid character U+" + code + " (at position " + std::to_string(i) + ")",
                      manager,
                      {}});
    return;
  }
}

void check_choices(const ApiRequest& request, FieldErrors& errors) {
  const std::string dry = clean(request.param("dryRun"));
  if (!dry.empty() && dry != "All") {
    errors.push_back({FieldError::Kind::kNotSupported, "dryRun", "", json::array({dry}), {"All"}});
  }
  const std::string validation = clean(request.param("fieldValidation"));
  if (!validation.empty() && validation != "Ignore" && validation != "Warn" &&
      validation != "Strict") {
    errors.push_back({FieldError::Kind::kNotSupported,
                      "fieldValidation",
                      "",
                      validation,
                      {"", "Ignore", "Strict", "Warn"}});
  }
}

json in_version(const KindRow& row, const json& object) {
  json out = object;
  to_served_version(row, out);
  return out;
}

void take_entries(json& object, json& from) {
  json& metadata = object["metadata"];
  json& other = from["metadata"];
  if (other.contains("managedFields")) {
    metadata["managedFields"] = std::move(other["managedFields"]);
  } else {
    metadata.erase("managedFields");
  }
}

json what_a_create_begins_with(const KindRow& row) {
  return row.custom || row.type == nullptr ? json::object() : zero_object(*row.type);
}

bool same_entries(const json& a, const json& b) {
  if (a == b) return true;
  if (!a.is_array() || !b.is_array() || a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    json one = a[i];
    json other = b[i];
    one.erase("time");
    other.erase("time");
    if (one != other) return false;
  }
  return true;
}

/// `except`: members that are not looked at.
bool same_members(const json& a, const json& b, std::initializer_list<std::string_view> except) {
  const auto skipped = [&](const std::string& key) {
    return std::find(except.begin(), except.end(), key) != except.end();
  };
  for (const auto& [key, value] : a.items()) {
    if (!skipped(key) && (!b.contains(key) || b[key] != value)) return false;
  }
  for (const auto& [key, value] : b.items()) {
    if (!skipped(key) && !a.contains(key)) return false;
  }
  return true;
}

}  // namespace

std::string field_manager(const ApiRequest& request) {
  std::string manager = clean(request.param("fieldManager"));
  if (manager.empty()) manager = prefix_of(request.user_agent);
  return manager.empty() ? "unknown" : manager;
}

FieldWriter writer_of(const ResourceRequest& request, seam::World world) {
  return {field_manager(*request.request), request.row->gv.text(), request.info.subresource,
          k8s::format_time(world.clock.wall())};
}

Answer<void> check_options(const ApiRequest& request, const std::string& options) {
  FieldErrors errors;
  if (options == "PatchOptions") {
    const bool applies = request.content_type == kApplyTypes;
    if (applies && request.param("fieldManager").empty()) {
      errors.push_back({FieldError::Kind::kRequired,
                        "fieldManager",
                        "is required for apply patch",
                        nullptr,
                        {}});
    }
    if (!applies && !request.param("force").empty()) {
      errors.push_back({FieldError::Kind::kForbidden,
                        "force",
                        "may not be specified for non-apply patch",
                        nullptr,
                        {}});
    }
  }
  check_manager(clean(request.param("fieldManager")), errors);
  check_choices(request, errors);
  if (errors.empty()) return {};
  KindRow row;
  row.gv = {"meta.k8s.io", "v1"};
  row.kind = options;
  return invalid(row, "", errors);
}

void track_create(json& object, const ResourceRequest& request, seam::World world) {
  const KindRow& row = *request.row;
  const json before = what_a_create_begins_with(row);
  const FieldWriter writer = writer_of(request, world);
  if (!is_converted(row)) return track_update(object, before, row.type, writer);
  json served = in_version(row, object);
  track_update(served, before, row.type, writer);
  take_entries(object, served);
}

void track_update(json& object,
                  const json& current,
                  const ResourceRequest& request,
                  seam::World world) {
  const KindRow& row = *request.row;
  const FieldWriter writer = writer_of(request, world);
  if (!is_converted(row)) return track_update(object, current, row.type, writer);
  json served = in_version(row, object);
  track_update(served, in_version(row, current), row.type, writer);
  take_entries(object, served);
}

bool same_content(const json& object, const json& current) {
  if (!same_members(object, current, {"metadata"})) return false;
  const json& a = fields::object(object, "metadata");
  const json& b = fields::object(current, "metadata");
  return same_members(a, b, {"resourceVersion", "managedFields"}) &&
         same_entries(fields::at(a, "managedFields"), fields::at(b, "managedFields"));
}

}  // namespace skerry::standalone

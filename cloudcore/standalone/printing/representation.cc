#include "cloudcore/standalone/printing/representation.h"

#include <algorithm>
#include <vector>

namespace skerry::standalone {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto end = text.find(separator);
    out.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

struct MediaType {
  std::string_view type;
  std::string_view as;
  std::string_view group;
  std::string_view version;
  int quality = 1000;  // thousandths
};

/// "0.8" as thousandths; what is no such number is the best quality.
int thousandths(std::string_view text) {
  if (text.empty() || text[0] != '0') return 1000;
  int out = 0;
  int unit = 100;
  for (std::size_t i = 2; i < std::min<std::size_t>(text.size(), 5); ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9') return 1000;
    out += (text[i] - '0') * unit;
  }
  return out;
}

MediaType media_type(std::string_view text) {
  const auto parts = split(text, ';');
  MediaType out;
  out.type = parts[0];
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto equals = parts[i].find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = trimmed(parts[i].substr(0, equals));
    const std::string_view value = trimmed(parts[i].substr(equals + 1));
    if (key == "as") out.as = value;
    if (key == "g") out.group = value;
    if (key == "v") out.version = value;
    if (key == "q") out.quality = thousandths(value);
  }
  return out;
}

std::optional<Form> form_of(const MediaType& media) {
  const bool json =
      media.type == "application/json" || media.type == "application/*" || media.type == "*/*";
  if (!json || media.quality == 0) return std::nullopt;
  if (media.as.empty()) return Form::kObject;
  if (media.group != "meta.k8s.io") return std::nullopt;
  if (media.version != "v1" && media.version != "v1beta1") return std::nullopt;
  if (media.as == "Table") return Form::kTable;
  if (media.as == "PartialObjectMetadata") return Form::kPartialMetadata;
  if (media.as == "PartialObjectMetadataList") return Form::kPartialMetadataList;
  return std::nullopt;
}

}  // namespace

bool is_acceptable(std::string_view accept) {
  if (accept.empty()) return true;
  const auto types = split(accept, ',');
  return std::ranges::any_of(
      types, [](std::string_view each) { return form_of(media_type(each)).has_value(); });
}

Representation representation(std::string_view accept) {
  Representation out;
  int best = 0;
  for (const std::string_view each : split(accept, ',')) {
    const MediaType media = media_type(each);
    const auto form = form_of(media);
    if (!form || media.quality <= best) continue;
    best = media.quality;
    out = Representation{};
    out.form = *form;
    if (*form != Form::kObject) out.api_version = "meta.k8s.io/" + std::string(media.version);
  }
  return out;
}

std::optional<IncludeObject> include_object(std::string_view text) {
  if (text.empty() || text == "Metadata") return IncludeObject::kMetadata;
  if (text == "None") return IncludeObject::kNone;
  if (text == "Object") return IncludeObject::kObject;
  return std::nullopt;
}

}  // namespace skerry::standalone

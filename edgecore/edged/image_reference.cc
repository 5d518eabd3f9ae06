#include "edgecore/edged/image_reference.h"

#include <algorithm>
#include <cctype>

namespace skerry::edged {
namespace {

constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kTagBytesMax = 128;

bool is_lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

/// path-component: alnum runs, separated by '.', '_', '__' or any number of '-'.
bool is_path_component(std::string_view part) {
  if (part.empty() || !is_lower_alnum(part.front()) || !is_lower_alnum(part.back())) return false;
  for (std::size_t at = 0; at < part.size();) {
    if (is_lower_alnum(part[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < part.size() && part[end] == part[at]) ++end;
    const std::size_t run = end - at;
    const bool allowed =
        part[at] == '-' || (part[at] == '.' && run == 1) || (part[at] == '_' && run <= 2);
    if (!allowed || !is_lower_alnum(part[end])) return false;  // the back is alphanumeric
    at = end;
  }
  return true;
}

bool is_repository(std::string_view path) {
  while (true) {
    const std::size_t slash = path.find('/');
    if (!is_path_component(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool is_registry(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const bool ipv6 = host.starts_with('[');
  std::string_view name = host;
  if (colon != std::string_view::npos && !(ipv6 && host.ends_with(']'))) {
    const std::string_view port = host.substr(colon + 1);
    name = host.substr(0, colon);
    if (port.empty() ||
        !std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      return false;
    }
  }
  if (ipv6) return name.size() > 2 && name.ends_with(']');
  return !name.empty() && is_alnum(name.front()) && is_alnum(name.back()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_alnum(c) || c == '.' || c == '-'; });
}

bool is_tag(std::string_view tag) {
  const auto word = [](char c) { return is_alnum(c) || c == '_'; };
  return !tag.empty() && tag.size() <= kTagBytesMax && word(tag.front()) &&
         std::all_of(tag.begin(), tag.end(),
                     [&](char c) { return word(c) || c == '.' || c == '-'; });
}

bool is_digest(std::string_view digest) {
  const std::size_t colon = digest.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view hex = digest.substr(colon + 1);
  return hex.size() >= 32 && std::all_of(hex.begin(), hex.end(), [](char c) {
           return std::isxdigit(static_cast<unsigned char>(c)) != 0;
         });
}

bool names_a_registry(std::string_view part) {
  return part.find_first_of(".:") != std::string_view::npos || part == "localhost" ||
         std::any_of(part.begin(), part.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

std::string ImageReference::text() const {
  return registry + "/" + repository + (tag.empty() ? "" : ":" + tag) +
         (digest.empty() ? "" : "@" + digest);
}

Result<ImageReference> parse_image(std::string_view name) {
  const auto refuse = [name](std::string_view why) {
    return fail(Code::kMalformed, "Failed to apply default image tag \"" + std::string(name) +
                                      "\": couldn't parse image name \"" + std::string(name) +
                                      "\": " + std::string(why));
  };
  ImageReference image;
  std::string_view rest = name;
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    image.digest = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (!is_digest(image.digest)) return refuse("invalid reference format");
  }
  const std::size_t colon = rest.rfind(':');
  const std::size_t last_slash = rest.rfind('/');
  if (colon != std::string_view::npos &&
      (last_slash == std::string_view::npos || colon > last_slash)) {
    image.tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (!is_tag(image.tag)) return refuse("invalid reference format");
  }
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos && names_a_registry(rest.substr(0, slash))) {
    image.registry = rest.substr(0, slash);
    image.repository = rest.substr(slash + 1);
  } else {
    image.registry = "docker.io";
    image.repository = rest;
  }
  if (image.registry == "index.docker.io") image.registry = "docker.io";
  if (image.registry == "docker.io" && image.repository.find('/') == std::string::npos) {
    image.repository = "library/" + image.repository;
  }
  if (std::any_of(image.repository.begin(), image.repository.end(),
                  [](char c) { return c >= 'A' && c <= 'Z'; })) {
    return refuse("invalid reference format: repository name (" + image.repository +
                  ") must be lowercase");
  }
  const bool too_long = image.registry.size() + image.repository.size() + 1 > kNameBytesMax;
  if (!is_registry(image.registry) || !is_repository(image.repository) || too_long) {
    return refuse("invalid reference format");
  }
  if (image.tag.empty() && image.digest.empty()) image.tag = "latest";
  return image;
}

Result<std::string> with_default_tag(std::string_view name) {
  const Result<ImageReference> image = parse_image(name);
  if (!image) return fail(image.error());
  const std::size_t last_slash = name.rfind('/');
  const std::string_view last =
      name.substr(last_slash == std::string_view::npos ? 0 : last_slash + 1);
  const bool bare = image->digest.empty() && last.find(':') == std::string_view::npos;
  return std::string(name) + (bare ? ":latest" : "");
}

}  // namespace skerry::edged

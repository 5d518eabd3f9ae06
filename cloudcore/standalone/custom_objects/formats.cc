#include "cloudcore/standalone/custom_objects/formats.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "cloudcore/standalone/custom_objects/pattern.h"

namespace skerry::standalone {
namespace {

bool is_ip(std::string_view text, int family) {
  unsigned char bytes[16];
  const std::string copy(text);
  return copy.find('\0') == std::string::npos && ::inet_pton(family, copy.c_str(), bytes) == 1;
}
bool is_ipv4(std::string_view text) { return is_ip(text, AF_INET); }
bool is_ipv6(std::string_view text) { return is_ip(text, AF_INET6); }

bool is_cidr(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view address = text.substr(0, slash), bits = text.substr(slash + 1);
  const bool v4 = is_ipv4(address);
  if (!v4 && !is_ipv6(address)) return false;
  unsigned length = 0;
  const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), length);
  return error == std::errc() && end == bits.data() + bits.size() && length <= (v4 ? 32u : 128u);
}

bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

/// "2026-11-24"
bool is_date(std::string_view text) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto number = [&](std::size_t at, std::size_t count) {
    int out = 0;
    for (const char c : text.substr(at, count)) {
      if (c < '0' || c > '9') return -1;
      out = out * 10 + (c - '0');
    }
    return out;
  };
  const int year = number(0, 4), month = number(5, 2), day = number(8, 2);
  if (year < 0 || month < 1 || month > 12 || day < 1) return false;
  return day <= kDays[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

bool is_date_time(std::string_view text) {
  static const Pattern time = *Pattern::compile(
      R"(^[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([zZ]|[+-]\d{2}:\d{2})$)");
  return text.size() > 11 && is_date(text.substr(0, 10)) && time.matches(text.substr(10));
}

/// What url.ParseRequestURI takes: a scheme or a path from the root.
bool is_uri(std::string_view text) {
  static const Pattern uri =
      *Pattern::compile(R"(^(/|[A-Za-z][-A-Za-z0-9+.]*:)[^\x00-\x20\x7f"<>\\^`{|}]*$)");
  static const Pattern bad_escape = *Pattern::compile("%([^0-9A-Fa-f]|.?$|.[^0-9A-Fa-f])");
  return uri.matches(text) && !bad_escape.matches(text);
}

struct FormatRow {
  std::string_view name;
  bool (*check)(std::string_view text);  // null: `pattern` decides
  const char* pattern;                   // null with `check` null: not checked
};
constexpr FormatRow kFormats[] = {
    {"bsonobjectid", nullptr, "^[0-9A-Fa-f]{24}$"},
    {"byte", nullptr,
     "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$"},
    {"cidr", is_cidr, nullptr},
    {"creditcard", nullptr, nullptr},
    {"date", is_date, nullptr},
    {"date-time", is_date_time, nullptr},
    {"datetime", is_date_time, nullptr},
    {"duration", nullptr,
     "^(0|[-+]?((\\d+(\\.\\d*)?|\\.\\d+)(ns|us|µs|μs|ms|s|m|h))+|"
     "(\\s*\\d+\\s*(ns|nano|us|µs|micro|ms|milli|s|sec|m|min|h|hr|hour|d|day|w|wk|week)s?)+)$"},
    {"email", nullptr, "^([^@<>]*<)?[^@\\s<>(),;:\\\\\"]+@[^@\\s<>(),;:\\\\\"]+>?$"},
    {"hexcolor", nullptr, "^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"},
    {"hostname", nullptr,
     "^([a-zA-Z0-9\\pS\\pL](-?[a-zA-Z0-9\\pS\\pL]{0,62})?|"
     "([a-zA-Z0-9\\pS\\pL]([-a-zA-Z0-9\\pS\\pL]{0,61}[a-zA-Z0-9\\pS\\pL])?\\.)+[a-zA-Z\\pL]{2,63})"
     "$"},
    {"ipv4", nullptr, "^((25[0-5]|2[0-4]\\d|[01]?\\d?\\d)(\\.|$)){4}$"},
    {"ipv6", is_ipv6, nullptr},
    {"isbn", nullptr, nullptr},
    {"isbn10", nullptr, nullptr},
    {"isbn13", nullptr, nullptr},
    {"mac", nullptr,
     "^([0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){7}|"
     "[0-9A-Fa-f]{4}(\\.[0-9A-Fa-f]{4}){2,3})$"},
    {"password", nullptr, nullptr},
    {"rgbcolor", nullptr,
     "^rgb\\(\\s*(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*,\\s*(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|"
     "25[0-5])\\s*,\\s*(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*\\)$"},
    {"ssn", nullptr, "^\\d{3}[- ]?\\d{2}[- ]?\\d{4}$"},
    {"uri", is_uri, nullptr},
    {"uuid", nullptr, "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"},
    {"uuid3", nullptr, "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$"},
    {"uuid4", nullptr,
     "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$"},
    {"uuid5", nullptr,
     "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$"},
};

}  // namespace

bool is_known_format(std::string_view format) {
  static constexpr std::string_view kOfNumbers[] = {"int32", "int64", "float", "double"};
  return std::ranges::find(kOfNumbers, format) != std::end(kOfNumbers) ||
         std::ranges::find(kFormats, format, &FormatRow::name) != std::end(kFormats);
}

bool has_format(std::string_view text, std::string_view format) {
  const auto row = std::ranges::find(kFormats, format, &FormatRow::name);
  if (row == std::end(kFormats)) return true;
  if (row->check != nullptr) return row->check(text);
  if (row->pattern == nullptr) return true;
  const auto pattern = Pattern::compile(row->pattern);
  return pattern && pattern->matches(text);
}

}  // namespace skerry::standalone

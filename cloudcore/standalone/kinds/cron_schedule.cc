#include "cloudcore/standalone/kinds/cron_schedule.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

namespace skerry::standalone {
namespace {

using Failure = tl::unexpected<std::string>;
template <class T>
using Parsed = tl::expected<T, std::string>;

constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                        "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view kWeekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Bounds {
  unsigned min;
  unsigned max;
  std::span<const std::string_view> names;  // of min, min + 1, ...
};
constexpr Bounds kMinute{0, 59, {}};
constexpr Bounds kHour{0, 23, {}};
constexpr Bounds kDay{1, 31, {}};
constexpr Bounds kMonth{1, 12, kMonths};
constexpr Bounds kWeekday{0, 6, kWeekdays};

struct Shorthand {
  std::string_view name;
  std::string_view schedule;
};
constexpr Shorthand kShorthands[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
    {"@hourly", "0 * * * *"},
};

std::string text_of(std::string_view text) { return std::string(text); }

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  for (;;) {
    const std::size_t end = text.find(at);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text = text.substr(end + 1);
  }
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  constexpr std::string_view kBlank = " \t\n\v\f\r";
  for (;;) {
    const std::size_t begin = text.find_first_not_of(kBlank);
    if (begin == std::string_view::npos) return out;
    const std::size_t end = text.find_first_of(kBlank, begin);
    out.push_back(text.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) return out;
    text = text.substr(end);
  }
}

Parsed<unsigned> number(std::string_view text, std::string_view expression) {
  int out = 0;
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty()) {
    const char* const why =
        error == std::errc::result_out_of_range ? "value out of range" : "invalid syntax";
    return Failure("failed to parse int from " + text_of(expression) + ": strconv.Atoi: parsing " +
                   nlohmann::json(text_of(text)).dump() + ": " + why);
  }
  if (out < 0) {
    return Failure("negative number (" + std::to_string(out) +
                   ") not allowed: " + text_of(expression));
  }
  return static_cast<unsigned>(out);
}

Parsed<unsigned> number_or_name(std::string_view text, const Bounds& bounds) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (std::size_t i = 0; i < bounds.names.size(); ++i) {
    if (bounds.names[i] == lower) return bounds.min + static_cast<unsigned>(i);
  }
  return number(text, text);
}

struct Range {
  unsigned start;
  unsigned end;
  unsigned step = 1;
  bool star = false;
};

/// What stands before the slash: "*", "5", "mon-fri".
Parsed<Range> read_ends(std::string_view text, const Bounds& bounds, std::string_view expression) {
  const auto ends = split(text, '-');
  if (ends[0] == "*" || ends[0] == "?") return Range{bounds.min, bounds.max, 1, true};
  const auto start = number_or_name(ends[0], bounds);
  if (!start) return Failure(start.error());
  if (ends.size() == 1) return Range{*start, *start, 1, false};
  if (ends.size() > 2) return Failure("too many hyphens: " + text_of(expression));
  const auto end = number_or_name(ends[1], bounds);
  if (!end) return Failure(end.error());
  return Range{*start, *end, 1, false};
}

Parsed<Range> read_range(std::string_view expression, const Bounds& bounds) {
  const auto parts = split(expression, '/');
  auto range = read_ends(parts[0], bounds, expression);
  if (!range) return range;
  if (parts.size() > 2) return Failure("too many slashes: " + text_of(expression));
  if (parts.size() == 2) {
    const auto step = number(parts[1], expression);
    if (!step) return Failure(step.error());
    range->step = *step;
    if (parts[0].find('-') == std::string_view::npos) range->end = bounds.max;
    if (range->step > 1) range->star = false;
  }
  const std::string start = std::to_string(range->start);
  const std::string end = std::to_string(range->end);
  const std::string at = ": " + text_of(expression);
  if (range->start < bounds.min) {
    return Failure("beginning of range (" + start + ") below minimum (" +
                   std::to_string(bounds.min) + ")" + at);
  }
  if (range->end > bounds.max) {
    return Failure("end of range (" + end + ") above maximum (" + std::to_string(bounds.max) + ")" +
                   at);
  }
  if (range->start > range->end) {
    return Failure("beginning of range (" + start + ") beyond end of range (" + end + ")" + at);
  }
  if (range->step == 0) return Failure("step of range should be a positive number" + at);
  return range;
}

struct Field {
  std::uint64_t bits = 0;
  bool star = false;
};

Parsed<Field> read_field(std::string_view text, const Bounds& bounds) {
  Field out;
  for (const std::string_view expression : split(text, ',')) {
    if (expression.empty()) continue;
    const auto range = read_range(expression, bounds);
    if (!range) return Failure(range.error());
    for (unsigned i = range->start; i <= range->end; i += range->step) {
      out.bits |= std::uint64_t{1} << i;
    }
    out.star = out.star || range->star;
  }
  return out;
}

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr Unit kUnits[] = {{"ns", 1},
                           {"us", 1'000},
                           {"ms", 1'000'000},
                           {"s", 1'000'000'000},
                           {"m", 60'000'000'000},
                           {"h", 3'600'000'000'000}};

/// "1h30m". Errors: Go's own words.
Parsed<std::chrono::nanoseconds> duration(std::string_view text) {
  const auto wrong = [&](const std::string& what) {
    const std::string shown = nlohmann::json(text_of(text)).dump();
    return Failure("failed to parse duration @every " + text_of(text) + ": time: " + what +
                   " duration " + shown);
  };
  constexpr std::int64_t kCountMax = 1'000'000;
  std::int64_t total = 0;
  std::string_view rest = text;
  if (rest.empty()) return wrong("invalid");
  while (!rest.empty()) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    if (error != std::errc() || count < 0 || count > kCountMax) return wrong("invalid");
    rest = rest.substr(static_cast<std::size_t>(end - rest.data()));
    const std::string_view name = rest.substr(0, rest.find_first_of("0123456789"));
    if (name.empty()) return wrong("missing unit in");
    const auto* const unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                          [&](const Unit& each) { return each.name == name; });
    if (unit == std::end(kUnits)) {
      return wrong("unknown unit " + nlohmann::json(text_of(name)).dump() + " in");
    }
    total += count * unit->nanoseconds;
    rest = rest.substr(name.size());
  }
  return std::chrono::nanoseconds(total);
}

Parsed<CronSchedule> read_shorthand(std::string_view text) {
  for (const Shorthand& each : kShorthands) {
    if (each.name == text) return parse_cron_schedule(each.schedule);
  }
  constexpr std::string_view kEvery = "@every ";
  if (!text.starts_with(kEvery)) return Failure("unrecognized descriptor: " + text_of(text));
  const auto every = duration(text.substr(kEvery.size()));
  if (!every) return Failure(every.error());
  CronSchedule out;
  // As Kubernetes rounds it: whole seconds, at least one.
  out.every = std::max<std::chrono::nanoseconds>(
      std::chrono::seconds(1), std::chrono::duration_cast<std::chrono::seconds>(*every));
  return out;
}

}  // namespace

tl::expected<CronSchedule, std::string> parse_cron_schedule(std::string_view text) {
  if (text.empty()) return Failure("empty spec string");
  if (text.starts_with("TZ=") || text.starts_with("CRON_TZ=")) {
    const std::size_t blank = text.find(' ');
    text = blank == std::string_view::npos ? std::string_view() : text.substr(blank + 1);
  }
  if (text.starts_with('@')) return read_shorthand(text);
  const auto given = words(text);
  constexpr std::array<const Bounds*, 5> kBounds = {&kMinute, &kHour, &kDay, &kMonth, &kWeekday};
  if (given.size() != kBounds.size()) {
    std::string list;
    for (const std::string_view word : given) list += (list.empty() ? "" : " ") + text_of(word);
    return Failure("expected exactly 5 fields, found " + std::to_string(given.size()) + ": [" +
                   list + "]");
  }
  std::array<Field, 5> read;
  for (std::size_t i = 0; i < read.size(); ++i) {
    const auto field = read_field(given[i], *kBounds[i]);
    if (!field) return Failure(field.error());
    read[i] = *field;
  }
  CronSchedule out;
  out.minutes = read[0].bits;
  out.hours = read[1].bits;
  out.days = read[2].bits;
  out.months = read[3].bits;
  out.weekdays = read[4].bits;
  out.any_day = read[2].star;
  out.any_weekday = read[4].star;
  return out;
}

}  // namespace skerry::standalone

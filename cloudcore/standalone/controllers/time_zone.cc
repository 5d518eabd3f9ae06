#include "cloudcore/standalone/controllers/time_zone.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

namespace skerry::standalone {
namespace {

namespace chrono = std::chrono;

constexpr std::size_t kHeaderBytes = 44;
constexpr std::int64_t kDay = 86400;

std::int64_t big_endian(std::string_view bytes) {
  std::uint64_t out = 0;
  for (const char c : bytes) out = (out << 8) | static_cast<unsigned char>(c);
  const unsigned unused = 64 - static_cast<unsigned>(bytes.size()) * 8;
  return static_cast<std::int64_t>(out << unused) >> unused;
}

struct Counts {
  std::size_t is_ut, is_standard, leap, time, type, letters;
  /// The bytes of the block behind the header, with times of `width` bytes.
  std::size_t block(std::size_t width) const {
    return time * width + time + type * 6 + letters + leap * (width + 4) + is_standard + is_ut;
  }
};

std::optional<Counts> counts_of(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with("TZif")) return std::nullopt;
  std::size_t all[6];
  for (std::size_t i = 0; i < 6; ++i) {
    const std::int64_t count = big_endian(bytes.substr(20 + 4 * i, 4));
    if (count < 0 || static_cast<std::size_t>(count) > kZoneBytesMax) return std::nullopt;
    all[i] = static_cast<std::size_t>(count);
  }
  return Counts{all[0], all[1], all[2], all[3], all[4], all[5]};
}

/// Reads the footer's text from the left.
class FooterReader {
 public:
  explicit FooterReader(std::string_view text) : left_(text) {}

  bool done() const { return left_.empty(); }
  bool skip(char c) {
    if (!left_.starts_with(c)) return false;
    left_.remove_prefix(1);
    return true;
  }
  /// "CET" or "<+03>".
  bool name() {
    const bool quoted = skip('<');
    std::size_t end = 0;
    while (end < left_.size() && (quoted ? left_[end] != '>' : is_letter(left_[end]))) ++end;
    if (end == 0) return false;
    left_.remove_prefix(end);
    return !quoted || skip('>');
  }
  std::optional<std::int64_t> number() {
    std::int64_t out = 0;
    const auto read = std::from_chars(left_.data(), left_.data() + left_.size(), out);
    if (read.ec != std::errc() || out < 0) return std::nullopt;
    left_.remove_prefix(static_cast<std::size_t>(read.ptr - left_.data()));
    return out;
  }
  /// "[+-]hh[:mm[:ss]]" in seconds.
  std::optional<std::int64_t> time() {
    const bool negative = skip('-');
    if (!negative) skip('+');
    std::int64_t out = 0;
    std::int64_t unit = 3600;
    do {
      const auto part = number();
      if (!part || *part > 167) return std::nullopt;
      out += *part * unit;
      unit /= 60;
    } while (unit > 0 && skip(':'));
    return negative ? -out : out;
  }
  std::optional<ZoneRule> rule() {
    ZoneRule out;
    if (skip('M')) {
      const auto month = number();
      if (!month || !skip('.')) return std::nullopt;
      const auto week = number();
      if (!week || !skip('.')) return std::nullopt;
      const auto day = number();
      if (!day || *month < 1 || *month > 12 || *week < 1 || *week > 5 || *day > 6) {
        return std::nullopt;
      }
      out.month = static_cast<int>(*month);
      out.week = static_cast<int>(*week);
      out.day = static_cast<int>(*day);
    } else {
      out.kind = skip('J') ? ZoneRule::Kind::kJulian : ZoneRule::Kind::kZeroBased;
      const auto day = number();
      if (!day || *day > 366) return std::nullopt;
      out.day = static_cast<int>(*day);
    }
    if (!skip('/')) return out;
    const auto at = time();
    if (!at) return std::nullopt;
    out.time = *at;
    return out;
  }

 private:
  static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
  std::string_view left_;
};

/// The local seconds since 1970 at which a rule applies in a year.
std::int64_t local_time_of(const ZoneRule& rule, chrono::year year) {
  chrono::sys_days day;
  switch (rule.kind) {
    case ZoneRule::Kind::kMonthWeekDay: {
      const chrono::month month(static_cast<unsigned>(rule.month));
      const chrono::weekday weekday(static_cast<unsigned>(rule.day));
      day = rule.week == 5
                ? chrono::sys_days(year / month / weekday[chrono::last])
                : chrono::sys_days(year / month / weekday[static_cast<unsigned>(rule.week)]);
      break;
    }
    case ZoneRule::Kind::kJulian:  // 1..365, the 29th of February is never counted
      day = chrono::sys_days(year / chrono::January / 1) + chrono::days(rule.day - 1);
      if (year.is_leap() && rule.day >= 60) day += chrono::days(1);
      break;
    case ZoneRule::Kind::kZeroBased:
      day = chrono::sys_days(year / chrono::January / 1) + chrono::days(rule.day);
      break;
  }
  return day.time_since_epoch().count() * kDay + rule.time;
}

std::int64_t offset_by(const ZoneFooter& footer, std::int64_t seconds) {
  if (!footer.begins || !footer.ends) return footer.standard;
  const chrono::sys_days day{chrono::days((seconds + footer.standard) / kDay)};
  const chrono::year year = chrono::year_month_day(day).year();
  const std::int64_t begin = local_time_of(*footer.begins, year) - footer.standard;
  const std::int64_t end = local_time_of(*footer.ends, year) - footer.daylight;
  const bool between = begin < end ? seconds >= begin && seconds < end
                                   : seconds >= begin || seconds < end;  // the south
  return between ? footer.daylight : footer.standard;
}

}  // namespace

Result<ZoneFooter> parse_zone_footer(std::string_view text) {
  FooterReader reader(text);
  const auto malformed = [&] {
    return fail(Code::kMalformed, "the rule of the time zone cannot be read: " + std::string(text));
  };
  ZoneFooter out;
  if (!reader.name()) return malformed();
  const auto standard = reader.time();
  if (!standard) return malformed();
  out.standard = -*standard;  // POSIX counts westwards
  out.daylight = out.standard + 3600;
  if (reader.done()) return out;
  if (!reader.name()) return malformed();
  if (!reader.done() && !reader.skip(',')) {
    const auto daylight = reader.time();
    if (!daylight || !reader.skip(',')) return malformed();
    out.daylight = -*daylight;
  }
  out.begins = reader.rule();
  if (!out.begins || !reader.skip(',')) return malformed();
  out.ends = reader.rule();
  if (!out.ends || !reader.done()) return malformed();
  return out;
}

Result<TimeZone> TimeZone::load(const std::string& name, const std::string& folder) {
  if (name.empty() || name == "UTC" || name == "Etc/UTC") return TimeZone();
  const bool stays_inside = name.find("..") == std::string::npos && name[0] != '/';
  std::ifstream file;
  if (stays_inside) file.open(folder + "/" + name, std::ios::binary);
  if (!file.is_open()) return fail(Code::kNotFound, "unknown time zone " + name);
  std::string bytes(kZoneBytesMax, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  if (bytes.empty()) return fail(Code::kNotFound, "unknown time zone " + name);
  return parse(bytes);
}

Result<TimeZone> TimeZone::parse(std::string_view bytes) {
  const auto malformed = [] { return fail(Code::kMalformed, "malformed time zone information"); };
  auto counts = counts_of(bytes);
  if (!counts) return malformed();
  std::size_t width = 4;
  if (bytes[4] >= '2') {  // the same again with 64 bits, behind the block for old readers
    const std::size_t first = kHeaderBytes + counts->block(4);
    if (bytes.size() < first) return malformed();
    bytes.remove_prefix(first);
    counts = counts_of(bytes);
    width = 8;
    if (!counts) return malformed();
  }
  bytes.remove_prefix(kHeaderBytes);
  if (bytes.size() < counts->block(width) || counts->type == 0) return malformed();
  const std::string_view indexes = bytes.substr(counts->time * width);
  const std::string_view types = indexes.substr(counts->time);
  const auto offset_of = [&](std::size_t type) { return big_endian(types.substr(type * 6, 4)); };
  TimeZone out;
  out.first_ = offset_of(0);
  for (std::size_t i = 0; i < counts->time; ++i) {
    const auto type = static_cast<std::size_t>(static_cast<unsigned char>(indexes[i]));
    if (type >= counts->type) return malformed();
    out.transitions_.push_back(big_endian(bytes.substr(i * width, width)));
    out.offsets_.push_back(offset_of(type));
  }
  std::string_view footer = bytes.substr(counts->block(width));
  if (width == 4 || footer.size() < 2 || footer.front() != '\n') return out;
  footer.remove_prefix(1);
  footer = footer.substr(0, footer.find('\n'));
  if (footer.empty()) return out;
  auto rule = parse_zone_footer(footer);
  if (!rule) return fail(rule.error());
  out.footer_ = *rule;
  return out;
}

chrono::seconds TimeZone::offset_at(WallTime moment) const {
  const std::int64_t seconds = chrono::floor<chrono::seconds>(moment).time_since_epoch().count();
  const bool after_last = transitions_.empty() || seconds >= transitions_.back();
  if (after_last && footer_) return chrono::seconds(offset_by(*footer_, seconds));
  const auto next = std::upper_bound(transitions_.begin(), transitions_.end(), seconds);
  if (next == transitions_.begin()) return chrono::seconds(first_);
  return chrono::seconds(offsets_[static_cast<std::size_t>(next - transitions_.begin()) - 1]);
}

}  // namespace skerry::standalone

// One line per fact: `ts=… level=info msg="pod started" pod=default/web`, or the same as JSON.
// An error is returned, or logged and counted here; never both. Secrets never appear in a field.
// Thread: any. The sink is standard error; systemd keeps it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace skerry {
struct Error;
}

namespace skerry::log {

enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError };
enum class Format : std::uint8_t { kKeyValue, kJson };

/// By the words of the configuration, which has checked them; info and key=value for any other.
Level level_from(std::string_view word);
Format format_from(std::string_view word);

void configure(Level level, Format format);

/// One key=value of a line. Text is quoted where needed; numbers are written as they are.
struct Field {
  std::string_view key;
  std::string value;
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  template <class Number>
    requires std::is_arithmetic_v<Number>
  Field(std::string_view k, Number v) : key(k), value(std::to_string(v)) {}
  Field(const Error& error);  // NOLINT: reads as a field `error`
};

void write(Level level, std::string_view message, std::initializer_list<Field> fields);

inline void debug(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::kDebug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::kInfo, message, fields);
}
inline void warning(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::kWarning, message, fields);
}
inline void error(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::kError, message, fields);
}

}  // namespace skerry::log

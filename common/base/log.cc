#include "common/base/log.h"

#include <fmt/chrono.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>

#include "common/base/result.h"

namespace skerry::log {
namespace {

std::atomic<Format> g_format{Format::kKeyValue};  // set once at start, read by every thread

spdlog::logger& sink() {
  static const auto logger = [] {
    auto made = spdlog::stderr_logger_mt("skerry");
    made->set_pattern("%v");
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

constexpr std::string_view kLevelNames[] = {"debug", "info", "warning", "error"};

constexpr std::string_view name_of(Level level) {
  return kLevelNames[static_cast<std::size_t>(level)];
}

constexpr spdlog::level::level_enum spdlog_level(Level level) {
  constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                   spdlog::level::warn, spdlog::level::err};
  return kLevels[static_cast<std::size_t>(level)];
}

std::string quote_value(std::string_view value) {
  // Control characters too: what a stranger sent must not rewrite the terminal that shows it.
  const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '"' && c != '=' && c != '\\';
  });
  if (plain) return std::string(value);
  return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string timestamp() {
  const auto now = std::chrono::system_clock::now();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03d}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(now)), ms.count() % 1000);
}

}  // namespace

Field::Field(const Error& error)
    : key("error"), value(std::string(to_string(error.code)) + ": " + error.what) {}

Level level_from(std::string_view word) {
  for (const Level level : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError}) {
    if (name_of(level) == word) return level;
  }
  return Level::kInfo;
}

Format format_from(std::string_view word) {
  return word == "json" ? Format::kJson : Format::kKeyValue;
}

void configure(Level level, Format format) {
  g_format = format;
  sink().set_level(spdlog_level(level));
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (!sink().should_log(spdlog_level(level))) return;
  std::string line;
  if (g_format == Format::kJson) {
    nlohmann::ordered_json json = {
        {"ts", timestamp()}, {"level", name_of(level)}, {"msg", message}};
    for (const Field& field : fields) json[std::string(field.key)] = field.value;
    line = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  } else {
    line = fmt::format("ts={} level={} msg={}", timestamp(), name_of(level), quote_value(message));
    for (const Field& field : fields)
      line += fmt::format(" {}={}", field.key, quote_value(field.value));
  }
  sink().log(spdlog_level(level), "{}", line);
}

}  // namespace skerry::log

#include "cloudcore/standalone/server/http_text.h"

#include <cstdio>
#include <optional>

namespace skerry::standalone {
namespace {

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::string decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
      continue;
    }
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto high = hex_digit(text[i + 1]);
      const auto low = hex_digit(text[i + 2]);
      if (high && low) {
        out += static_cast<char>(*high * 16 + *low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 301:
      return "Moved Permanently";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Request Entity Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Entity";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 507:
      return "Insufficient Storage";
    default:
      return status < 400 ? "OK" : "Error";
  }
}

}  // namespace

void read_target(std::string_view target, ApiRequest& request) {
  const std::size_t mark = target.find('?');
  request.path = decoded(target.substr(0, mark), false);
  if (mark == std::string_view::npos) return;
  std::string_view query = target.substr(mark + 1);
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t sign = pair.find('=');
    const std::string_view value =
        sign == std::string_view::npos ? std::string_view() : pair.substr(sign + 1);
    request.query.emplace_back(decoded(pair.substr(0, sign), true), decoded(value, true));
  }
}

std::string media_type(std::string_view header) {
  std::string out(header.substr(0, header.find(';')));
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string bearer_token(std::string_view header) {
  constexpr std::string_view kScheme = "Bearer ";
  if (header.size() <= kScheme.size()) return {};
  for (std::size_t i = 0; i + 1 < kScheme.size(); ++i) {
    if ((header[i] | 0x20) != (kScheme[i] | 0x20)) return {};
  }
  return std::string(header.substr(kScheme.size()));
}

std::string response_head(const ApiResponse& response) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
  out.append(reason_phrase(response.status)).append("\r\nContent-Type: ");
  out.append(response.content_type).append("\r\n");
  for (const auto& [name, value] : response.headers) out += name + ": " + value + "\r\n";
  return out;
}

std::vector<std::shared_ptr<const std::string>> as_chunk(
    const std::vector<std::shared_ptr<const std::string>>& pieces) {
  std::size_t size = 0;
  for (const auto& piece : pieces) size += piece->size();
  char head[24];
  std::snprintf(head, sizeof head, "%zx\r\n", size);
  std::vector<std::shared_ptr<const std::string>> out;
  out.reserve(pieces.size() + 2);
  out.push_back(std::make_shared<const std::string>(head));
  out.insert(out.end(), pieces.begin(), pieces.end());
  static const auto end = std::make_shared<const std::string>("\r\n");
  out.push_back(end);
  return out;
}

}  // namespace skerry::standalone

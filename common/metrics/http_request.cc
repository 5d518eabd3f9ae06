#include "common/metrics/http_request.h"

#include <charconv>
#include <optional>

namespace skerry::metrics {
namespace {

constexpr char kHexDigits[] = "0123456789ABCDEF";

std::optional<int> hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::optional<std::string> decode_component(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const auto high = hex_value(text[i + 1]);
      const auto low = hex_value(text[i + 2]);
      if (!high || !low || (*high == 0 && *low == 0)) return std::nullopt;
      out += static_cast<char>(*high * 16 + *low);
      i += 2;
    }
  }
  return out;
}

Result<HttpRequest> parse_target(std::string_view target) {
  if (target.empty() || target.front() != '/') {
    return fail(Code::kMalformed, "the request's target is not a path");
  }
  target = target.substr(0, target.find('#'));
  const std::size_t question = target.find('?');
  HttpRequest request;
  const auto path = decode_component(target.substr(0, question), false);
  if (!path) return fail(Code::kMalformed, "a broken %-sequence in the request's path");
  request.path = *path;
  std::string_view rest =
      question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const auto name = decode_component(pair.substr(0, equals), true);
    const auto value = decode_component(
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!name || !value) return fail(Code::kMalformed, "a broken %-sequence in the query");
    request.query[*name] = *value;
  }
  return request;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
  }
  return "Status";
}

}  // namespace

Result<HttpRequest> parse_request_head(std::string_view head) {
  if (head.size() > kRequestHeadBytesMax) {
    return fail(Code::kTooLarge, "the request's head is over 8 KiB");
  }
  const std::size_t line_end = head.find("\r\n");
  if (line_end == std::string_view::npos) return fail(Code::kMalformed, "not an HTTP request");
  const std::string_view line = head.substr(0, line_end);
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) return fail(Code::kMalformed, "not an HTTP request");
  }
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last == first) {
    return fail(Code::kMalformed, "not an HTTP request");
  }
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return fail(Code::kMalformed, "not an HTTP/1.1 request");
  }
  if (line.substr(0, first) != "GET") {
    return fail(Code::kUnsupported, "only GET is answered here");
  }
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (target.find(' ') != std::string_view::npos) {
    return fail(Code::kMalformed, "not an HTTP request");
  }
  return parse_target(target);
}

std::string encode_request(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
}

std::string encode_reply(const HttpReply& reply) {
  std::string out = "HTTP/1.1 " + std::to_string(reply.status) + " ";
  out += reason_of(reply.status);
  out += "\r\nContent-Type: " + reply.content_type +
         "\r\nContent-Length: " + std::to_string(reply.body.size()) +
         "\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n";
  return out + reply.body;
}

Result<std::string> parse_reply(std::string_view reply) {
  const std::size_t head_end = reply.find("\r\n\r\n");
  int status = 0;
  if (head_end == std::string_view::npos || reply.substr(0, 9) != "HTTP/1.1 " ||
      std::from_chars(reply.data() + 9, reply.data() + head_end, status).ec != std::errc()) {
    return fail(Code::kMalformed, "the answer is cut short or not HTTP");
  }
  const std::string_view body = reply.substr(head_end + 4);
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  const std::size_t length_at = reply.substr(0, head_end).find(kLength);
  std::size_t length = 0;
  if (length_at == std::string_view::npos ||
      std::from_chars(reply.data() + length_at + kLength.size(), reply.data() + head_end, length)
              .ec != std::errc() ||
      length != body.size()) {
    return fail(Code::kMalformed, "the answer is cut short");
  }
  if (status == 200) return std::string(body);
  const std::string line(body.substr(0, body.find('\n')));
  switch (status) {
    case 400:
      return fail(Code::kMalformed, line);
    case 403:
      return fail(Code::kForbidden, line);
    case 404:
      return fail(Code::kNotFound, line);
    case 503:
      return fail(Code::kUnavailable, line);
    default:
      return fail(Code::kInternal, line);
  }
}

std::string encode_component(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHexDigits[byte >> 4];
    out += kHexDigits[byte & 15];
  }
  return out;
}

HttpReply error_reply(const Error& error) {
  const auto reply = [&error](int status) { return HttpReply{status, error.what + "\n"}; };
  switch (error.code) {
    case Code::kMalformed:
      return reply(400);
    case Code::kForbidden:
      return reply(403);
    case Code::kNotFound:
      return reply(404);
    case Code::kUnsupported:
      return reply(405);
    case Code::kTimeout:
      return reply(408);
    case Code::kTooLarge:
      return reply(431);
    case Code::kThrottled:
    case Code::kUnavailable:
      return reply(503);
    default:
      return reply(500);
  }
}

}  // namespace skerry::metrics

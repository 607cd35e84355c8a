// SPDX-License-Identifier: MIT
#include "base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/utf8.hpp"

namespace tether {

namespace {

constexpr std::string_view k_replacement = "\xef\xbf\xbd";  // U+FFFD

std::string_view name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

void append_escape(std::string& out, unsigned char byte) {
  switch (byte) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += fmt::format("\\u{:04x}", byte);
  }
}

/// The number of bytes at the front that stand for themselves between quotes.
std::size_t plain_prefix(std::string_view text) {
  const auto is_plain = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
  };
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_plain) - text.begin());
}

void append_value(std::string& out, const LogValue& value, void (*append_text)(std::string&, std::string_view)) {
  if (const auto* text = std::get_if<std::string_view>(&value)) return append_text(out, *text);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    out += std::to_string(*integer);
  } else if (const auto* number = std::get_if<double>(&value)) {
    out += std::isfinite(*number) ? fmt::format("{}", *number) : "null";
  } else {
    out += std::get<bool>(value) ? "true" : "false";
  }
}

/// For people: as it is, or quoted where it could be taken for something else or would break the line.
void append_readable(std::string& out, std::string_view text) {
  const bool is_word = !text.empty() && plain_prefix(text) == text.size() && text.find_first_of(" =") == text.npos;
  if (is_word) {
    out += text;
  } else {
    append_json_quoted(out, text);
  }
}

std::string json_line(Instant now, LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","message":)", rfc3339_ms(now), name(level));
  append_json_quoted(line, message);
  for (const auto& [key, value] : fields) {
    line += ',';
    append_json_quoted(line, key);
    line += ':';
    append_value(line, value, append_json_quoted);
  }
  return line + "}\n";
}

std::string text_line(Instant now, LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = fmt::format("{} {:<7} ", rfc3339_ms(now), name(level));
  // A message is a sentence of ours: quoted only if something in it could break the line.
  if (plain_prefix(message) == message.size()) {
    line += message;
  } else {
    append_json_quoted(line, message);
  }
  for (const auto& [key, value] : fields) {
    line += ' ';
    line += key;
    line += '=';
    append_value(line, value, append_readable);
  }
  return line + "\n";
}

}  // namespace

void Log::write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  const Instant now = clock_.now();
  sink_(format_ == LogFormat::json ? json_line(now, level, message, fields) : text_line(now, level, message, fields));
}

void append_json_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t plain = plain_prefix(text);
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const std::size_t length = utf8_character(text);
    const auto byte = static_cast<unsigned char>(text.front());
    if (length == 0) {
      out += k_replacement;
    } else if (length > 1) {
      out += text.substr(0, length);
    } else {
      append_escape(out, byte);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  out += '"';
}

std::string json_quoted(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  append_json_quoted(out, text);
  return out;
}

}  // namespace tether
